"""How the functions of the API take their arguments."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

from ..progress import SILENT, ConsoleProgress, Progress

PathLike: TypeAlias = str | Path
Some: TypeAlias = str | Path | Iterable[str | Path]
"""One value, or several."""


def shown_by(wanted: bool | Progress) -> Progress:
    """Return what to report to: nothing, standard error, or what the caller brings."""
    if not isinstance(wanted, bool):
        return wanted
    if not wanted:
        return SILENT
    from rich.console import Console

    return ConsoleProgress(Console(stderr=True))


def words(values: Some) -> tuple[str, ...]:
    """Return one value, or several without repeats, as text."""
    given = (values,) if isinstance(values, str | Path) else values
    return tuple(dict.fromkeys(map(str, given)))


def metric_names(names: Some | None) -> tuple[str, ...] | None:
    """Return the names of metrics that are given by name or title; None for all that apply."""
    from ..metrics.naming import metrics_named

    return None if names is None else metrics_named(words(names))


def path_or_none(path: PathLike | None) -> Path | None:
    """Return a path that may be left out."""
    return None if path is None else Path(path)


def paths_or_none(paths: tuple[PathLike, PathLike] | None) -> tuple[Path, Path] | None:
    """Return the paths of prediction and target, which may be left out."""
    return paths and (Path(paths[0]), Path(paths[1]))
