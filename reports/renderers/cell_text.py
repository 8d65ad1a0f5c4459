"""The text of a cell: the one place where numbers become words."""

from __future__ import annotations

from ..tables.cells import DASH, Cell, Column


def number_text(cell: Cell, column: Column) -> str:
    """Return the number with the digits of its column; with its spread over seeds, if any.

    Published numbers keep the digits that their paper prints.
    """
    if cell.value is None:
        return DASH
    decimals = column.decimals if cell.decimals is None else cell.decimals
    text = _rounded(cell.value, decimals)
    return text if cell.spread is None else f"{text} ± {_rounded(cell.spread, decimals)}"


def interval_text(cell: Cell, column: Column) -> str:
    """Return the interval in brackets; empty where there is none."""
    if cell.interval is None:
        return ""
    low, high = (_rounded(end, column.decimals) for end in (cell.interval.low, cell.interval.high))
    return f"[{low}, {high}]"


def _rounded(value: float, decimals: int) -> str:
    # Adding zero turns the -0.0 of a rounded small negative number into 0.0.
    return f"{round(value, decimals) + 0.0:.{decimals}f}"
