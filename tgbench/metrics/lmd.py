"""Landmark distance of the mouth."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..interfaces import FrameView, Measurement, MetricContext
from .face_points import MOUTH, inter_ocular_distance
from .mean import FrameMean
from .specs import LMD

Points = NDArray[np.floating]


def mouth_landmark_distance(prediction: Points, target: Points) -> float:
    """Return the mean distance of the 20 mouth points, each mouth centred on its own mean.

    Args:
        prediction: the 68 iBUG landmarks [68, 2] in pixels (x, y).
        target: the same of the ground truth.

    Returns:
        Pixels, not negative. Where the mouth stands in the image does not matter.
    """
    first, second = (np.asarray(points, np.float64)[MOUTH] for points in (prediction, target))
    offsets = (first - first.mean(axis=0)) - (second - second.mean(axis=0))
    return float(np.linalg.norm(offsets, axis=1).mean())


class Lmd:
    """Mean over frames of the mouth's landmark distance, in pixels of the frame.

    A frame in which either image shows no face is not scored, and counted by cause. The distance
    also comes as a share of the target's inter-ocular distance, which image size does not change.
    """

    spec = LMD

    def __init__(self, context: MetricContext) -> None:
        self._mean = FrameMean()
        self._relative = FrameMean()
        self._faceless = {"prediction": 0, "target": 0}

    def update(self, frame: FrameView) -> float | None:
        """Return the frame's distance in pixels, None where a face is missing."""
        prediction, target = frame.prediction_landmarks, frame.target_landmarks
        self._faceless["prediction"] += prediction is None
        self._faceless["target"] += target is None
        if prediction is None or target is None:
            return self._mean.add(None)
        distance = mouth_landmark_distance(prediction, target)
        self._relative.add(distance / inter_ocular_distance(target))
        return self._mean.add(distance)

    def compute(self) -> Measurement:
        """Return the mean over frames."""
        return self._mean.measurement(
            "points 48 to 67, each mouth centred on its mean, mean Euclidean distance",
            reason="no frame shows a face in both videos",
            details={
                "relative_to_inter_ocular": self._relative.value,
                "faceless_predictions": self._faceless["prediction"],
                "faceless_targets": self._faceless["target"],
            },
        )
