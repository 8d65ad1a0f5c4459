"""Reading the results that a report is about."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tgbench.errors import TgbenchError
from tgbench.running.result import (
    FRAMES_FILE,
    LOG_FILE,
    RESULT_FILE,
    Result,
    read_result,
    result_paths,
)
from tgbench.running.settings import with_current_names
from tgbench.statistics import Series

_log = logging.getLogger("tgbench")


def readable_results(folders: Iterable[Path]) -> tuple[list[tuple[Path, Result]], list[str]]:
    """Return the results at or below folders, each with its own, and what cannot be read.

    What cannot be read is warned of, too.

    Raises:
        TgbenchError: a folder is not there or holds none, or none that can be read.
    """
    found: dict[Path, Result] = {}
    unread: list[str] = []
    for folder in folders:
        results, problems = read_folder(folder)
        if not results:
            if problems:
                raise TgbenchError("; ".join(problems[:3]) + ("; ..." if len(problems) > 3 else ""))
            raise TgbenchError(f"{folder}: holds no results; make some with `tgbench run`")
        for problem in problems:
            _log.warning("left out: %s", problem)
        found |= results
        unread += problems
    return list(found.items()), unread


def read_folder(folder: Path) -> tuple[dict[Path, Result], list[str]]:
    """Return the results at or below a folder, by where they lie, and what cannot be read.

    Raises:
        TgbenchError: there is no such folder.
    """
    if not folder.is_dir():
        raise TgbenchError(f"{folder}: no such folder; make results with `tgbench run --out`")
    results, problems = {}, []
    for path in result_paths(folder):
        try:
            results[path.resolve().parent] = _read(path)
        except TgbenchError as error:
            problems.append(str(error))
    return results, problems


def left_out(folders: Iterable[Path], unread: Iterable[str]) -> list[str]:
    """Return in words what a page of all results at or below folders does not show.

    Args:
        folders: as they were given.
        unread: results in them that cannot be read; folders of runs that never finished follow.
    """
    stopped = (told for folder in folders for told in unfinished(folder))
    # Folders may be given with those above them.
    return list(dict.fromkeys((*unread, *stopped)))


def unfinished(folder: Path) -> Iterator[str]:
    """Yield in words which runs at or below a folder have left no result."""
    for log in result_paths(folder, LOG_FILE):
        if not (log.parent / RESULT_FILE).exists():
            told = f"holds no {RESULT_FILE}; its run was stopped, or is still going on"
            yield f"{log.parent}: {told}"


def _read(path: Path) -> Result:
    """Return a result that can be written again, in any form of report."""
    result = read_result(path)
    try:
        json.dumps(result.model_dump(mode="json"), ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as error:
        raise TgbenchError(
            f"{path}: cannot be shown ({error}); it was not written by `tgbench run`, or changed"
        ) from error
    return with_current_names(result)


class FrameValues:
    """Values of single frames, read from beside the results when asked for."""

    def __init__(self, results: Sequence[tuple[Path, Result]]) -> None:
        self._places = {_key(result): (folder, result) for folder, result in results}
        self._tables: dict[tuple[str, ...], dict[str, Series]] = {}

    def __call__(self, result: Result, metric: str) -> Series | None:
        """Return values [T], NaN where not scored; None where there are none."""
        key = _key(result)
        if key not in self._tables:
            self._tables[key] = _read_frames(*self._places[key])
        return self._tables[key].get(metric)


def _key(result: Result) -> tuple[str, ...]:
    """Tell results apart, those of one case by other code included."""
    return result.case_key, result.method.code_sha256, result.created


def _read_frames(folder: Path, result: Result) -> dict[str, Series]:
    from tgbench.running.frame_table import contradiction, read_table

    try:
        table = read_table(folder / FRAMES_FILE)
    except TgbenchError as error:
        _log.warning("%s; no intervals for this result", error)
        return {}
    if wrong := contradiction(table, result):
        _log.warning("%s: %s; no intervals for this result", folder / FRAMES_FILE, wrong)
        return {}
    return {
        str(name): column.to_numpy("float64", na_value=float("nan"))
        for name, column in table.items()
    }
