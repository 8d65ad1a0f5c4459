"""Metric by metric: is it worse than in the baseline, by more than tolerance and noise?"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tgbench import plugins
from tgbench.plugins import in_table_order
from tgbench.running.result import MetricRecord
from tgbench.statistics import FEWEST_FRAMES, Interval, Series, as_series, paired_difference

from .baseline import Baseline, CaseBaseline, MetricBaseline
from .measured import (
    Key,
    Measured,
    identical_frames,
    is_timing,
    one_line,
    rounded,
    title,
)

FEWER_SCORED = 0.1
"""Share of the frames scored in the baseline that may be unscored now: a metric that skips frames
without a face must not pass because faces are gone."""


class Verdict(enum.StrEnum):
    """What became of a metric."""

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
class Row:
    """One metric of one case.

    Attributes:
        case: for a reader.
        metric: its name.
        unit: of its values.
        before, now: values over the whole clip, None where there is none.
        change: now minus before, over frames that are scored in both where it has such.
        interval: of the change; None where the value is no mean over frames, or too few are.
        tolerance, floor: what the change was held against, None where it was not.
        verdict: what became of it.
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
class Judgement:
    """What a gate found.

    Attributes:
        rows: one for each metric of each case.
        notes: what a reader must know beside.
    """

    rows: tuple[Row, ...]
    notes: tuple[str, ...]

    @property
    def failures(self) -> tuple[Row, ...]:
        """What stops a merge."""
        return tuple(row for row in self.rows if row.verdict.fails)

    @property
    def summary(self) -> str:
        """Say in one line what was found."""
        counts = dict.fromkeys(Verdict, 0)
        for row in self.rows:
            counts[row.verdict] += 1
        told = ", ".join(f"{verdict} {count}" for verdict, count in counts.items() if count)
        return f"{'FAILED' if self.failures else 'passed'}: {told or 'nothing to compare'}"


def judge(
    baseline: Baseline,
    cases: Mapping[Key, Measured],
    tolerances: Mapping[str, float],
    notes: Sequence[str] = (),
) -> Judgement:
    """Compare results with a baseline that they may be compared with.

    Args:
        baseline: what was there before.
        cases: what is there now.
        tolerances: by metric, instead of the baseline's.
        notes: what a reader must know beside.
    """
    rows: list[Row] = []
    for old in baseline.cases:
        rows.extend(_judge_case(old, cases.get(old.key), tolerances))
    known = {case.key for case in baseline.cases}
    for key, case in cases.items():
        if key not in known:
            rows.extend(_new(title(key), case, case.metrics))
    return Judgement(tuple(rows), (*notes, *_notes(cases, rows)))


def _judge_case(
    old: CaseBaseline, now: Measured | None, tolerances: Mapping[str, float]
) -> Iterator[Row]:
    name = title(old.key)
    if now is None:
        for metric, was in old.metrics.items():
            why = "there is no result of this case; if that is meant, --update"
            yield Row(name, metric, was.unit, was.value, None, Verdict.VANISHED, why)
        return
    for metric in in_table_order(old.metrics):
        was = old.metrics[metric]
        record = now.metrics.get(metric)
        if record is None or record.value is None:
            why = "was not measured" if record is None else one_line(record.reason)
            yield Row(name, metric, was.unit, was.value, None, Verdict.VANISHED, why)
        else:
            tolerance = tolerances.get(metric, was.tolerance)
            yield _compare(name, metric, was, now, record, tolerance)
    yield from _new(name, now, {m: r for m, r in now.metrics.items() if m not in old.metrics})


def _new(name: str, case: Measured, records: Mapping[str, MetricRecord]) -> Iterator[Row]:
    for metric in in_table_order(records):
        record = records[metric]
        if record.value is not None:
            yield Row(
                name, metric, record.unit, None, record.value, Verdict.NEW, "watched after --update"
            )


def _compare(
    name: str,
    metric: str,
    was: MetricBaseline,
    case: Measured,
    record: MetricRecord,
    tolerance: float,
) -> Row:
    series = _pair(metric, was, case)
    change, interval, why = _change(metric, was, record, series)
    floor = was.floor or 0.0
    lost = _fewer_scored(was, series, record)
    if was.direction == "none":
        verdict, why = Verdict.NOT_COMPARABLE, "neither way is better"
    elif lost:
        verdict, why = Verdict.REGRESSION, lost
    else:
        loss = change if was.direction == "lower" else -change
        verdict, told = _verdict(loss, interval, tolerance, floor)
        why = "; ".join(filter(None, (told, why)))
    return Row(
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


def _pair(metric: str, was: MetricBaseline, case: Measured) -> tuple[Series, Series] | None:
    """Return values at the same frames, before and now, where both have such."""
    if was.per_frame is None or not plugins.averages_frames(metric):
        return None
    after = case.series(metric)
    return None if after is None else (as_series(was.per_frame), after)


def _change(
    metric: str, was: MetricBaseline, record: MetricRecord, series: tuple[Series, Series] | None
) -> tuple[float, Interval | None, str]:
    """Return now minus before, its interval, and why there is none."""
    if series is not None:
        paired = paired_difference([series])
        if paired is not None:
            return paired.mean, paired.interval, ""
        apart = series[1] - series[0]
        why = f"no interval: fewer than {FEWEST_FRAMES} frames"
        if np.isfinite(apart).any():
            return float(np.nanmean(apart)), None, why
    elif was.per_frame is None:
        why = "no interval: not a mean over frames"
    else:
        why = "no interval: no values at single frames now"
    before, now = rounded([was.value, record.value or 0.0])
    return float(now - before), None, why


def _verdict(
    loss: float, interval: Interval | None, tolerance: float, floor: float
) -> tuple[Verdict, str]:
    """Judge a loss, which is negative for a gain; say why where that is not plain."""
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
        return (
            Verdict.UNSURE,
            "more than its tolerance, but may be chance; a longer clip tells more",
        )
    if loss > tolerance:
        return Verdict.OK, "more than its tolerance, but no more than the noise floor"
    return Verdict.OK, ""


def _fewer_scored(
    was: MetricBaseline, series: tuple[Series, Series] | None, record: MetricRecord
) -> str:
    """Say if too many frames that were scored are not any more; frames without error are fine."""
    if series is None:
        before = was.scored
        lost = before - record.scored
    else:
        scored_before, scored_now = (np.isfinite(values) for values in series)
        before = int(scored_before.sum())
        # Frames that were unscored before may be the identical ones; they excuse no others.
        never = int((~scored_before & ~scored_now).sum())
        identical = max(0, identical_frames(record) - never)
        lost = int((scored_before & ~scored_now).sum()) - identical
    if lost <= FEWER_SCORED * before:
        return ""
    return f"{lost} of {before} frames that were scored are not any more"


def _notes(cases: Mapping[Key, Measured], rows: Sequence[Row]) -> Iterator[str]:
    timed = {m for case in cases.values() for m in case.result.metrics if is_timing(m)}
    if timed:
        yield (
            f"{', '.join(in_table_order(timed))}: not compared, as speed compares only within one "
            "run on one machine"
        )
    unmeasured = [row for row in rows if row.change is not None and row.floor is None]
    if unmeasured:
        yield (
            "no noise floor was measured for some metrics, so none was allowed for; measure it "
            "with `tgbench gate --calibrate`"
        )
