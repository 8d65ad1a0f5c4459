"""Whether pixels flicker that should stand still."""

from __future__ import annotations

from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from ...interfaces import FrameView, Image, Measurement, MetricContext
from .specs import FLICKER

_STILL = 1.5
"""Levels: the deviation over the clip below which a true pixel stands still."""

_FEWEST = 0.02
"""Share of the pixels that must stand still."""


Sums = NDArray[np.float32]


class _Changes:
    """Summed absolute changes of every pixel from frame to frame.

    Exact up to 65,000 frames of the largest changes, as single precision holds them.
    """

    def __init__(self) -> None:
        self.first: Image | None = None
        self.last: Image | None = None
        self.total: Sums | None = None

    def see(self, image: Image) -> None:
        if self.last is None or self.total is None:
            self.first, self.total = image, np.zeros(image.shape, np.float32)
        else:
            cv2.accumulate(cv2.absdiff(self.last, image), self.total)
        self.last = image

    def merge(self, later: _Changes) -> None:
        if later.first is None or later.total is None:
            return
        if self.last is None or self.total is None:
            self.first, self.last, self.total = later.first, later.last, later.total
            return
        cv2.accumulate(cv2.absdiff(self.last, later.first), self.total)
        self.total += later.total
        self.last = later.last


class _Deviations:
    """Sums of how far every pixel is from its first value, and of the squares."""

    def __init__(self, first: Image) -> None:
        self.first = first
        self.frames = 0
        self.total: Sums = np.zeros(first.shape, np.float32)
        self.squares: Sums = np.zeros(first.shape, np.float32)

    def see(self, image: Image) -> None:
        distance = cv2.subtract(image, self.first, dtype=cv2.CV_32F)
        cv2.accumulate(distance, self.total)
        cv2.accumulateSquare(distance, self.squares)
        self.frames += 1

    def merge(self, later: _Deviations) -> None:
        shift = later.first.astype(np.float32) - self.first
        self.squares += later.squares + 2 * shift * later.total + later.frames * shift * shift
        self.total += later.total + later.frames * shift
        self.frames += later.frames

    def variance(self) -> NDArray[np.float64]:
        return np.asarray(
            self.squares / self.frames - np.square(self.total / self.frames, dtype=np.float64)
        )


class Flicker:
    """Mean absolute change from frame to frame over still pixels, less that of the truth.

    A pixel stands still where its true values deviate by less than 1.5 levels over the clip. The
    memory that this takes depends on the size of a frame, not on their number.
    """

    spec = FLICKER

    def __init__(self, context: MetricContext) -> None:
        self._own, self._true = _Changes(), _Changes()
        self._deviations: _Deviations | None = None

    def update(self, frame: FrameView) -> float | None:
        """See a frame; which pixels stand still is known only at the end."""
        if self._deviations is None:
            self._deviations = _Deviations(frame.target)
        self._deviations.see(frame.target)
        self._own.see(frame.prediction)
        self._true.see(frame.target)
        return None

    def merge(self, later: Self) -> None:
        """Go on with the frames that `later` has seen."""
        if later._deviations is None:
            return
        if self._deviations is None:
            self._deviations = later._deviations
        else:
            self._deviations.merge(later._deviations)
        self._own.merge(later._own)
        self._true.merge(later._true)

    def compute(self) -> Measurement:
        """Return the excess, with both changes in the details."""
        frames = 0 if self._deviations is None else self._deviations.frames
        if self._deviations is None or frames < 2:
            return Measurement(None, "takes at least two frames", 0, frames)
        still = self._deviations.variance() < _STILL**2
        share = float(still.mean())
        if share < _FEWEST:
            reason = f"{share:.1%} of the true pixels stand still; it takes {_FEWEST:.0%}"
            return Measurement(None, reason, 0, frames)
        own, true = (
            float(changes.total[still].mean(dtype=np.float64) / (frames - 1))
            for changes in (self._own, self._true)
            if changes.total is not None
        )
        return Measurement(
            own - true,
            scored=frames,
            total=frames,
            measured_by="mean absolute change of values that deviate by less than 1.5 levels in "
            "the target, less the target's own",
            details={"change": own, "true_change": true, "still_share": share},
        )
