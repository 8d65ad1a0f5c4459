"""Tables to draw."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from tgbench.reports.tables.cells import Block, Cell, Column, Row, Status, Table
from tgbench.specs import Direction

NASTY = ("50% & $x^2$ {a}_b #1 ~^\\", "<b>語音</b>", "Ünïcödé Αβγ Жу", "two\nlines\ttab")


def column(name: str = "psnr", **kwargs: Any) -> Column:
    given = {"title": name.upper(), "unit": "", "direction": Direction.HIGHER, "decimals": 2}
    return Column(name, **{**given, **kwargs})


def cell(
    value: float | None, key: str = "k", frames: Sequence[float] = (), reason: str = ""
) -> Cell:
    clips = (np.array(frames, float),) if len(frames) else ()
    status = Status.UNAVAILABLE if value is None else Status.MEASURED
    return Cell(value, status, reason=reason, comparable=(key,), metric="m", clips=clips)


def table(values: dict[str, dict[str, Cell]], *more: Block) -> Table:
    """A table of one case, or of the blocks that are given as well."""
    rows = tuple(Row(label, cells) for label, cells in values.items())
    names = list(next(iter(values.values())))
    return Table("p", "p", tuple(column(name) for name in names), (Block("", rows), *more), ())


def notes(figure: Figure) -> str:
    return " ".join(
        text.get_text().replace("\n", " ") for text in figure.texts if text.get_gid() == "notes"
    )


@pytest.fixture
def shown(tmp_path: Path):
    """Draws a figure, so that its layout and letters are what a reader sees; warnings fail."""
    import warnings

    from tgbench.reports.plots.style import save

    def draw(figure: Figure, suffix: str = ".pdf") -> bytes:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return save(figure, tmp_path / f"figure{suffix}").read_bytes()

    return draw
