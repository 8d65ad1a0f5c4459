"""Whether pixels flicker that should stand still."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import NDArray

from ...interfaces import FrameView, Image, Measurement, MetricContext
from .specs import FLICKER

_STILL = 1.5
"""Levels: the deviation over the clip below which a true pixel stands still."""

_FEWEST = 0.02
"""Share of the pixels that must stand still."""


class _Changes:
    """Summed absolute changes of every pixel from frame to frame."""

    def __init__(self) -> None:
        self.first: Image | None = None
        self.last: Image | None = None
        self.total: NDArray[np.int64] | None = None

    def see(self, image: Image) -> None:
        if self.last is None or self.total is None:
            self.first, self.total = image, np.zeros(image.shape, np.int64)
        else:
            self._add(self.last, image)
        self.last = image

    def merge(self, later: _Changes) -> None:
        if later.first is None or later.total is None:
            return
        if self.last is None or self.total is None:
            self.first, self.last, self.total = later.first, later.last, later.total
            return
        self._add(self.last, later.first)
        self.total += later.total
        self.last = later.last

    def _add(self, before: Image, after: Image) -> None:
        assert self.total is not None
        self.total += np.abs(after.astype(np.int16) - before)


class Flicker:
    """Mean absolute change from frame to frame over still pixels, less that of the truth.

    A pixel stands still where its true values deviate by less than 1.5 levels over the clip. The
    memory that this takes depends on the size of a frame, not on their number.
    """

    spec = FLICKER

    def __init__(self, context: MetricContext) -> None:
        self._own, self._true = _Changes(), _Changes()
        self._sum: NDArray[np.int64] | None = None
        self._squares: NDArray[np.int64] | None = None
        self._frames = 0

    def update(self, frame: FrameView) -> float | None:
        """See a frame; which pixels stand still is known only at the end."""
        values = frame.target.astype(np.int64)
        if self._sum is None or self._squares is None:
            self._sum, self._squares = np.zeros_like(values), np.zeros_like(values)
        self._sum += values
        self._squares += values * values
        self._frames += 1
        self._own.see(frame.prediction)
        self._true.see(frame.target)
        return None

    def merge(self, later: Self) -> None:
        """Go on with the frames that `later` has seen."""
        if later._sum is None or later._squares is None:
            return
        if self._sum is None or self._squares is None:
            self._sum, self._squares = later._sum, later._squares
        else:
            self._sum, self._squares = self._sum + later._sum, self._squares + later._squares
        self._frames += later._frames
        self._own.merge(later._own)
        self._true.merge(later._true)

    def compute(self) -> Measurement:
        """Return the excess, with both changes in the details."""
        if self._frames < 2 or self._sum is None or self._squares is None:
            return Measurement(None, "takes at least two frames", 0, self._frames)
        variance = self._squares / self._frames - np.square(self._sum / self._frames)
        still = variance < _STILL**2
        share = float(still.mean())
        if share < _FEWEST:
            reason = f"{share:.1%} of the true pixels stand still; it takes {_FEWEST:.0%}"
            return Measurement(None, reason, 0, self._frames)
        own, true = (
            float(changes.total[still].mean() / (self._frames - 1))
            for changes in (self._own, self._true)
            if changes.total is not None
        )
        return Measurement(
            own - true,
            scored=self._frames,
            total=self._frames,
            measured_by="mean absolute change of values that deviate by less than 1.5 levels in "
            "the target, less the target's own",
            details={"change": own, "true_change": true, "still_share": share},
        )
