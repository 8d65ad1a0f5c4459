"""What may share an axis: comparable values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from tgbench.plugins import bounds_of
from tgbench.statistics import Interval, mean_interval

from ..tables.cells import Block, Cell, Column, Table
from ..tables.footnotes import first_clause
from ..tables.labels import distinguishing
from ..tables.ranking import LEAST_COVERAGE

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

_LARGEST = 1e12
"""Of values that are drawn: what is beyond is no measurement."""


@dataclass(frozen=True)
class Point:
    """A number to draw.

    Attributes:
        label: of its row.
        value: finite.
        interval: where the mean may lie, if known.
    """

    label: str
    value: float
    interval: Interval | None = None


@dataclass(frozen=True)
class Panel:
    """A metric's values that compare.

    Attributes:
        column: the metric.
        key: what they share.
        points: in the order of the rows.
        letter: distinguishes panels of one metric; empty where there is only one.
    """

    column: Column
    key: tuple[object, ...]
    points: tuple[Point, ...]
    letter: str = ""

    @property
    def title(self) -> str:
        """The metric with its unit and arrow."""
        return column_title(self.column) + (f" ({self.letter})" if self.letter else "")


def column_title(column: Column) -> str:
    """Return a metric's name with its unit and which way is better."""
    unit = f" [{column.unit}]" if column.unit else ""
    return f"{column.title}{unit} {column.arrow}".rstrip()


def cases(table: Table) -> list[Block]:
    """Return the blocks of single cases: no means, nothing published."""
    return [block for block in table.blocks if not block.published and not block.mean]


def summary(table: Table) -> Block | None:
    """Return the block that stands for all of a table: the mean, or the only case there is."""
    own = [block for block in table.blocks if not block.published]
    means = [block for block in own if block.mean]
    if means:
        return means[0]
    return own[0] if len(own) == 1 else None


def panels_of(
    block: Block, columns: Sequence[Column], *, intervals: bool = True
) -> tuple[list[Panel], list[str]]:
    """Return a panel for each metric and way of measuring, and notes on what is not drawn."""
    found: list[Panel] = []
    notes: list[str] = []
    for column in columns:
        groups: dict[tuple[object, ...], list[Point]] = defaultdict(list)
        for row in block.rows:
            cell = row.cells[column.name]
            if drawable(cell):
                groups[cell.comparable].append(_point(row.label, cell, intervals))
                if cell.scored < LEAST_COVERAGE * cell.total:
                    few = f"scored on {cell.scored} of {cell.total} frames"
                    notes.append(f"{column.title} of {row.label}: {few}")
            else:
                notes.append(f"{column.title} of {row.label}: {why_not(cell)}")
        differences = distinguishing(list(groups))
        for index, (key, points) in enumerate(groups.items()):
            letter = letter_of(index) if len(groups) > 1 else ""
            found.append(Panel(column, key, tuple(points), letter))
            if letter:
                notes.append(f"{column.title} ({letter}): {differences[index]}")
    return found, _merged(notes)


def drawable(cell: Cell) -> bool:
    """Whether there is a number that an axis has room for."""
    return cell.value is not None and abs(cell.value) <= _LARGEST


def why_not(cell: Cell) -> str:
    """Return why a cell is not drawn, in words."""
    if cell.value is not None:
        return f"is {cell.value}"
    return first_clause(cell.reason) or cell.status.value


def letter_of(index: int) -> str:
    """Return the letter of the n-th panel of a metric."""
    return _LETTERS[index % len(_LETTERS)]


def _point(label: str, cell: Cell, intervals: bool) -> Point:
    assert cell.value is not None
    interval = cell.interval
    if interval is None and cell.clips:
        interval = mean_interval(cell.clips, bounds=bounds_of(cell.metric))
    return Point(label, cell.value, interval if intervals else None)


def _merged(notes: Sequence[str]) -> list[str]:
    """Say each reason once: "PSNR, SSIM of A: reason"."""
    by_reason: dict[str, list[str]] = defaultdict(list)
    for note in notes:
        what, _, reason = note.partition(": ")
        by_reason[reason].append(what)
    return [f"{', '.join(what)}: {reason}" for reason, what in by_reason.items()]
