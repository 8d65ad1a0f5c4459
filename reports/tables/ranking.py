"""Ranks within a column, only among values that compare."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from tgbench.specs import Direction
from tgbench.statistics import paired_difference

from .cells import Cell, Column, Row

LEAST_COVERAGE = 0.95
"""Share of frames scored, of that of the best covered rival, below which none is ranked."""


Contest = Callable[[Row, Column], Hashable]


@dataclass(frozen=True)
class _Rival:
    """A cell by its row and column; lower values are better."""

    row: int
    column: str
    cell: Cell
    value: float
    shown: float

    @property
    def coverage(self) -> float:
        """Share of its frames that were scored."""
        return self.cell.scored / self.cell.total if self.cell.total else 1.0


def column_by_column(row: Row, column: Column) -> Hashable:
    """Let all rows of a column compete."""
    return column.name


def ranked(
    rows: Sequence[Row],
    columns: Sequence[Column],
    contest: Contest = column_by_column,
    significance: bool = False,
) -> tuple[Row, ...]:
    """Return the rows with the rank of every cell.

    Cells compete where their `comparable` agrees and there are at least two of them. One that
    was scored on clearly fewer frames than its rivals does not: what it could not score, such as
    frames without a face, are its worst. Values that print alike share a rank, and the next one is
    skipped: a digit that nobody sees decides nothing. Where all print alike, none has a rank.

    Args:
        rows: of one block.
        columns: with what is better.
        contest: equal for cells that compete.
        significance: whether to tell which cells differ from the best of their rivals.
    """
    found: list[dict[str, Cell]] = [dict(row.cells) for row in rows]
    for group in _groups(rows, columns, contest):
        best = min(group, key=lambda rival: rival.value)
        for rival in group:
            rank = 1 + sum(other.shown < rival.shown for other in group)
            differs = _differs(best.cell, rival.cell) if significance and rank > 1 else None
            cell = dataclasses.replace(rival.cell, rank=rank, differs=differs)
            found[rival.row][rival.column] = cell
    return tuple(
        dataclasses.replace(row, cells=cells) for row, cells in zip(rows, found, strict=True)
    )


def _groups(rows: Sequence[Row], columns: Sequence[Column], contest: Contest) -> list[list[_Rival]]:
    """Return who competes with whom; a cell without unlike rivals is in no group."""
    rivals: dict[Hashable, list[_Rival]] = defaultdict(list)
    for column in columns:
        if column.direction is Direction.NONE:
            continue
        sign = -1.0 if column.direction is Direction.HIGHER else 1.0
        for index, row in enumerate(rows):
            cell = row.cells[column.name]
            if cell.value is not None:
                shown = sign * round(cell.value, column.decimals)
                rival = _Rival(index, column.name, cell, sign * cell.value, shown)
                rivals[contest(row, column), *cell.comparable].append(rival)
    alike = map(_alike_covered, rivals.values())
    return [group for group in alike if len({rival.shown for rival in group}) > 1]


def _alike_covered(group: Sequence[_Rival]) -> list[_Rival]:
    most = max(rival.coverage for rival in group)
    return [rival for rival in group if rival.coverage >= LEAST_COVERAGE * most]


def _differs(best: Cell, cell: Cell) -> bool | None:
    """Return whether two means over the same frames differ; None where that cannot be told."""
    if not cell.clips or list(map(len, best.clips)) != list(map(len, cell.clips)):
        return None
    difference = paired_difference(list(zip(best.clips, cell.clips, strict=True)))
    return None if difference is None else difference.beyond()
