"""Whether a mouth opens where nothing is said."""

from __future__ import annotations

from typing import Self

import numpy as np

from ...interfaces import FrameView, Measurement, MetricContext, Points
from ..frame_mean import FrameMean
from .specs import LIP_LEAK

OPEN = 0.25
"""Height of the inner lips by their width, above which a mouth is open (KeySync, 2505.00497)."""

_CORNERS, _MIDDLE = (60, 64), (62, 66)


def inner_lip_ratio(landmarks: Points) -> float:
    """Return the height of the inner lips by the distance of their corners, for [68, 2]."""
    points = np.asarray(landmarks, np.float64)
    height, width = (np.linalg.norm(np.subtract(*points[[*ends]])) for ends in (_MIDDLE, _CORNERS))
    return float(height / width)


class LipLeak:
    """The share of frames whose mouth is open. Meant for heads driven by silence or noise.

    The mean ratio in the details tells a mouth that is shut from one that is nearly open.
    """

    spec = LIP_LEAK

    def __init__(self, context: MetricContext) -> None:
        self._share = FrameMean()
        self._ratio = FrameMean()

    def update(self, frame: FrameView) -> float | None:
        """Return 1 for an open mouth, 0 for a shut one, None without a face."""
        landmarks = frame.prediction_landmarks
        if landmarks is None:
            return self._share.add(None)
        ratio = inner_lip_ratio(landmarks)
        self._ratio.add(ratio)
        return self._share.add(float(ratio > OPEN))

    def merge(self, later: Self) -> None:
        """Take in the frames that `later` has seen."""
        self._share.merge(later._share)
        self._ratio.merge(later._ratio)

    def compute(self) -> Measurement:
        """Return the share."""
        return self._share.measurement(
            f"height of the inner lips above {OPEN:g} of their width",
            reason="no frame shows a face",
            details={"mean_ratio": self._ratio.value},
        )
