"""Means over all cases of a protocol, and over the seeds of one."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from .cells import DASH, Block, Cell, Column, Row, Status
from .ranking import ranked


def average_block(blocks: Sequence[Block], columns: Sequence[Column]) -> Block:
    """Return a block with the mean of every method over all blocks, each block counting alike.

    A mean over other cases than another method's would not compare, so a method that lacks a
    value in one block has none here; neither has one whose values were measured in unlike ways.
    """
    labels = list(dict.fromkeys(row.label for block in blocks for row in block.rows))
    rows = []
    for label in labels:
        found = [row for block in blocks for row in block.rows if row.label == label]
        cells = {
            column.name: _over_cases([row.cells[column.name] for row in found], len(blocks), column)
            for column in columns
        }
        rows.append(Row(label, cells, found[0].caveats))
    return Block(f"mean of {len(blocks)} cases", ranked(rows, columns))


def cell_over_seeds(cells: Sequence[Cell], column: Column) -> Cell:
    """Return mean and sample standard deviation over the seeds of one method and case."""
    if len(cells) == 1:
        return cells[0]
    values = [cell.value for cell in cells if cell.value is not None]
    if not values:
        return cells[0]
    if len(values) < len(cells):
        return _unknown(f"measured with {len(values)} of {len(cells)} seeds")
    if len({cell.comparable for cell in cells}) > 1:
        return _unknown("not measured in the same way with every seed")
    mean, spread = statistics.fmean(values), statistics.stdev(values)
    text = f"{printed(mean, column.decimals)} ± {printed(spread, column.decimals)}"
    return _measured(mean, text, cells)


def printed(value: float, decimals: int) -> str:
    """Return a number with its decimals."""
    # Adding zero turns the -0.0 of a rounded small negative number into 0.0.
    return f"{round(value, decimals) + 0.0:.{decimals}f}"


def _over_cases(cells: Sequence[Cell], cases: int, column: Column) -> Cell:
    if all(cell.status is Status.NOT_APPLICABLE for cell in cells):
        return Cell(None, DASH, Status.NOT_APPLICABLE)
    values = [cell.value for cell in cells if cell.value is not None]
    if len(values) < cases:
        return _unknown(f"measured in {len(values)} of {cases} cases")
    if len({cell.comparable for cell in cells}) > 1:
        return _unknown("not measured in the same way in every case")
    mean = statistics.fmean(values)
    return _measured(mean, printed(mean, column.decimals), cells)


def _unknown(reason: str) -> Cell:
    return Cell(None, DASH, Status.UNAVAILABLE, reason)


def _measured(value: float, text: str, cells: Sequence[Cell]) -> Cell:
    return Cell(
        value,
        text,
        Status.MEASURED,
        scored=sum(cell.scored for cell in cells),
        total=sum(cell.total for cell in cells),
        measured_by=cells[0].measured_by,
        comparable=cells[0].comparable,
    )
