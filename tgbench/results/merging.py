"""Several measurements of one experiment become one, metric by metric."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

from ..running.result import MetricRecord, Result
from .measured_case import Experiment, MeasuredCase


def as_cases(results: Iterable[MeasuredCase | Result]) -> list[MeasuredCase]:
    """Return cases; a bare `Result` becomes one without values of single frames."""
    return [
        one if isinstance(one, MeasuredCase) else MeasuredCase.in_memory(one) for one in results
    ]


def merge_cases(cases: Iterable[MeasuredCase]) -> list[MeasuredCase]:
    """Return one case for each experiment, in the order in which experiments first appear.

    The latest measurement counts. What it did not measure is taken from the next earlier one that
    did, if that made its frames in the same declared way. So a repeat with fewer metrics, or on a
    machine without a metric's weights, hides nothing. A metric that was tried and could not be
    scored on any frame is a finding and is not replaced.
    """
    experiments: dict[Experiment, list[MeasuredCase]] = {}
    for case in cases:
        experiments.setdefault(case.experiment, []).append(case)
    return [_merged(latest_first(repeats)) for repeats in experiments.values()]


def replaced_metrics(cases: Iterable[MeasuredCase]) -> dict[MeasuredCase, frozenset[str]]:
    """Return for each measurement the metrics of which a later one of its experiment counts."""
    found = list(cases)
    shown = {
        (id(merged.origin(metric).own_result), metric)
        for merged in merge_cases(found)
        for metric in merged.metrics
    }
    return {
        case: frozenset(name for name in case.metrics if (id(case.result), name) not in shown)
        for case in found
    }


def latest_first(repeats: Iterable[MeasuredCase]) -> list[MeasuredCase]:
    """Return measurements by the time they were made, the latest first; of equal times the last."""
    return sorted(repeats, key=lambda case: case.result.created)[::-1]


def _merged(repeats: Sequence[MeasuredCase]) -> MeasuredCase:
    latest, *earlier = repeats
    if not earlier:
        return latest
    records = dict(latest.metrics)
    origins: dict[str, MeasuredCase] = dict(latest.origins)
    for case in earlier:
        if _declared(case.result) != _declared(latest.result):
            continue
        for metric, record in case.metrics.items():
            if _adds(record, records.get(metric)):
                records[metric] = record
                origins[metric] = case.origin(metric)
    result = latest.result.model_copy(update={"metrics": records})
    return dataclasses.replace(
        latest,
        result=result,
        origins=origins,
        earlier=(*latest.earlier, *earlier),
        _unmerged=latest.own_result,
    )


def _declared(result: Result) -> tuple[object, ...]:
    """Return what must agree for values of two measurements to describe one row."""
    method = result.method
    return (
        method.composite_mode,
        sorted(method.leaked_conditions),
        method.whole_image_valid,
        method.moves_upper_face,
        result.split,
        result.frames,
    )


def _adds(record: MetricRecord, known: MetricRecord | None) -> bool:
    if known is None:
        return True
    return known.status == "unavailable" and record.value is not None
