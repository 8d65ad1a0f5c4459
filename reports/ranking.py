"""Ranks within a column, only among values that compare."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from tgbench.specs import Direction
from tgbench.statistics import paired_difference

from .cells import Cell, Column, Row

LEAST_COVERAGE = 0.95
"""Share of frames scored, of that of the best covered rival, below which none is ranked."""


@dataclass(frozen=True)
class _Rival:
    """A cell by its place in the column; lower values are better."""

    index: int
    value: float
    shown: float
    coverage: float


def ranked(
    rows: Sequence[Row],
    columns: Sequence[Column],
    contests: Sequence[Hashable] | None = None,
    significance: bool = False,
) -> tuple[Row, ...]:
    """Return the rows with the rank of every cell.

    Cells compete where their `comparable` agrees and there are at least two of them. One that
    was scored on clearly fewer frames than its rivals does not: what it could not score, such as
    frames without a face, are its worst. Values that
    print alike share a rank, and the next one is skipped: a digit that nobody sees decides nothing.

    Args:
        rows: of one block.
        columns: to rank, each by itself.
        contests: of each row; only rows of the same contest compete. None: all of them do.
        significance: whether to tell which cells differ from the best of their rivals.
    """
    together = list(contests) if contests is not None else [()] * len(rows)
    cells = [dict(row.cells) for row in rows]
    for column in columns:
        name = column.name
        for group in _groups([row[name] for row in cells], column, together):
            for rival in group:
                rank = 1 + sum(other.shown < rival.shown for other in group)
                cells[rival.index][name] = dataclasses.replace(cells[rival.index][name], rank=rank)
            if significance:
                best = cells[min(group, key=lambda rival: rival.value).index][name]
                for rival in group:
                    cell = cells[rival.index][name]
                    if cell.rank != 1:
                        differs = _differs(best, cell)
                        cells[rival.index][name] = dataclasses.replace(cell, differs=differs)
    return tuple(
        dataclasses.replace(row, cells=found) for row, found in zip(rows, cells, strict=True)
    )


def _groups(
    cells: Sequence[Cell], column: Column, contests: Sequence[Hashable]
) -> list[list[_Rival]]:
    """Return who competes with whom in a column; a cell without rivals is in no group."""
    if column.direction is Direction.NONE:
        return []
    sign = -1.0 if column.direction is Direction.HIGHER else 1.0
    rivals: dict[Hashable, list[_Rival]] = defaultdict(list)
    for index, (cell, contest) in enumerate(zip(cells, contests, strict=True)):
        if cell.value is not None:
            shown = sign * round(cell.value, column.decimals)
            rival = _Rival(index, sign * cell.value, shown, _coverage(cell))
            rivals[contest, *cell.comparable].append(rival)
    alike = map(_alike_covered, rivals.values())
    return [group for group in alike if len(group) > 1]


def _alike_covered(group: Sequence[_Rival]) -> list[_Rival]:
    most = max(rival.coverage for rival in group)
    return [rival for rival in group if rival.coverage >= LEAST_COVERAGE * most]


def _coverage(cell: Cell) -> float:
    return cell.scored / cell.total if cell.total else 1.0


def _differs(best: Cell, cell: Cell) -> bool | None:
    """Return whether two means over the same frames differ; None where that cannot be told."""
    if not cell.clips or list(map(len, best.clips)) != list(map(len, cell.clips)):
        return None
    difference = paired_difference(list(zip(best.clips, cell.clips, strict=True)))
    return None if difference is None else difference.beyond()
