"""Heads above several columns, texts at the side that repeat, and parts of a table."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence

from ..tables.cells import Column, Row, Status, Table


def levels(columns: Sequence[Column]) -> int:
    """Return how many heads stand above each column."""
    return len(columns[0].groups) if columns else 0


def spans(columns: Sequence[Column], level: int) -> list[tuple[str, int]]:
    """Return the heads of a level, the outermost being 0, each with how many columns it covers."""
    grouped = itertools.groupby(columns, key=lambda column: column.groups[: level + 1])
    return [(place[-1], len(list(below))) for place, below in grouped]


def sides_shown(before: Sequence[str], side: Sequence[str]) -> list[str]:
    """Return the texts at the side of a row, empty where the row before has the same one."""
    shown, repeated = [], True
    for position, text in enumerate(side):
        repeated = repeated and list(before[: position + 1]) == list(side[: position + 1])
        shown.append("" if repeated else text)
    return shown


def with_columns(table: Table, columns: Sequence[Column]) -> Table:
    """Return the part of a table that has these columns, without rows that have nothing in them.

    Rows that have nothing in the whole table stay beside its first columns.
    """
    first = tuple(columns[:1]) == table.columns[:1]
    blocks = []
    for block in table.blocks:
        rows = tuple(
            row
            for row in block.rows
            if _has_some(row, columns) or (first and not _has_some(row, table.columns))
        )
        if rows:
            blocks.append(dataclasses.replace(block, rows=rows))
    return dataclasses.replace(table, columns=tuple(columns), blocks=tuple(blocks))


def _has_some(row: Row, columns: Sequence[Column]) -> bool:
    return any(row.cells[column.name].status is not Status.ABSENT for column in columns)
