"""Which results of two sides belong together, and what keeps them from being compared."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from ..comparability import (
    Condition,
    case_facts,
    conditions,
    leak_note,
    value_facts,
    why_not_comparable,
)
from ..errors import TgbenchError
from ..results import MeasuredCase, read_cases

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


def why_not(metric: str, pair: Pair) -> str:
    """Return why a metric of two sides may not be compared; empty if it may."""
    wanted = Condition.FRAMES in conditions(metric)
    found = []
    for case in (case.origin(metric) for side in pair for case in side):
        frames = case.source_frames if wanted else None
        found.append(case_facts(case.result, frames) | value_facts(case.metrics[metric]))
    return why_not_comparable(metric, found)


def leak_notes(pairs: Sequence[Pair]) -> list[str]:
    """Say where the two sides are given different parts of the truth."""
    given = (
        [side[0].result.method.leaked_conditions for side in pair]
        for pair in pairs
        if not any(side[0].scored for side in pair)
    )
    return [note for note in dict.fromkeys(leak_note(*leaked) for leaked in given) if note]
