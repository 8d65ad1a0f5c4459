"""The square around the head that a clip is cut to."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from ..arrays import Image
from .images import resized

_FACES_PER_SIDE = 2.5
"""Side of the square in heights of the face from hairline to chin: the head with its hair then
takes about half of the height, as in the clips of the field."""

_FACE_CENTRE = 0.44
"""Where the middle of the face lies in the square, from the top."""

_KEEP_WHOLE = 0.8
"""A square video whose best crop would be this share of it or more is taken as already cropped."""

_MARGIN = 0.04
_WIDEST = 1.35
"""How much a square that stands still may grow to hold a moving head; beyond, it follows."""

_FOLLOW_SECONDS = 1.5


@dataclass(frozen=True)
class Crop:
    """A square window of one size; it stands still unless the head would leave it.

    Attributes:
        side: pixels of the source.
        corners: float64 [N, 2], left and top of the window in every frame.
    """

    side: int
    corners: NDArray[np.float64]

    @property
    def fixed(self) -> bool:
        """Whether the window stands still."""
        return bool((self.corners == self.corners[0]).all())

    def cut(self, image: Image, frame: int, size: int) -> Image:
        """Return the window of a frame, uint8 RGB [size, size, 3]."""
        left, top = self.corners[min(frame, len(self.corners) - 1)]
        if self.fixed:
            x, y = round(left), round(top)
            window = image[y : y + self.side, x : x + self.side]
        else:
            centre = (left + self.side / 2.0 - 0.5, top + self.side / 2.0 - 0.5)
            window = np.asarray(cv2.getRectSubPix(image, (self.side, self.side), centre), np.uint8)
        return np.ascontiguousarray(resized(window, size))


def choose_crop(boxes: NDArray[np.floating], size: tuple[int, int], fps: float) -> Crop:
    """Choose the window for a clip.

    Args:
        boxes: the face from hairline to chin in every frame, [N, 4]: left, top, right, bottom.
        size: (width, height) of the frames.
        fps: frames a second.
    """
    width, height = size
    shortest = min(width, height)
    boxes = np.asarray(boxes, np.float64)
    tall = boxes[:, 3] - boxes[:, 1]
    ideal = _FACES_PER_SIDE * float(np.median(tall))
    if width == height and ideal >= _KEEP_WHOLE * width:
        return Crop(width, np.zeros((len(boxes), 2)))
    heads = np.stack(
        [
            boxes[:, 0] - 0.15 * tall,
            boxes[:, 1] - 0.35 * tall,
            boxes[:, 2] + 0.15 * tall,
            boxes[:, 3] + 0.1 * tall,
        ],
        axis=1,
    )
    low, high = np.percentile(heads[:, :2], 1, axis=0), np.percentile(heads[:, 2:], 99, axis=0)
    needed = float((high - low).max()) / (1.0 - 2.0 * _MARGIN)
    side = min(shortest, math.ceil(max(ideal, min(needed, _WIDEST * ideal))))
    middle = np.stack(
        [
            (boxes[:, 0] + boxes[:, 2]) / 2.0,
            (boxes[:, 1] + boxes[:, 3]) / 2.0 + (0.5 - _FACE_CENTRE) * side,
        ],
        axis=1,
    )
    room = np.array([width - side, height - side], np.float64)
    standing = np.median(middle, axis=0) - side / 2.0
    if needed <= side:
        lowest, highest = high + _MARGIN * side - side, low - _MARGIN * side
        standing = np.clip(standing, np.minimum(lowest, highest), np.maximum(lowest, highest))
        corner = np.round(np.clip(standing, 0.0, room))
        return Crop(side, np.tile(corner, (len(boxes), 1)))
    if needed > side and (room < 1.0).all():
        return Crop(side, np.zeros((len(boxes), 2)))
    path = gaussian_filter1d(middle, _FOLLOW_SECONDS * fps, axis=0, mode="nearest") - side / 2.0
    return Crop(side, np.clip(path, 0.0, room))
