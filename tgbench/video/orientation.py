"""Rotation and mirroring of stored pictures, from the display matrix of a video."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import Image


@dataclass(frozen=True)
class Orientation:
    """How stored pictures become upright ones: first swap the axes, then flip.

    Attributes:
        transposed: whether rows become columns.
        across: whether left and right are then swapped.
        down: whether top and bottom are then swapped.
    """

    transposed: bool = False
    across: bool = False
    down: bool = False

    @property
    def mirrored(self) -> bool:
        """Whether text would read backwards without it."""
        return self.transposed ^ self.across ^ self.down

    @property
    def degrees(self) -> int:
        """Counter-clockwise turn; mirroring left to right, if there is any, comes after it."""
        across = self.across ^ self.mirrored
        if self.transposed:
            return 270 if across else 90
        return 180 if self.down else 0

    def upright(self, image: Image) -> Image:
        """Return a picture, uint8 [H, W, 3], upright and contiguous."""
        if self.transposed:
            image = image.transpose(1, 0, 2)
        if self.across:
            image = image[:, ::-1]
        if self.down:
            image = image[::-1]
        return np.ascontiguousarray(image)


def orientation_of(frame: Any) -> Orientation:
    """Return the orientation that a frame's display matrix says.

    The matrix (a, b; c, d) of ISO/IEC 14496-12, 6.2.2, moves the pixel (x, y) to
    (ax + cy, bx + dy). Turns that are no multiple of 90 degrees are taken as the nearest.
    """
    stored = frame.side_data.get("DISPLAYMATRIX")
    if stored is None:
        return Orientation()
    a, b, _, c, d = np.frombuffer(bytes(stored), np.int32)[:5].tolist()
    if abs(b) + abs(c) > abs(a) + abs(d):
        return Orientation(True, across=c < 0, down=b < 0)
    return Orientation(False, across=a < 0, down=d < 0)
