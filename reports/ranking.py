"""Ranks within a column, only among values that compare."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from tgbench.specs import Direction

from .cells import Cell, Column, Row

LEAST_COVERAGE = 0.95
"""Share of frames scored, of that of the best covered rival, below which none is ranked."""


@dataclass(frozen=True)
class _Rival:
    """A cell by its place in the column; lower values are better."""

    index: int
    value: float
    coverage: float


def ranked(rows: Sequence[Row], columns: Sequence[Column]) -> tuple[Row, ...]:
    """Return the rows with the rank of every cell.

    Cells compete where their `comparable` agrees and there are at least two of them. One that
    was scored on clearly fewer frames than its rivals does not: what it could not score, such as
    frames without a face, are its worst. Values that
    print alike share a rank, and the next one is skipped: a digit that nobody sees decides nothing.
    """
    ranks = {
        column.name: _ranks([row.cells[column.name] for row in rows], column) for column in columns
    }
    return tuple(
        dataclasses.replace(
            row,
            cells={
                name: dataclasses.replace(cell, rank=ranks[name][index])
                for name, cell in row.cells.items()
            },
        )
        for index, row in enumerate(rows)
    )


def _ranks(cells: Sequence[Cell], column: Column) -> list[int | None]:
    ranks: list[int | None] = [None] * len(cells)
    if column.direction is Direction.NONE:
        return ranks
    rivals: dict[tuple[object, ...], list[_Rival]] = defaultdict(list)
    for index, cell in enumerate(cells):
        if cell.value is not None:
            sign = -1.0 if column.direction is Direction.HIGHER else 1.0
            rival = _Rival(index, sign * round(cell.value, column.decimals), _coverage(cell))
            rivals[cell.comparable].append(rival)
    for group in map(_alike_covered, rivals.values()):
        if len(group) > 1:
            for rival in group:
                ranks[rival.index] = 1 + sum(other.value < rival.value for other in group)
    return ranks


def _alike_covered(group: Sequence[_Rival]) -> list[_Rival]:
    most = max(rival.coverage for rival in group)
    return [rival for rival in group if rival.coverage >= LEAST_COVERAGE * most]


def _coverage(cell: Cell) -> float:
    return cell.scored / cell.total if cell.total else 1.0
