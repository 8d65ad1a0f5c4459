"""Frames in which a detector found nothing: bridged where they are few, else refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import TgbenchError

_LONGEST_GAP = 10
"""Frames without a face (0.4 s) that are filled in; a longer absence is an error."""

_MOST_ABSENT = 0.1
"""Share of frames that may be interpolated at all, however short the gaps."""


def require_presence(video: Path, found: NDArray[np.bool_], what: str = "no face in") -> None:
    """Refuse a clip in which something is missing for longer than a detector blinks.

    Args:
        video: the clip, for the message.
        found: bool [N].
        what: how the message begins.

    Raises:
        TgbenchError: it is missing for long, or in many frames; the message names them.
    """
    absences = _absences(found)
    gaps = [gap for gap in absences if gap.stop - gap.start > _LONGEST_GAP]
    if (~found).mean() > _MOST_ABSENT:
        gaps = absences
    if not gaps:
        return
    named = ", ".join(f"{gap.start}-{gap.stop - 1}" for gap in gaps[:8])
    more = f" and {len(gaps) - 8} more" if len(gaps) > 8 else ""
    missing = sum(gap.stop - gap.start for gap in gaps)
    raise TgbenchError(
        f"{video}: {what} {missing} of {len(found)} frames ({named}{more}, at 25 a second); "
        "cut the clip so that every frame shows the face"
    )


def _absences(found: NDArray[np.bool_]) -> list[range]:
    edges = np.diff(np.concatenate([[0], (~found).astype(np.int8), [0]]))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    return [range(start, end) for start, end in zip(starts, ends, strict=True)]


def filled_in(points: NDArray[np.float32], found: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Interpolate frames between their neighbours.

    Args:
        points: [N, ...], anything where nothing was found.
        found: bool [N], at least one of them.
    """
    filled = points.copy()
    known = np.flatnonzero(found)
    for frame in np.flatnonzero(~found):
        after = int(np.searchsorted(known, frame))
        a, b = known[max(after - 1, 0)], known[min(after, len(known) - 1)]
        share = 0.0 if a == b else (frame - a) / (b - a)
        filled[frame] = (1.0 - share) * points[a] + share * points[b]
    return filled
