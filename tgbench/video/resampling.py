"""Resample a clip to a steady frame rate: which frame is shown at each instant."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import TypeVar

from ..errors import TgbenchError
from ..media.clock import LONGEST, LONGEST_PAUSE

T = TypeVar("T")

_HALF = Fraction(1, 2)


def resampled(timed: Iterator[tuple[Fraction, Fraction, T]], fps: float) -> Iterator[tuple[T, int]]:
    """Yield each frame with at how many of the instants k / fps it is shown.

    As ffmpeg's filter `fps` has it: a frame's start is rounded to the nearest instant, halves up;
    there it is shown, and until the next one. The first is shown from instant 0 on, and a clip
    has one frame at least.

    Args:
        timed: (start, length, frame) in seconds, in the order of their starts.
        fps: instants a second.

    Raises:
        TgbenchError: a frame stands for so long that its stamp must be wrong.
    """
    rate = Fraction(fps).limit_denominator(1001)
    due = 0
    last: tuple[Fraction, Fraction, T] | None = None
    for current in timed:
        if last is not None:
            _check(last[0], current[0])
            until = max(due, math.floor(current[0] * rate + _HALF))
            yield last[2], until - due
            due = until
        last = current
    if last is not None:
        _check(last[0], last[0] + last[1])
        until = max(due, math.floor((last[0] + last[1]) * rate + _HALF))
        yield last[2], max(until - due, int(due == 0))


def _check(start: Fraction, end: Fraction) -> None:
    if end - start > LONGEST_PAUSE or end > LONGEST:
        hours = f"{float(end - start) / 3600:.1f} h"
        stands = f"a frame at {float(start):.0f} s lasts {hours}"
        why = (
            stands
            if end - start > LONGEST_PAUSE
            else f"the clip lasts longer than {LONGEST // 3600} h"
        )
        raise TgbenchError(f"its timestamps are implausible: {why}; cut out the part that you want")
