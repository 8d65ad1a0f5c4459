"""Where points of a face went between two frames, by the method of Lucas and Kanade."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..arrays import Image, Mask, Points

_WINDOW = (21, 21)
_AGREES = 0.5
"""Pixels within which flow there and back again must end where it began."""


def followed(before: Image, after: Image, start: Points, guess: Points) -> NDArray[np.float32]:
    """Return how points moved, float32 [K, 2] in pixels, NaN where one was lost.

    Args:
        before: a frame in grey, uint8 [H, W].
        after: another.
        start: where the points are in the first, [K, 2] in pixels (centres at +0.5).
        guess: where they are in the other, to a few pixels: no pyramid is searched.
    """
    # OpenCV has pixel centres at whole numbers.
    points, guesses = (np.asarray(place, np.float32)[:, None] - 0.5 for place in (start, guess))
    end, found = _searched(before, after, points, guesses)
    # From as far off as the way there began, or a point that was never moved would be right.
    back, found_back = _searched(after, before, end, end - (guesses - points))
    good = found & found_back & (np.abs(back - points).max(axis=(1, 2)) < _AGREES)
    return np.where(good[:, None], (end - points)[:, 0], np.nan).astype(np.float32)


def _searched(
    before: Image, after: Image, points: NDArray[np.float32], guess: NDArray[np.float32]
) -> tuple[NDArray[np.float32], Mask]:
    """Return where points [K, 1, 2] are in another frame, and whether they are found there [K]."""
    places, found, _ = cv2.calcOpticalFlowPyrLK(
        before,
        after,
        points,
        guess.copy(),
        winSize=_WINDOW,
        maxLevel=0,
        flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
    )
    return np.asarray(places, np.float32), found[:, 0] > 0
