"""Means over the cases that a cell stands for, and over the seeds of one."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Sequence

from tgbench.plugins import bounds_of
from tgbench.statistics import Series, mean_interval

from .cells import Cell, Column, Fits, Status


def cell_over_seeds(cells: Sequence[Cell], column: Column) -> Cell:
    """Return mean and sample standard deviation over the seeds of one method and case."""
    if len(cells) == 1:
        return cells[0]
    values = [cell.value for cell in cells if cell.value is not None]
    if not values:
        return cells[0]
    if len(values) < len(cells):
        return _unknown(f"measured with {len(values)} of {len(cells)} seeds", column)
    if len({cell.comparable for cell in cells}) > 1:
        return _unknown("not measured in the same way with every seed", column)
    fits = tuple(fit for cell in cells for fit in cell.fits)
    found = _measured(statistics.fmean(values), cells, _mean_of_frames(cells), fits)
    return dataclasses.replace(found, spread=statistics.stdev(values))


def cell_over_cases(cells: Sequence[Cell], cases: int, column: Column, intervals: bool) -> Cell:
    """Return the mean over cases, each counting alike.

    A mean over other cases than another method's would not compare, so there is none where a case
    is missing; neither is there one of values that were measured in different ways.

    Args:
        cells: of the cases that are there.
        cases: how many there should be.
        column: the metric.
        intervals: whether to find the interval of the mean.
    """
    if len(cells) == cases == 1:
        return cells[0]
    if cells and all(cell.status is Status.NOT_APPLICABLE for cell in cells):
        return _without_value(Status.NOT_APPLICABLE, cells[0].reason, column)
    values = [cell.value for cell in cells if cell.value is not None]
    no_mean = column.direction.why_no_mean(bounds_of(column.name)[0])
    if values and no_mean:
        return _unknown(f"{no_mean} over cases", column)
    if len(values) < cases:
        return _unknown(f"measured in {len(values)} of {cases} cases", column)
    if len({cell.comparable for cell in cells}) > 1:
        return _unknown("not measured in the same way in every case", column)
    mean = statistics.fmean(values)
    known = all(cell.clips for cell in cells)
    clips = tuple(clip for cell in cells for clip in cell.clips) if known else ()
    found = _measured(mean, cells, clips, _means_by_seed(cells))
    if not intervals or not clips:
        return found
    return dataclasses.replace(found, interval=mean_interval(clips, bounds=bounds_of(column.name)))


def _unknown(reason: str, column: Column) -> Cell:
    return _without_value(Status.UNAVAILABLE, reason, column)


def _without_value(status: Status, reason: str, column: Column) -> Cell:
    return Cell(None, status, reason=reason, metric=column.name)


def _mean_of_frames(cells: Sequence[Cell]) -> tuple[Series, ...]:
    """Return the mean over seeds of the values of single frames, none where some lack them."""
    known = [cell.clips[0] for cell in cells if cell.clips]
    if len(known) < len(cells) or len({len(frames) for frames in known}) > 1:
        return ()
    mean: Series = sum(known[1:], start=known[0]) / len(known)
    return (mean,)


def _means_by_seed(cells: Sequence[Cell]) -> Fits:
    """Return the mean over cases for each seed, none where cases have different seeds."""
    if len({tuple(seed for seed, _ in cell.fits) for cell in cells}) > 1:
        return ()
    by_seed = zip(*(cell.fits for cell in cells), strict=True)
    return tuple((fits[0][0], statistics.fmean(value for _, value in fits)) for fits in by_seed)


def _measured(value: float, cells: Sequence[Cell], clips: tuple[Series, ...], fits: Fits) -> Cell:
    return Cell(
        value,
        Status.MEASURED,
        scored=sum(cell.scored for cell in cells),
        total=sum(cell.total for cell in cells),
        measured_by=cells[0].measured_by,
        comparable=cells[0].comparable,
        metric=cells[0].metric,
        clips=clips,
        fits=fits,
        unheard=all(cell.unheard for cell in cells),
        by_chance=(
            sum(cell.by_chance[0] for cell in cells),
            sum(cell.by_chance[1] for cell in cells),
        ),
    )
