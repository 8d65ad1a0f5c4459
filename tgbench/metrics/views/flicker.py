"""Whether the colours of a head that does not move jump while the camera goes round it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np

from ...identities import Intrinsics
from ...interfaces import FrameView, Measurement, MetricContext
from ..frame_mean import FrameMean
from .reprojection import Shot, frozen_views, reprojected
from .specs import ORBIT_FLICKER


def orbit_flicker(shots: Sequence[Shot], lens: Intrinsics) -> float | None:
    """Return by how much points of a head leave the course of their colours in a view.

    A point whose colour grows or falls evenly, as light glances off it, does not flicker. One that
    is brighter by a in every second view, and darker by a in the others, flickers by a.

    Args:
        shots: three views in a row, of which the middle one is judged.
        lens: of all of them.

    Returns:
        Mean of half the absolute difference between a point's colour and the mean of its colours in
        both neighbours, levels of 255; None where no point is seen in all three.
    """
    before, now, after = shots
    earlier, later = reprojected(now, before, lens), reprojected(now, after, lens)
    seen = earlier.seen & later.seen
    if not seen.any():
        return None
    off = earlier.own - (earlier.found + later.found) / 2.0
    return float(np.abs(off)[seen].mean() / 2.0)


class OrbitFlicker:
    """The flicker of a frozen head under an orbit, mean over the frames that have two neighbours.

    Steady light and a wrong but steady shape cost little here, unlike in `ReprojectionError`; what
    changes from view to view and back does. The flicker of the true head, in the details, is that
    of the pixel grid.
    """

    spec = ORBIT_FLICKER

    def __init__(self, context: MetricContext) -> None:
        self._views = frozen_views(context)
        self._mean, self._truth = FrameMean(), FrameMean()

    def update(self, frame: FrameView) -> float | None:
        """Return the flicker of the frame before, which has both neighbours now."""
        own, true = self._views.upto(frame)
        if len(true) == 3:
            self._truth.add(orbit_flicker(true, self._views.lens))
        if len(own) < 3:
            return self._mean.add(None)
        return self._mean.add(orbit_flicker(own, self._views.lens))

    def compute(self) -> Measurement:
        """Return the mean over frames."""
        return self._mean.measurement(
            "points of the head at their expected depth, against the mean of both neighbouring "
            "frames, halved",
            reason="no three frames show the same points",
            details={"of_the_truth": self._truth.value},
        )

    def merge(self, later: Self) -> None:
        """Take in the frames that `later` has seen, of which the first has none before it."""
        self._mean.merge(later._mean)
        self._truth.merge(later._truth)
