"""From one result and metric to a cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tgbench import plugins
from tgbench.comparability import (
    case_facts,
    is_unheard,
    ranking_key,
    value_facts,
    why_not_applicable,
)
from tgbench.results import MeasuredCase
from tgbench.running.result import MetricRecord, Result
from tgbench.specs import Direction, MetricSpec
from tgbench.statistics import Interval

from .cells import Cell, Column, Status


def metric_column(metric: str, results: Sequence[Result]) -> Column:
    """Describe a metric; of one whose plug-in is not installed here, the results tell."""
    spec = plugins.metrics().get(metric)
    if spec is None:
        record = next(r.metrics[metric] for r in results if metric in r.metrics)
        spec = MetricSpec(
            metric, "", "", title=metric, unit=record.unit, direction=Direction(record.direction)
        )
    return Column(metric, spec.title or metric, spec.unit, spec.direction, spec.decimals)


def measured_cell(
    case: MeasuredCase, column: Column, frames: bool = False, intervals: bool = False
) -> Cell:
    """Return the cell of a metric, a dash where the method cannot have it.

    Args:
        case: of one seed.
        column: the metric.
        frames: whether the cell comes with the values of single frames.
        intervals: whether it comes with the stored interval.
    """
    metric = column.name
    result = case.origin(metric).own_result
    record = result.metrics.get(metric)
    if never := why_not_applicable(result, metric):
        return Cell(None, Status.NOT_APPLICABLE, reason=never, metric=metric)
    if record is None:
        return Cell(None, Status.ABSENT, metric=metric)
    if record.value is None:
        return Cell(
            None,
            Status(record.status),
            reason=record.reason,
            scored=record.scored,
            total=record.total,
            metric=metric,
        )
    values = case.values(metric) if frames and plugins.averages_frames(metric) else None
    clips = () if values is None else (values,)
    return Cell(
        record.value,
        Status.MEASURED,
        interval=_stored_interval(record) if intervals else None,
        scored=record.scored,
        total=record.total,
        measured_by=record.measured_by,
        comparable=ranking_key(metric, case_facts(result) | value_facts(record)),
        metric=metric,
        clips=clips,
        fits=((result.seed, record.value),),
        by_chance=_by_chance(record.value, record.details),
        unheard=is_unheard(result, metric),
    )


def _stored_interval(record: MetricRecord) -> Interval | None:
    stored = record.interval
    if stored is None:
        return None
    return Interval(stored.low, stored.high, stored.level, stored.method)


def _by_chance(value: float, details: Mapping[str, Any]) -> tuple[int, int]:
    chance = details.get("by_chance")
    return (int(value <= chance), 1) if isinstance(chance, int | float) else (0, 0)
