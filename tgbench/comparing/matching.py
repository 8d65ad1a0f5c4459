"""Which results of two sides belong together, and what keeps them from being compared."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from .. import plugins
from ..errors import TgbenchError
from ..running.result import MetricRecord
from ..specs import Needs
from .sides import Entry, Key, frames_of

Pair = tuple[list[Entry], list[Entry]]
"""Results of one case on both sides, each of one or more seeds."""


def matched(first: Sequence[Entry], second: Sequence[Entry]) -> tuple[list[Pair], list[str]]:
    """Return the cases that both sides have, and notes on those that only one has.

    Raises:
        TgbenchError: no case is on both sides, or one is twice on a side.
    """
    of_first, of_second = (_by_case(side) for side in (first, second))
    common = [key for key in of_first if key in of_second]
    notes = []
    for name, own, other in (("A", of_first, of_second), ("B", of_second, of_first)):
        alone = [entries[0].title for key, entries in own.items() if key not in other]
        if alone:
            notes.append(f"only {name} has {', '.join(alone)}")
    if not common:
        raise TgbenchError(
            "no case is on both sides: protocol, its version, the identity's files and the "
            f"driving sound must be the same ({'; '.join(notes)})"
        )
    return [(of_first[key], of_second[key]) for key in common], notes


def by_protocol(pairs: Sequence[Pair]) -> dict[tuple[str, str], list[Pair]]:
    """Return the cases of each protocol and version, whose values alone may be averaged."""
    found: dict[tuple[str, str], list[Pair]] = defaultdict(list)
    for pair in pairs:
        found[pair[0][0].protocol, pair[0][0].version].append(pair)
    return found


def _by_case(side: Sequence[Entry]) -> dict[Key, list[Entry]]:
    cases: dict[Key, list[Entry]] = defaultdict(list)
    for entry in side:
        cases[entry.case].append(entry)
    for entries in cases.values():
        seeds = [entry.seed for entry in entries]
        for entry in entries:
            if seeds.count(entry.seed) > 1:
                folders = [str(e.folder) for e in entries if e.seed == entry.seed]
                raise TgbenchError(
                    f"{entry.title}: two results of one method and seed ({', '.join(folders)}); "
                    "name the folder of the one that is meant"
                )
    return cases


def unlike(metric: str, pair: Pair, records: Sequence[MetricRecord]) -> str:
    """Return in what the two sides were measured unlike, nothing where they may be compared."""
    by = {record.measured_by for record in records}
    if len(by) > 1:
        return f"measured unlike: {' / '.join(sorted(by))}"
    both = [*pair[0], *pair[1]]
    spec = plugins.metric_spec(metric)
    if spec.region.depends_on_composite and len({entry.made_of for entry in both}) > 1:
        made = " / ".join(sorted({entry.made_of for entry in both}))
        return f"the frames are made of unlike parts ({made})"
    if Needs.TIMING in spec.needs:
        return "timed on unlike machines" if len({e.machine for e in both}) > 1 else ""
    if Needs.AUDIO in spec.needs and len({e.sound for e in both}) > 1:
        return "heard with unlike sounds"
    frames = [frames_of(entry) for entry in both]
    if any(other != frames[0] for other in frames[1:]):
        return "measured on unlike frames"
    return ""
