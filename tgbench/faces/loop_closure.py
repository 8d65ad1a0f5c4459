"""Frames far apart in which the head looks the same way, and how its points differ there."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ..arrays import Image
from .optical_flow import followed
from .projection import Motion, project
from .trajectory import Moves

Array = NDArray[np.float64]

_ANCHORS = 48
_LINKS = 3
"""Anchors that every frame is compared with."""

_LEAST_APART = 8
"""Frames: nearer ones are tied by flow anyway."""

_TURNED = np.radians(8.0)
"""Turn between two frames beyond which skin looks too different to be compared."""

_FEWEST = 15


def revisits(
    picture: Callable[[int], Image], size: float, shape: Array, motion: Motion, focal: float
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
    places = (project(shape, motion, focal) + size / 2.0) * zoom
    rotations = motion.rotations
    start, end, vectors = [], [], []
    for frame in range(frames):
        now: Image | None = None
        for anchor in _alike(rotations, anchors, frame):
            now = picture(frame) if now is None else now
            moved = followed(pictures[anchor], now, places[anchor], places[frame])
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
