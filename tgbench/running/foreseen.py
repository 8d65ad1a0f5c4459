"""What is certain before a run starts: metrics that will have no value."""

from __future__ import annotations

import math
from collections.abc import Iterable

from .. import plugins
from ..identities import layout
from ..interfaces import Case


def too_short(cases: Iterable[Case]) -> list[str]:
    """Return a line for each case that is too short for some of its metrics."""
    return list(dict.fromkeys(line for case in cases for line in _lines(case)))


def _lines(case: Case) -> list[str]:
    frames = len(case.drive)
    seconds = frames / layout.FPS
    titles: dict[float, list[str]] = {}
    for name in case.metrics:
        spec = plugins.metrics()[name]
        if spec.shortest_seconds > seconds:
            titles.setdefault(spec.shortest_seconds, []).append(spec.title)
    return [
        f"{case.identity.name}: no {' and no '.join(names)}: takes {shortest:g} s, and "
        f"{_what_is_short(case, shortest)}"
        for shortest, names in titles.items()
    ]


def _what_is_short(case: Case, shortest: float) -> str:
    frames = len(case.drive)
    have = f"{frames / layout.FPS:.1f} s ({frames} frames)"
    if case.target_frames is None:
        return f"the sound '{case.driver}' has {have}"
    # The held-out share of the clip stays as it is, rounded in the clip's favour.
    clip = math.ceil(shortest * len(case.identity) / frames)
    return f"{have} are held out of {len(case.identity) / layout.FPS:.1f} s; use a clip of {clip} s"
