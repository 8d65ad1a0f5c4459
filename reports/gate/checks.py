"""Metric by metric: is it worse than in the baseline, by more than tolerance and noise?"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from tgbench import plugins
from tgbench.plugins import in_table_order
from tgbench.results import MeasuredCase, differences_among
from tgbench.running.result import MetricRecord
from tgbench.statistics import FEWEST_FRAMES, Interval, Series, as_series, paired_difference
from tgbench.terminal.printing import one_line

from .baseline import Baseline, BaselineKey, CaseBaseline, MetricBaseline, rounded
from .results import Cases, frame_values, is_timing, watched

FEWER_SCORED = 0.1
"""Share of the frames scored in the baseline that may be unscored now: a metric that skips frames
without a face must not pass because faces are gone."""

_ABSENT = "there is no result of this case; if that is intended, use --update"


class Verdict(enum.StrEnum):
    """The outcome of a check."""

    OK = "ok"
    BETTER = "better"
    UNSURE = "perhaps worse"
    WITHIN = "worse within tolerance"
    REGRESSION = "regression"
    NEW = "new"
    VANISHED = "vanished"
    NOT_COMPARABLE = "not comparable"

    @property
    def fails(self) -> bool:
        """Whether it stops a merge."""
        return self in (Verdict.REGRESSION, Verdict.VANISHED)


@dataclass(frozen=True)
class MetricCheck:
    """One metric of one case, held against the baseline.

    Attributes:
        case: for a reader.
        metric: its name.
        unit: of its values.
        before, now: values over the whole clip, None where there is none.
        change: now minus before, over frames that are scored in both where it has such.
        interval: of the change; None where the value is no mean over frames, or too few are.
        tolerance, floor: what the change was held against, None where it was not.
        verdict: the outcome.
        why: what a reader must know about the verdict.
    """

    case: str
    metric: str
    unit: str
    before: float | None
    now: float | None
    verdict: Verdict
    why: str = ""
    change: float | None = None
    interval: Interval | None = None
    tolerance: float | None = None
    floor: float | None = None


@dataclass(frozen=True)
class GateReport:
    """What a gate found.

    Attributes:
        checks: one for each metric of each case.
        notes: what else a reader must know.
    """

    checks: tuple[MetricCheck, ...]
    notes: tuple[str, ...]

    @property
    def failures(self) -> tuple[MetricCheck, ...]:
        """What stops a merge."""
        return tuple(check for check in self.checks if check.verdict.fails)

    @property
    def summary(self) -> str:
        """Say in one line what was found."""
        counts = dict.fromkeys(Verdict, 0)
        for check in self.checks:
            counts[check.verdict] += 1
        found = ", ".join(f"{verdict} {count}" for verdict, count in counts.items() if count)
        return f"{'FAILED' if self.failures else 'passed'}: {found or 'nothing to compare'}"


def check_results(
    baseline: Baseline,
    cases: Cases,
    tolerances: Mapping[str, float],
    notes: Sequence[str] = (),
    failed: Mapping[BaselineKey, str] = MappingProxyType({}),
) -> GateReport:
    """Compare results with a baseline that they may be compared with.

    Args:
        baseline: what was measured before.
        cases: what was measured now.
        tolerances: by metric, instead of the baseline's.
        notes: what else a reader must know.
        failed: why cases have no result, as far as their runs have noted it.
    """
    checks: list[MetricCheck] = []
    for old in baseline.cases:
        why = failed.get(old.key, "")
        checks.extend(_check_case(old, cases.get(old.key), tolerances, why))
    known = {case.key for case in baseline.cases}
    for key, case in cases.items():
        if key not in known:
            checks.extend(_new(key.title, watched(case)))
    new = (f"{key.title}: failed: {why}" for key, why in failed.items() if key not in known)
    return GateReport(tuple(checks), (*notes, *new, *_notes(cases, checks)))


def _check_case(
    old: CaseBaseline, now: MeasuredCase | None, tolerances: Mapping[str, float], failed: str
) -> Iterator[MetricCheck]:
    name = old.key.title
    if now is None:
        for metric, was in old.metrics.items():
            why = f"there is no result, because its run failed: {failed}" if failed else _ABSENT
            yield MetricCheck(name, metric, was.unit, was.value, None, Verdict.VANISHED, why)
        return
    records = watched(now)
    for metric in in_table_order(old.metrics):
        was = old.metrics[metric]
        record = records.get(metric)
        if record is None or record.value is None:
            why = "was not measured" if record is None else one_line(record.reason)
            yield MetricCheck(name, metric, was.unit, was.value, None, Verdict.VANISHED, why)
        else:
            tolerance = tolerances.get(metric, was.tolerance)
            yield _compare(name, metric, was, now, record, tolerance)
    yield from _new(name, {m: r for m, r in records.items() if m not in old.metrics})


def _new(name: str, records: Mapping[str, MetricRecord]) -> Iterator[MetricCheck]:
    for metric in in_table_order(records):
        record = records[metric]
        if record.value is not None:
            why = "watched after --update"
            yield MetricCheck(name, metric, record.unit, None, record.value, Verdict.NEW, why)


def _compare(
    name: str,
    metric: str,
    was: MetricBaseline,
    case: MeasuredCase,
    record: MetricRecord,
    tolerance: float,
) -> MetricCheck:
    series = _pair(metric, was, case)
    change, interval, why = _change(metric, was, record, series)
    floor = was.floor or 0.0
    lost = _fewer_scored(was, series, record)
    if was.direction == "none":
        verdict, why = Verdict.NOT_COMPARABLE, "neither direction is better"
    elif lost:
        verdict, why = Verdict.REGRESSION, lost
    else:
        loss = change if was.direction == "lower" else -change
        if was.direction == "one":
            loss = abs(was.value + change - 1.0) - abs(was.value - 1.0)
        verdict, reason = _verdict(loss, interval, tolerance, floor)
        why = "; ".join(filter(None, (reason, why)))
    return MetricCheck(
        name,
        metric,
        was.unit,
        was.value,
        record.value,
        verdict,
        why,
        change=change,
        interval=interval,
        tolerance=tolerance,
        floor=was.floor,
    )


def _pair(metric: str, was: MetricBaseline, case: MeasuredCase) -> tuple[Series, Series] | None:
    """Return values at the same frames, before and now, where both have such."""
    if was.per_frame is None or not plugins.averages_frames(metric):
        return None
    after = frame_values(case, metric)
    return None if after is None else (as_series(was.per_frame), after)


def _change(
    metric: str, was: MetricBaseline, record: MetricRecord, series: tuple[Series, Series] | None
) -> tuple[float, Interval | None, str]:
    """Return now minus before, its interval, and why there is none."""
    if series is not None:
        paired = paired_difference([series])
        if paired is not None:
            return paired.mean, paired.interval, ""
        differences = series[1] - series[0]
        why = f"no interval: fewer than {FEWEST_FRAMES} frames"
        if np.isfinite(differences).any():
            return float(np.nanmean(differences)), None, why
    elif was.per_frame is None:
        why = "no interval: not a mean over frames"
    else:
        why = "no interval: no values at single frames now"
    before, now = rounded([was.value, record.value or 0.0])
    return float(now - before), None, why


def _verdict(
    loss: float, interval: Interval | None, tolerance: float, floor: float
) -> tuple[Verdict, str]:
    """Return the verdict on a loss (negative: a gain), and why where that is not obvious."""
    if interval is None:
        sure, sure_gain = loss > floor, -loss > max(floor, tolerance)
    else:
        beyond = interval.low > floor or interval.high < -floor
        sure, sure_gain = beyond and loss > 0.0, beyond and loss < 0.0
    if sure_gain:
        return Verdict.BETTER, ""
    if loss > tolerance and sure:
        return Verdict.REGRESSION, ""
    if sure:
        return Verdict.WITHIN, ""
    if loss > max(tolerance, floor):
        return Verdict.UNSURE, "beyond the tolerance, but may be chance; use a longer clip"
    if loss > tolerance:
        return Verdict.OK, "beyond the tolerance, but within the noise floor"
    return Verdict.OK, ""


def _fewer_scored(
    was: MetricBaseline, series: tuple[Series, Series] | None, record: MetricRecord
) -> str:
    """Say if too many frames are no longer scored; frames without any error are fine."""
    if series is None:
        before = was.scored
        lost = before - record.scored
    else:
        scored_before, scored_now = (np.isfinite(values) for values in series)
        before = int(scored_before.sum())
        # Frames that were unscored before may be the identical ones; they excuse no others.
        never = int((~scored_before & ~scored_now).sum())
        identical = max(0, _identical_frames(record) - never)
        lost = int((scored_before & ~scored_now).sum()) - identical
    if lost <= FEWER_SCORED * before:
        return ""
    return f"{lost} of {before} frames that were scored before are not scored now"


def _identical_frames(record: MetricRecord) -> int:
    """Return how many frames went unscored because they equal their target."""
    count = record.details.get("identical_frames", 0)
    return count if isinstance(count, int) else 0


def _notes(cases: Cases, checks: Sequence[MetricCheck]) -> Iterator[str]:
    for key, case in cases.items():
        for earlier, metrics in case.lent().items():
            differing = differences_among([case.own_result, earlier.own_result])
            how = f", which differs in {', '.join(differing)}" if differing else ""
            yield one_line(
                f"{key.title}: {', '.join(metrics)}: from the earlier measurement in "
                f"{earlier.folder}{how}"
            )
    timed = {m for case in cases.values() for m in case.metrics if is_timing(m)}
    if timed:
        yield (
            f"{', '.join(in_table_order(timed))}: not compared, because speed is comparable only "
            "within one run on one machine"
        )
    if any(check.change is not None and check.floor is None for check in checks):
        yield (
            "some metrics have no noise floor, so none was allowed for; measure it with "
            "`tgbench gate --calibrate`"
        )
