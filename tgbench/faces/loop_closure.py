"""Frames far apart in which the head looks the same way, and how its points differ there."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from .projection import Motion, project
from .trajectory import Moves

Array = NDArray[np.float64]
Grey = NDArray[np.uint8]

_ANCHORS = 48
_LINKS = 3
"""Anchors that every frame is compared with."""

_LEAST_APART = 8
"""Frames: nearer ones are tied by flow anyway."""

_TURNED = np.radians(8.0)
"""Turn between two frames beyond which skin looks too different to be compared."""

_WINDOW, _LEVELS = (21, 21), 1
_AGREES = 0.5
_FEWEST = 15


def revisits(
    picture: Callable[[int], Grey], size: float, shape: Array, motion: Motion, focal: float
) -> Moves:
    """Compare every frame with some anchor frames that show the head from the same side.

    Args:
        picture: returns a frame in grey, uint8 [S, S], of any S.
        size: side of the image in which `focal` is given, pixels.
        shape: points on the head [K, 3], metres.
        motion: of the head, nearly right.
        focal: pixels.

    Returns:
        What moved where between pairs of frames, in pixels of `size`.
    """
    frames = len(motion.turn)
    anchors = np.unique(np.linspace(0, frames - 1, min(_ANCHORS, frames)).round().astype(int))
    pictures = {int(anchor): picture(int(anchor)) for anchor in anchors}
    zoom = len(pictures[0]) / size
    # OpenCV has pixel centres at whole numbers, landmarks at +0.5.
    places = (project(shape, motion, focal) + size / 2.0) * zoom - 0.5
    rotations = motion.rotations
    start, end, vectors = [], [], []
    for frame in range(frames):
        now: Grey | None = None
        for anchor in _alike(rotations, anchors, frame):
            now = picture(frame) if now is None else now
            moved = _followed(pictures[anchor], now, places[anchor], places[frame])
            if np.isfinite(moved[:, 0]).sum() >= _FEWEST:
                start.append(anchor)
                end.append(frame)
                vectors.append(moved / zoom)
    if not start:
        return Moves(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, len(shape), 2)))
    return Moves(np.array(start), np.array(end), np.array(vectors))


def _alike(rotations: Array, anchors: NDArray[np.int64], frame: int) -> list[int]:
    """Return the anchors in which the head is turned most nearly as in a frame."""
    relative = np.einsum("ij,nij->n", rotations[frame], rotations[anchors])
    turned = np.arccos(np.clip((relative - 1.0) / 2.0, -1.0, 1.0))
    turned[np.abs(anchors - frame) < _LEAST_APART] = np.inf
    nearest = np.argsort(turned)[:_LINKS]
    return [int(anchors[i]) for i in nearest if turned[i] < _TURNED]


def _followed(before: Grey, after: Grey, start: Array, guess: Array) -> NDArray[np.float32]:
    """Return how points moved [K, 2], NaN where the way back ends elsewhere (Lucas-Kanade)."""
    points, guesses = (place.astype(np.float32)[:, None] for place in (start, guess))
    end = _search(before, after, points, guesses)
    back = _search(after, before, end, points)
    good = np.abs(back - points).max(axis=(1, 2)) < _AGREES
    return np.where(good[:, None], (end - points)[:, 0], np.nan).astype(np.float32)


def _search(
    before: Grey, after: Grey, points: NDArray[np.float32], guess: NDArray[np.float32]
) -> NDArray[np.float32]:
    found, _, _ = cv2.calcOpticalFlowPyrLK(
        before,
        after,
        points,
        guess.copy(),
        winSize=_WINDOW,
        maxLevel=_LEVELS,
        flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
    )
    return np.asarray(found, np.float32)
