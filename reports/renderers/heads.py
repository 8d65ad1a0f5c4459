"""Heads above several columns, and texts at the side that repeat."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from ..tables.cells import Column


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
