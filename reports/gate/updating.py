"""Making a baseline out of results."""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tgbench import plugins
from tgbench.errors import TgbenchError
from tgbench.plugins import in_table_order
from tgbench.results import MeasuredCase
from tgbench.running.result import EnvironmentRecord, MetricRecord
from tgbench.terminal.printing import one_line

from .baseline import Baseline, CaseBaseline, EnvironmentBrief, MetricBaseline, rounded
from .results import Cases, frame_values, key_of, watched
from .tolerances import default_tolerance


@dataclass(frozen=True)
class Update:
    """A baseline made anew.

    Attributes:
        baseline: what to write.
        notes: what was not taken over from the former one.
    """

    baseline: Baseline
    notes: tuple[str, ...]


def update(
    cases: Cases,
    reason: str,
    tolerances: Mapping[str, float],
    former: Baseline | None,
) -> Update:
    """Make a baseline of results.

    Tolerances of the former one stay, and noise floors where the same configuration is measured by
    the same things.

    Raises:
        TgbenchError: nothing that a gate could watch was measured.
    """
    before = {} if former is None else {case.key: case for case in former.cases}
    made = [_case(case, tolerances, before.get(key)) for key, case in sorted(cases.items())]
    notes = [
        note
        for case in made
        for note in (
            *_no_longer_watched(before.get(case.key), cases[case.key]),
            *_lost_floors(before.get(case.key), case),
        )
    ]
    gone = [key.title for key in before if key not in cases]
    if gone:
        notes.append(f"no longer in the baseline: {'; '.join(gone)}")
    baseline = Baseline(reason=reason, updated=timestamp(), cases=made)
    return Update(baseline, tuple(notes))


def timestamp() -> str:
    """Return the time, UTC, ISO 8601."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def machine(environment: EnvironmentRecord) -> str:
    """Name a machine in a few words."""
    where = f"{environment.cpu}, {environment.cores} cores"
    return where if environment.gpu is None else f"{where}, {environment.gpu}"


def _case(
    case: MeasuredCase, tolerances: Mapping[str, float], former: CaseBaseline | None
) -> CaseBaseline:
    result = case.result
    where = result.environment
    same = former is not None and former.config_hash == result.method.config_hash
    records = watched(case)
    metrics = {
        name: _metric(name, case, record, tolerances, former, same)
        for name in in_table_order(records)
        if (record := records[name]).value is not None
    }
    if not metrics:
        raise TgbenchError(
            f"{key_of(case).title}: no metric has a value that a gate could watch; see the reasons "
            "in its result.json"
        )
    floors = any(metric.floor is not None for metric in metrics.values())
    return CaseBaseline(
        protocol=result.protocol.name,
        protocol_version=result.protocol.version,
        identity=result.identity.name,
        identity_sha256=result.identity.sha256,
        driver=result.driver.name,
        driver_sha256=result.driver.sha256,
        method=result.method.name,
        preset=result.method.preset,
        config_hash=result.method.config_hash,
        config=result.method.config,
        composite_mode=result.method.composite_mode,
        leaked_conditions=result.method.leaked_conditions,
        seed=result.seed,
        tgbench_version=result.tgbench_version,
        created=result.created,
        environment=EnvironmentBrief(
            machine=machine(where),
            device=where.device,
            python=where.python,
            packages=where.packages,
            git_commit=where.git_commit,
        ),
        calibration=former.calibration if former is not None and floors else None,
        source_frames=case.source_frames,
        metrics=metrics,
    )


def _metric(
    name: str,
    case: MeasuredCase,
    record: MetricRecord,
    tolerances: Mapping[str, float],
    former: CaseBaseline | None,
    same_configuration: bool,
) -> MetricBaseline:
    was = former.metrics.get(name) if former is not None else None
    value = float(rounded([record.value or 0.0])[0])
    kept = default_tolerance(name, value) if was is None else was.tolerance
    alike = was is not None and same_configuration and was.measured_by == record.measured_by
    return MetricBaseline(
        value=value,
        unit=record.unit,
        direction=record.direction,
        tolerance=tolerances.get(name, kept),
        floor=was.floor if was is not None and alike else None,
        measured_by=record.measured_by,
        scored=record.scored,
        per_frame=_per_frame(name, case),
    )


def _per_frame(name: str, case: MeasuredCase) -> list[float | None] | None:
    series = frame_values(case, name) if plugins.averages_frames(name) else None
    if series is None:
        return None
    return [None if math.isnan(value) else float(value) for value in series]


def _no_longer_watched(former: CaseBaseline | None, now: MeasuredCase) -> Iterator[str]:
    if former is None:
        return
    records = watched(now)
    for name in in_table_order(former.metrics):
        record = records.get(name)
        if record is None or record.value is None:
            why = "was not measured" if record is None else one_line(record.reason)
            yield f"{former.key.title}: {one_line(name)} is no longer watched: {why}"


def _lost_floors(former: CaseBaseline | None, case: CaseBaseline) -> Iterator[str]:
    had = {} if former is None else former.metrics
    lost = [
        name
        for name, metric in case.metrics.items()
        if name in had and had[name].floor is not None and metric.floor is None
    ]
    if lost:
        yield (
            f"{case.key.title}: noise floor of {one_line(', '.join(lost))} dropped: it is of "
            "another configuration or measurer; measure it with --calibrate"
        )
