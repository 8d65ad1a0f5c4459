"""Heads of columns, those that stand above several, and those at the side of rows."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from rich.cells import cell_len

from ..tables.cells import Column
from .wrapping import wrapped


def levels(columns: Sequence[Column]) -> int:
    """Return how many heads stand above each column."""
    return len(columns[0].groups) if columns else 0


def spans(columns: Sequence[Column], level: int) -> list[tuple[str, int]]:
    """Return the heads of a level, the outermost being 0, each with how many columns it covers."""
    grouped = itertools.groupby(columns, key=lambda column: column.groups[: level + 1])
    return [(place[-1], len(list(below))) for place, below in grouped]


def head_lines(column: Column, width: int) -> list[str]:
    """Return the lines of a column's own head, its words, arrow and unit."""
    lines = wrapped(f"{column.title} {column.arrow}".rstrip(), width)
    if not column.unit:
        return lines
    unit = f"[{column.unit}]"
    together = f"{lines[-1]} {unit}"
    if lines[-1] == column.arrow and cell_len(together) <= width:
        return [*lines[:-1], together]
    return [*lines, *wrapped(unit, width)]


def sides_shown(before: Sequence[str], side: Sequence[str]) -> list[str]:
    """Return what stands at the side of a row; what is as in the row before is not told again."""
    shown, repeated = [], True
    for position, text in enumerate(side):
        repeated = repeated and list(before[: position + 1]) == list(side[: position + 1])
        shown.append("" if repeated else text)
    return shown
