"""Ranks within a column, only among values that compare."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Sequence

from tgbench.specs import Direction

from .cells import Cell, Column, Row


def ranked(rows: Sequence[Row], columns: Sequence[Column]) -> tuple[Row, ...]:
    """Return the rows with the rank of every cell.

    Cells compete where their `comparable` agrees and there are at least two of them. Values that
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
    rivals: dict[tuple[object, ...], list[tuple[int, float]]] = defaultdict(list)
    for index, cell in enumerate(cells):
        if cell.value is not None:
            sign = -1.0 if column.direction is Direction.HIGHER else 1.0
            rivals[cell.comparable].append((index, sign * round(cell.value, column.decimals)))
    for group in rivals.values():
        if len(group) > 1:
            for index, value in group:
                ranks[index] = 1 + sum(other < value for _, other in group)
    return ranks
