"""From what metrics found to what a result stores of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from ..interfaces import Measurement
from ..plugins import metrics as metric_specs
from ..specs import MetricSpec
from ..statistics import as_series, mean_interval
from .result import IntervalRecord, MetricRecord

PerFrame = Mapping[str, Sequence[float | None]]


def metric_records(
    measurements: Mapping[str, Measurement], per_frame: PerFrame
) -> dict[str, MetricRecord]:
    """Join what was found with what the metrics declare and how sure the means are.

    Args:
        measurements: by metric.
        per_frame: values of single frames by metric, None where not scored.
    """
    specs = metric_specs()
    return {
        name: _record(specs[name], found, per_frame.get(name))
        for name, found in measurements.items()
    }


def _record(
    spec: MetricSpec, found: Measurement, values: Sequence[float | None] | None
) -> MetricRecord:
    return MetricRecord(
        value=found.value,
        status=_status(found),
        reason=found.reason,
        scored=found.scored,
        total=found.total,
        unit=spec.unit,
        direction=spec.direction.value,
        measured_by=found.measured_by,
        interval=None if found.value is None else _interval(spec, values),
        details=dict(found.details),
    )


def _status(found: Measurement) -> Literal["measured", "unavailable", "unscored"]:
    if found.value is not None:
        return "measured"
    return "unscored" if found.total else "unavailable"


def _interval(spec: MetricSpec, values: Sequence[float | None] | None) -> IntervalRecord | None:
    if not spec.averages_frames or values is None:
        return None
    found = mean_interval([as_series(values)], bounds=spec.bounds)
    if found is None:
        return None
    return IntervalRecord(low=found.low, high=found.high, level=found.level, method=found.method)
