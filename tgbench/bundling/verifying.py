"""Measuring again what a bundle holds, and comparing with what it says."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .. import plugins
from ..errors import TgbenchError
from ..interfaces import MetricContext, MetricOptions
from ..metrics.suite import measure_frames
from ..metrics.through_codec import Pair
from ..progress import Progress
from ..running.metric_records import metric_records
from ..running.result import Result
from ..running.spoken import spoken_in
from ..specs import Needs
from .agreement import Finding, Verdict, judge
from .contents import BundledCase, frame_hash
from .planning import GroundTruth
from .reader import BundleReader
from .truth import Truth


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
                here = truth.of(result)
            except TgbenchError as error:
                reports.append(CaseReport(result, (), str(error)))
                continue
            try:
                findings = _score(bundle, bundled, result, here, progress)
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
    truth: Truth,
    progress: Progress,
) -> tuple[Finding, ...]:
    specs = plugins.metrics()
    told = {name: record for name, record in result.metrics.items() if record.value is not None}
    names = [name for name in told if name in specs and Needs.TIMING not in specs[name].needs]
    options = MetricOptions(landmarks=bundled.landmarks)
    case = truth.case and dataclasses.replace(truth.case, metrics=tuple(names))
    spoken = None if case is None else spoken_in(case)
    context = MetricContext(audio=truth.audio, fps=truth.fps, options=options, spoken=spoken)
    values = bundle.frame_values(bundled, result)
    who = f"{result.method.name} on {truth.who}"
    if (truth.targets is None) != (not bundled.target_frames):
        raise _OtherTruth("only one of the bundle and the protocol here has a ground truth")
    with progress.task(f"scoring {who}", result.frames) as task:
        pairs = _pairs(bundle, bundled, result, truth)
        suite = measure_frames(pairs, names, context, lambda _: task.advance())
    found, series = suite.results(), suite.per_frame()
    records = metric_records(found, series)
    return tuple(
        judge(name, record, found.get(name), records.get(name), values.get(name), series.get(name))
        for name, record in told.items()
    )


def _pairs(
    bundle: BundleReader, bundled: BundledCase, result: Result, truth: Truth
) -> Iterator[Pair]:
    """Yield the frames of a bundled case with the ground truth that lies here.

    Raises:
        _OtherTruth: that is not what was scored.
    """
    if truth.targets is None:
        for frame in bundle.frames(bundled, result):
            yield frame, None
        return
    targets = truth.targets()
    for index, frame in enumerate(bundle.frames(bundled, result)):
        wanted = bundled.target_frames[index]
        for _, target in targets:
            if frame_hash(target) == wanted:
                yield frame, target
                break
            if truth.case is not None:
                raise _other_truth(index, truth)
        else:
            raise _other_truth(index, truth)


def _other_truth(index: int, truth: Truth) -> _OtherTruth:
    return _OtherTruth(
        f"frame {index} of the ground truth in {truth.place} is not what was scored (its hash "
        "differs); give the folder that the results are of, with --identity"
    )


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
