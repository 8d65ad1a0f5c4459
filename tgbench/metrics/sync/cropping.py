"""The picture of a face that SyncNet sees: smoothed boxes, cut out with their surroundings.

Source: `crop_video` of the original's `run_pipeline.py`.
"""

from __future__ import annotations

from collections import deque

import cv2
import numpy as np

from ...arrays import Image
from .nms import Boxes

CROP_SIDE = 224
"""Pixels; the network takes nothing else."""

KERNEL = 13
"""Frames over which boxes are smoothed."""

DELAY = KERNEL // 2
"""Frames after which a smoothed box is known."""

_MARGIN = 0.40
_GREY = 110


class BoxSmoother:
    """Running median of half side and centre over 13 frames, with zeros beyond both ends.

    The zeros are scipy's `medfilt`: they bias the first and the last six boxes towards smaller
    values, in the original as here.
    """

    def __init__(self) -> None:
        self._window: deque[Boxes] = deque([np.zeros(3)] * DELAY, maxlen=KERNEL)

    def push(self, box: Boxes) -> Boxes | None:
        """Take the next box [4].

        Returns:
            Half side, x and y [3] of the box six frames ago; None where there is none yet.
        """
        sides = box[2:] - box[:2]
        x, y = (box[:2] + box[2:]) / 2
        return self._push(np.array([sides.max() / 2, x, y]))

    def finish(self) -> list[Boxes]:
        """Return what the end of the track left over, oldest first; to be called once."""
        rest = (self._push(np.zeros(3)) for _ in range(DELAY))
        return [place for place in rest if place is not None]

    def _push(self, place: Boxes) -> Boxes | None:
        self._window.append(place)
        if len(self._window) < KERNEL:
            return None
        middle: Boxes = np.sort(np.stack(self._window), axis=0)[DELAY]
        return middle


def crop_face(image: Image, place: Boxes) -> Image:
    """Cut out a face: one half side above its centre, 1.8 below, 1.4 to either side.

    Args:
        image: uint8 RGB [H, W, 3].
        place: half side, x and y of the centre [3], pixels.

    Returns:
        uint8 RGB [224, 224, 3]; grey where it reaches beyond the image.
    """
    half, x, y = (float(value) for value in place)
    # The original pads the whole image by so much; here only what shows of it is made.
    pad = int(half * (1 + 2 * _MARGIN))
    y, x = y + pad, x + pad
    rows = slice(int(y - half), int(y + half * (1 + 2 * _MARGIN)))
    columns = slice(int(x - half * (1 + _MARGIN)), int(x + half * (1 + _MARGIN)))
    height, width = image.shape[:2]
    top, bottom = _inside(rows, pad, height)
    left, right = _inside(columns, pad, width)
    face = cv2.copyMakeBorder(
        image[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)],
        *_beyond(top, bottom, height),
        *_beyond(left, right, width),
        cv2.BORDER_CONSTANT,
        value=(_GREY,) * 3,
    )
    return np.asarray(cv2.resize(face, (CROP_SIDE, CROP_SIDE)), np.uint8)


def _inside(part: slice, pad: int, length: int) -> tuple[int, int]:
    """Return where a part of the padded image begins and ends in the image itself."""
    start, stop, _ = part.indices(length + 2 * pad)
    return start - pad, stop - pad


def _beyond(start: int, stop: int, length: int) -> tuple[int, int]:
    """Return how much of a part lies before the image and after it."""
    return min(max(-start, 0), stop - start), min(max(stop - length, 0), stop - start)
