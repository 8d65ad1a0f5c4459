"""Where a clip is cut: the first frames of new shots."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..overlap import in_order
from . import layout
from .identity import Identity
from .image_files import decode_image

Array = NDArray[np.float64]

_SIDE = 64
_LEAST_CHANGE = 5.0
"""Mean change of a picture at a cut, grey levels, at least."""

_TIMES = 3.0
"""How much larger than the changes around it that of a cut is."""

_AROUND = 5


def cuts(identity: Identity) -> list[int]:
    """Return the frames at which another shot begins, found in the frames as filmed.

    A cut is a change much larger than those of the frames around it, after which the picture
    stays another one. Fast motion is large for many frames, a flash goes back.
    """
    small = np.stack([*in_order(lambda frame: _small(identity, frame), range(len(identity)))])
    steps = np.abs(np.diff(small, axis=0)).mean(axis=(1, 2))
    return [
        frame + 1
        for frame in np.flatnonzero(steps > _LEAST_CHANGE)
        if _stands_out(steps, int(frame)) and _stays(small, steps, int(frame))
    ]


def _stands_out(steps: Array, at: int) -> bool:
    # The frame beside a cut may be a mixture of both shots.
    beside = [*steps[max(0, at - _AROUND) : max(0, at - 1)], *steps[at + 2 : at + 1 + _AROUND]]
    near = steps[max(0, at - 1) : at + 2]
    return bool(steps[at] == near.max() and steps[at] > _TIMES * max(beside, default=0.0))


def _stays(small: NDArray[np.float32], steps: Array, at: int) -> bool:
    before, after = small[max(0, at - 2)], small[min(len(small) - 1, at + 3)]
    return bool(np.abs(after - before).mean() > 0.6 * steps[at])


def _small(identity: Identity, frame: int) -> NDArray[np.float32]:
    # A quarter of the size is decoded several times as fast.
    path = identity.path(layout.ORIGINAL, frame)
    image = decode_image(path, cv2.IMREAD_REDUCED_GRAYSCALE_4)
    return cv2.resize(image, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
