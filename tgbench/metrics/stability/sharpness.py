"""How sharp the mouth is, beside the truth."""

from __future__ import annotations

from typing import Self

import cv2
import numpy as np

from ...interfaces import FrameView, Image, Measurement, MetricContext, Points
from ..frame_mean import FrameMean
from ..image.face_region import mouth_box
from .specs import SHARPNESS_MOUTH


class MouthSharpness:
    """The variance of the Laplacian around the true mouth, by that of the truth.

    The geometric mean over frames. Blurred is below 1; noise reads as detail and is above.
    """

    spec = SHARPNESS_MOUTH

    def __init__(self, context: MetricContext) -> None:
        self._octaves = FrameMean()

    def update(self, frame: FrameView) -> float | None:
        """Return the frame's ratio; None without a face, or with a mouth of one colour."""
        landmarks = frame.target_landmarks
        variances = (
            (0.0, 0.0)
            if landmarks is None
            else tuple(_variance(image, landmarks) for image in (frame.prediction, frame.target))
        )
        if 0.0 in variances:
            return self._octaves.add(None)
        ratio = variances[0] / variances[1]
        self._octaves.add(float(np.log2(ratio)))
        return ratio

    def merge(self, later: Self) -> None:
        """Take in the frames that `later` has seen."""
        self._octaves.merge(later._octaves)

    def compute(self) -> Measurement:
        """Return the geometric mean of the ratios."""
        octaves = self._octaves.value
        return Measurement(
            None if octaves is None else float(np.exp2(octaves)),
            ""
            if octaves is not None
            else "no true frame shows a face with a mouth that has detail",
            self._octaves.scored,
            self._octaves.offered,
            "variance of the Laplacian in the box of the target's points 48 to 67 and a quarter of "
            "its width, by the target's; geometric mean",
        )


def _variance(image: Image, landmarks: Points) -> float:
    height, width = image.shape[:2]
    box = mouth_box(landmarks, width, height)
    if box.empty:
        return 0.0
    grey = cv2.cvtColor(box.cut(image), cv2.COLOR_RGB2GRAY)
    return float(cv2.Laplacian(grey, cv2.CV_64F).var())
