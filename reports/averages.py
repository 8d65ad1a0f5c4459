"""Means over all cases of a protocol, and over the seeds of one."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from tgbench.statistics import Series, mean_interval

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
    return _measured(mean, text, cells, _mean_of_frames(cells))


def printed(value: float, decimals: int) -> str:
    """Return a number with its decimals."""
    # Adding zero turns the -0.0 of a rounded small negative number into 0.0.
    return f"{round(value, decimals) + 0.0:.{decimals}f}"


def with_interval(value: float, clips: Sequence[Series | None], decimals: int) -> str:
    """Return a mean over clips, with where it may lie if their single frames are known."""
    text = printed(value, decimals)
    known = [clip for clip in clips if clip is not None]
    interval = mean_interval(known) if len(known) == len(clips) else None
    if interval is None:
        return text
    return f"{text} [{printed(interval.low, decimals)}, {printed(interval.high, decimals)}]"


def _over_cases(cells: Sequence[Cell], cases: int, column: Column) -> Cell:
    if all(cell.status is Status.NOT_APPLICABLE for cell in cells):
        return Cell(None, DASH, Status.NOT_APPLICABLE)
    values = [cell.value for cell in cells if cell.value is not None]
    if len(values) < cases:
        return _unknown(f"measured in {len(values)} of {cases} cases")
    if len({cell.comparable for cell in cells}) > 1:
        return _unknown("not measured in the same way in every case")
    mean = statistics.fmean(values)
    text = with_interval(mean, [cell.frames for cell in cells], column.decimals)
    return _measured(mean, text, cells)


def _unknown(reason: str) -> Cell:
    return Cell(None, DASH, Status.UNAVAILABLE, reason)


def _mean_of_frames(cells: Sequence[Cell]) -> Series | None:
    """Return the mean over seeds of the values of single frames, None where some lack them."""
    known = [cell.frames for cell in cells if cell.frames is not None]
    if len(known) < len(cells) or len({len(frames) for frames in known}) > 1:
        return None
    mean: Series = sum(known[1:], start=known[0]) / len(known)
    return mean


def _measured(value: float, text: str, cells: Sequence[Cell], frames: Series | None = None) -> Cell:
    return Cell(
        value,
        text,
        Status.MEASURED,
        scored=sum(cell.scored for cell in cells),
        total=sum(cell.total for cell in cells),
        measured_by=cells[0].measured_by,
        comparable=cells[0].comparable,
        frames=frames,
    )
