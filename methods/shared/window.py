"""Rectangles of an image."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_MARGIN = 8
"""Pixels around the content of a window, so that blurred edges are included."""


@dataclass(frozen=True)
class Window:
    """A rectangle of an image in pixels: columns left..right, rows top..bottom, ends excluded."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def rows_columns(self) -> tuple[slice, slice]:
        """What to index an image with."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.right - self.left, self.bottom - self.top

    def relative_to(self, other: Window) -> Window:
        """Return the same rectangle counted from another's corner."""
        left, top = other.left, other.top
        return Window(self.left - left, self.top - top, self.right - left, self.bottom - top)

    def within(self, other: Window) -> Window:
        """Return this rectangle, counted from another's corner, in the other's coordinates."""
        left, top = other.left, other.top
        return Window(self.left + left, self.top + top, self.right + left, self.bottom + top)

    def clipped(self, size: tuple[int, int]) -> Window:
        """Return the part inside an image of a size."""
        return Window(
            min(max(self.left, 0), size[0]),
            min(max(self.top, 0), size[1]),
            min(max(self.right, 0), size[0]),
            min(max(self.bottom, 0), size[1]),
        )

    def resized(self, width: int, height: int, limits: tuple[int, int]) -> Window:
        """Return the window of a given size about the same centre, moved into the image."""
        left = (self.left + self.right - width) // 2
        top = (self.top + self.bottom - height) // 2
        left = min(max(left, 0), limits[0] - width)
        top = min(max(top, 0), limits[1] - height)
        return Window(left, top, left + width, top + height)


def bounds(mask: NDArray[np.bool_]) -> Window | None:
    """Return the least window about a mask [H, W], None for an empty one."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if len(rows) == 0:
        return None
    return Window(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)


def enclosing(first: Window | None, second: Window) -> Window:
    """Return the least window about two, of which the first may be missing."""
    if first is None:
        return second
    return Window(
        min(first.left, second.left),
        min(first.top, second.top),
        max(first.right, second.right),
        max(first.bottom, second.bottom),
    )


def same_size(windows: Iterable[Window], limits: tuple[int, int]) -> list[Window]:
    """Grow all windows to the largest and a margin, so that a loss weighs all pixels equally."""
    windows = list(windows)
    width = max(window.right - window.left for window in windows) + 2 * _MARGIN
    height = max(window.bottom - window.top for window in windows) + 2 * _MARGIN
    width, height = min(width, limits[0]), min(height, limits[1])
    return [window.resized(width, height, limits) for window in windows]
