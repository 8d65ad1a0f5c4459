"""Measuring again what a bundle holds, and comparing with what it says."""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .. import plugins
from ..errors import TgbenchError
from ..identities import layout
from ..interfaces import Case, Measurement, MetricContext, MetricOptions
from ..metrics.evaluate import MetricSuite
from ..progress import Progress
from ..running.records import metric_records
from ..running.result import IntervalRecord, MetricRecord, Result
from ..specs import Needs
from .archive import BundleReader
from .contents import BundledCase, frame_hash
from .planning import GroundTruth

ARITHMETIC_TOLERANCE = 1e-6
"""Of what is computed from pixels alone: sums in another order, no more."""

NETWORK_TOLERANCE = 1e-3
"""Of what a network takes part in: float32 on other processors rounds otherwise."""

_LEARNED = frozenset({Needs.LANDMARKS, Needs.MESH, Needs.ACTION_UNITS, Needs.AUDIO})


class Verdict(enum.StrEnum):
    """What verifying a number came to."""

    AGREES = "agrees"
    DIFFERS = "differs"
    NOT_COMPARABLE = "not comparable"
    NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Finding:
    """One metric of one case.

    Attributes:
        metric: its name.
        there: the value in the bundle.
        here: the value measured now, None where there is none.
        tolerance: how far apart the two may be, relative to values above 1, else absolute.
        verdict: what it came to.
        reason: in words, where they do not agree.
    """

    metric: str
    there: float
    here: float | None
    tolerance: float
    verdict: Verdict
    reason: str = ""


@dataclass(frozen=True)
class CaseReport:
    """What verifying a case came to.

    Attributes:
        result: as the bundle has it.
        findings: by metric that has a value there; none where the case could not be scored.
        problem: why it could not be scored; empty if it could.
    """

    result: Result
    findings: tuple[Finding, ...]
    problem: str = ""

    def has(self, verdict: Verdict) -> bool:
        """Whether a metric came to this."""
        return any(finding.verdict is verdict for finding in self.findings)


def verify(path: Path, truth: GroundTruth, progress: Progress) -> list[CaseReport]:
    """Score every case of a bundle again and compare.

    That the numbers follow from the frames is all that this shows: not that the frames were
    rendered by the method that is named, nor what that was trained on.

    Args:
        path: of the bundle.
        truth: what to score against; it must be what the bundle has the hashes of.
        progress: where to report.

    Raises:
        TgbenchError: it is no sound bundle.
    """
    reports = []
    with BundleReader(path) as bundle:
        results = [bundle.result(case) for case in bundle.manifest.cases]
        for bundled, result in zip(bundle.manifest.cases, results, strict=True):
            try:
                case = truth.case(result)
            except TgbenchError as error:
                reports.append(CaseReport(result, (), str(error)))
                continue
            try:
                findings = _score(bundle, bundled, result, case, progress)
            except _OtherTruth as error:
                reports.append(CaseReport(result, (), str(error)))
            else:
                reports.append(CaseReport(result, findings))
    return reports


class _OtherTruth(TgbenchError):
    """The ground truth here is not what was scored there."""


def _score(
    bundle: BundleReader,
    bundled: BundledCase,
    result: Result,
    case: Case,
    progress: Progress,
) -> tuple[Finding, ...]:
    specs = plugins.metrics()
    told = {name: record for name, record in result.metrics.items() if record.value is not None}
    names = [name for name in told if name in specs and Needs.TIMING not in specs[name].needs]
    options = MetricOptions(landmarks=bundled.landmarks)
    context = MetricContext(audio=case.drive.audio, fps=layout.FPS, options=options)
    suite = MetricSuite(names, context)
    values = bundle.frame_values(bundled, result.frames)
    who = f"{result.method.name} on {case.identity.name}, {case.driver}"
    if (case.target_frames is None) != (not bundled.target_frames):
        raise _OtherTruth("only one of the bundle and the protocol here has a ground truth")
    with progress.task(f"scoring {who}", result.frames) as task:
        for index, frame in enumerate(bundle.frames(bundled, result)):
            target = None
            if case.target_frames is not None:
                target = case.identity.frame(int(case.target_frames[index]))
                if frame_hash(target) != bundled.target_frames[index]:
                    raise _OtherTruth(
                        f"frame {index} of the ground truth in {case.identity.folder} is not what "
                        "was scored (its hash differs); give the folder that the results are of, "
                        "with --identity"
                    )
            suite.update(index, frame, target)
            task.advance()
    found, series = suite.results(), suite.per_frame()
    records = metric_records(found, series)
    return tuple(
        _finding(
            name, record, found.get(name), records.get(name), values.get(name), series.get(name)
        )
        for name, record in told.items()
    )


def _finding(
    name: str,
    record: MetricRecord,
    found: Measurement | None,
    now: MetricRecord | None,
    there: NDArray[np.float64] | None,
    here: Sequence[float | None] | None,
) -> Finding:
    assert record.value is not None
    tolerance = _tolerance(name, record)
    value = None if found is None else found.value

    def finding(verdict: Verdict, reason: str = "") -> Finding:
        return Finding(name, record.value or 0.0, value, tolerance, verdict, reason)

    if found is None:
        return finding(Verdict.NOT_MEASURED, _why_not(name))
    if found.value is None and found.total:
        return finding(Verdict.DIFFERS, found.reason or "no frame could be scored")
    if found.value is None:
        return finding(Verdict.NOT_MEASURED, found.reason)
    if found.measured_by != record.measured_by:
        return finding(
            Verdict.NOT_COMPARABLE,
            f"measured by '{record.measured_by}' there, by '{found.measured_by}' here",
        )
    if (found.scored, found.total) != (record.scored, record.total):
        return finding(
            Verdict.DIFFERS,
            f"{record.scored} of {record.total} frames scored there, {found.scored} of "
            f"{found.total} here",
        )
    if not _near(record.value, found.value, tolerance):
        return finding(Verdict.DIFFERS)
    if now is not None and (reason := _declared_otherwise(record, now, tolerance)):
        return finding(Verdict.DIFFERS, reason)
    if reason := _frames_differ(there, here, tolerance):
        return finding(Verdict.DIFFERS, reason)
    return finding(Verdict.AGREES)


def _tolerance(name: str, record: MetricRecord) -> float:
    spec = plugins.metrics().get(name)
    learned = "sha256" in record.measured_by or (spec is not None and spec.needs & _LEARNED)
    return NETWORK_TOLERANCE if learned else ARITHMETIC_TOLERANCE


def _why_not(name: str) -> str:
    if name in plugins.metrics():
        return "time cannot be told from frames"
    return "no such metric is installed here"


def _declared_otherwise(record: MetricRecord, now: MetricRecord, tolerance: float) -> str:
    """Return what else of a record differs; empty: nothing does."""
    for field in ("unit", "direction"):
        there, here = getattr(record, field), getattr(now, field)
        if there != here:
            return f"{field}: {there!r} there, {here!r} here"
    return _intervals_differ(record.interval, now.interval, tolerance)


def _intervals_differ(
    there: IntervalRecord | None, here: IntervalRecord | None, tolerance: float
) -> str:
    if there is None and here is None:
        return ""
    if there is None or here is None:
        return "an interval is only in one of the two"
    if (there.level, there.method) != (here.level, here.method):
        return "the interval was found in another way"
    if _near(there.low, here.low, tolerance) and _near(there.high, here.high, tolerance):
        return ""
    return f"interval: {there.low:g} to {there.high:g} there, {here.low:g} to {here.high:g} here"


def _frames_differ(
    there: NDArray[np.float64] | None, here: Sequence[float | None] | None, tolerance: float
) -> str:
    """Return how values of single frames differ; empty: they do not."""
    if here is None and there is None:
        return ""
    if here is None or there is None:
        return "values of single frames are only in one of the two"
    for index, (before, now) in enumerate(zip(there, here, strict=True)):
        missing = math.isnan(before)
        if missing != (now is None) or not (
            missing or now is None or _near(before, now, tolerance)
        ):
            told = "none" if missing else f"{before:g}"
            return f"frame {index}: {told} there, {'none' if now is None else f'{now:g}'} here"
    return ""


def _near(there: float, here: float, tolerance: float) -> bool:
    if not (math.isfinite(there) and math.isfinite(here)):
        return there == here
    return abs(there - here) <= tolerance * max(1.0, abs(there))


def exit_code(reports: Sequence[CaseReport]) -> int:
    """Return 1 if a number differs, else 2 if a case could not be compared at all, else 0.

    A number that something else measured is not confirmed, and counts as one that differs:
    otherwise a false one could hide behind a false measurer.
    """
    doubtful = (Verdict.DIFFERS, Verdict.NOT_COMPARABLE)
    if any(report.has(verdict) for report in reports for verdict in doubtful):
        return 1
    return 0 if all(report.has(Verdict.AGREES) for report in reports) else 2


def counts(reports: Sequence[CaseReport]) -> Mapping[Verdict, int]:
    """Return how many numbers came to each verdict."""
    found = [finding.verdict for report in reports for finding in report.findings]
    return {verdict: found.count(verdict) for verdict in Verdict}
