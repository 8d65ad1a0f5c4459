"""The mean over all cases of a protocol."""

from __future__ import annotations

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
            column.name: _mean([row.cells[column.name] for row in found], len(blocks), column)
            for column in columns
        }
        rows.append(Row(label, cells, found[0].caveats))
    return Block(f"mean of {len(blocks)} cases", ranked(rows, columns))


def _mean(cells: Sequence[Cell], cases: int, column: Column) -> Cell:
    if all(cell.status is Status.NOT_APPLICABLE for cell in cells):
        return Cell(None, DASH, Status.NOT_APPLICABLE)
    values = [cell.value for cell in cells if cell.value is not None]
    if len(values) < cases:
        reason = f"measured in {len(values)} of {cases} cases"
        return Cell(None, DASH, Status.UNAVAILABLE, reason)
    if len({cell.comparable for cell in cells}) > 1:
        return Cell(None, DASH, Status.UNAVAILABLE, "not measured in the same way in every case")
    value = sum(values) / len(values)
    return Cell(
        value,
        f"{round(value, column.decimals) + 0.0:.{column.decimals}f}",
        Status.MEASURED,
        scored=sum(cell.scored for cell in cells),
        total=sum(cell.total for cell in cells),
        measured_by=cells[0].measured_by,
        comparable=cells[0].comparable,
    )
