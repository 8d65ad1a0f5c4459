"""Which results of two sides belong together, and what keeps them from being compared."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from .. import plugins
from ..errors import TgbenchError
from ..metrics.specs import IMAGE_METRICS
from ..results import MeasuredCase, read_cases
from ..specs import Needs

Pair = tuple[list[MeasuredCase], list[MeasuredCase]]
"""Results of one case on both sides, each of one or more seeds."""


def read_side(folder: Path, method: str | None, protocol: str | None) -> list[MeasuredCase]:
    """Return the results at or below a folder, one for each experiment.

    Args:
        folder: that `tgbench run` or `tgbench score --out` wrote.
        method: the only one wanted; None takes all.
        protocol: the only one wanted; None takes all.

    Raises:
        TgbenchError: no such folder, no such results in it, or one that cannot be read.
    """
    cases = read_cases([folder])
    of_method = [case for case in cases if method in (None, case.variant.method)]
    if not of_method:
        known = ", ".join(sorted({case.variant.method for case in cases}))
        raise TgbenchError(f"{folder}: holds no results of '{method}'; it has {known}")
    chosen = [case for case in of_method if protocol in (None, case.key.protocol)]
    if not chosen:
        known = ", ".join(sorted({case.key.protocol for case in of_method}))
        of = f" of '{method}'" if method else ""
        raise TgbenchError(f"{folder}: holds no results{of} under '{protocol}'; it has {known}")
    return chosen


def matched(
    first: Sequence[MeasuredCase], second: Sequence[MeasuredCase]
) -> tuple[list[Pair], list[str]]:
    """Return the cases that both sides have, and notes on those that only one has.

    Raises:
        TgbenchError: no case is on both sides, or one is twice on a side.
    """
    of_first, of_second = (_by_content(side) for side in (first, second))
    common = [content for content in of_first if content in of_second]
    notes = []
    for name, own, other in (("A", of_first, of_second), ("B", of_second, of_first)):
        alone = [cases[0].key.title for content, cases in own.items() if content not in other]
        if alone:
            notes.append(f"only {name} has {', '.join(alone)}")
    if not common:
        raise TgbenchError(
            "no case is on both sides: protocol, its version, the identity's files and the "
            f"driving sound must be the same ({'; '.join(notes)})"
        )
    return [(of_first[content], of_second[content]) for content in common], notes


def by_protocol(pairs: Sequence[Pair]) -> dict[str, list[Pair]]:
    """Return the cases of each protocol and version, whose values alone may be averaged."""
    found: dict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        found[pair[0][0].key.setting].append(pair)
    return found


def _by_content(side: Sequence[MeasuredCase]) -> dict[tuple[str, ...], list[MeasuredCase]]:
    found: dict[tuple[str, ...], list[MeasuredCase]] = defaultdict(list)
    for case in side:
        found[case.key.content].append(case)
    for cases in found.values():
        seeds = [case.seed for case in cases]
        for case in cases:
            if seeds.count(case.seed) > 1:
                folders = ", ".join(str(same.folder) for same in cases if same.seed == case.seed)
                raise TgbenchError(
                    f"{case.key.title}: two results of one method and seed, with different "
                    f"settings or on different devices ({folders}); name the folder of one of them"
                )
    return found


def why_not_comparable(metric: str, pair: Pair) -> str:
    """Return why a metric of two sides may not be compared; empty if it may."""
    both = [case.origin(metric) for side in pair for case in side]
    by = {case.metrics[metric].measured_by for case in both}
    if len(by) > 1:
        return f"measured by different things: {' / '.join(sorted(by))}"
    modes = {case.result.method.composite_mode for case in both}
    if metric in IMAGE_METRICS and len(modes) > 1:
        return f"the frames are composed in different ways ({' / '.join(sorted(modes))})"
    spec = plugins.metrics().get(metric)
    if spec is not None and Needs.TIMING in spec.needs:
        return "timed on different machines" if len(set(map(_machine, both))) > 1 else ""
    sounds = {case.result.driver.sha256 for case in both}
    if spec is not None and Needs.AUDIO in spec.needs and len(sounds) > 1:
        return "measured with different sounds"
    frames = [case.source_frames for case in both]
    if any(other != frames[0] for other in frames[1:]):
        return "measured on different frames"
    return ""


def _machine(case: MeasuredCase) -> tuple[object, ...]:
    where = case.result.environment
    return where.device, where.cpu, where.cores, where.gpu
