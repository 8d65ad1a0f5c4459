"""What is certain before a run starts: metrics that will have no value."""

from __future__ import annotations

import math
from collections.abc import Iterable

from .. import plugins
from ..interfaces import Case


def too_short(cases: Iterable[Case]) -> list[str]:
    """Return a line for each case that is too short for some of its metrics."""
    return list(dict.fromkeys(line for case in cases for line in _lines(case)))


def _lines(case: Case) -> list[str]:
    frames = len(case.drive)
    seconds = frames / case.drive.fps
    titles: dict[float, list[str]] = {}
    for name in case.metrics:
        spec = plugins.metrics()[name]
        if spec.shortest_seconds > seconds:
            titles.setdefault(spec.shortest_seconds, []).append(spec.title)
    return [
        f"{case.identity.name}: {' and '.join(names)} {'need' if len(names) > 1 else 'needs'} "
        f"{_shortage(case, shortest)}"
        for shortest, names in titles.items()
    ]


def _shortage(case: Case, shortest: float) -> str:
    """Return how long a case must last for a metric, how long it does, and what would help."""
    frames = len(case.drive)
    have = f"{frames / case.drive.fps:.1f} s ({frames} frames)"
    if case.target_frames is None:
        return f"{shortest:g} s of sound; the sound '{case.driver}' has {have}"
    # The held-out share of the clip stays as it is, rounded in the clip's favour.
    clip = math.ceil(shortest * len(case.identity) / frames)
    length = len(case.identity) / case.identity.fps
    return (
        f"{shortest:g} s of held-out video; this clip of {length:.1f} s "
        f"holds out {have}: use a clip of at least {clip} s"
    )
