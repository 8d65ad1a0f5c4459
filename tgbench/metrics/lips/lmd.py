"""Landmark distance, in each of the meanings that the field gives it.

`Lmd` is that of TalkingGaussian and ER-NeRF; the others are measured when named.
"""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from ...arrays import Points
from ...interfaces import FrameView, Measurement, MetricContext
from ...specs import MetricSpec
from ..frame_mean import FrameMean
from ..landmark_geometry import MOUTH, inter_ocular_distance
from .specs import LMD, LMD_ABSOLUTE, LMD_FACE, LMD_RELATIVE, LMD_SUM

_WHOLE_FACE = slice(0, 68)


def mouth_landmark_distance(prediction: Points, target: Points) -> float:
    """Return the mean distance of the 20 mouth points, each mouth centred on its own mean.

    Args:
        prediction: the 68 iBUG landmarks [68, 2] in pixels (x, y).
        target: the same of the ground truth.

    Returns:
        Pixels, not negative. Where the mouth stands in the image does not matter.
    """
    return float(_distances(prediction, target, MOUTH, centred=True).mean())


def face_landmark_distance(prediction: Points, target: Points) -> float:
    """Return the mean distance of all 68 points, each face centred on its own mean (F-LMD)."""
    return float(_distances(prediction, target, _WHOLE_FACE, centred=True).mean())


def summed_mouth_distance(prediction: Points, target: Points) -> float:
    """Return the sum, not the mean, over the 20 mouth points (M-LMD of EAT's evaluation)."""
    return float(_distances(prediction, target, MOUTH, centred=True).sum())


def uncentred_mouth_distance(prediction: Points, target: Points) -> float:
    """Return the mean distance of the 20 mouth points where they stand in the image.

    The definition of Chen et al. 2018 ("Lip Movements Generation at a Glance"): a mouth of the
    right shape in a wrong place counts as wrong.
    """
    return float(_distances(prediction, target, MOUTH, centred=False).mean())


def relative_mouth_distance(prediction: Points, target: Points) -> float:
    """Return the centred mouth distance by the target's distance of the outer eye corners."""
    return mouth_landmark_distance(prediction, target) / inter_ocular_distance(target)


def _distances(
    prediction: Points, target: Points, region: slice, centred: bool
) -> NDArray[np.float64]:
    first, second = (np.asarray(points, np.float64)[region] for points in (prediction, target))
    if centred:
        first, second = first - first.mean(axis=0), second - second.mean(axis=0)
    distances: NDArray[np.float64] = np.linalg.norm(first - second, axis=1)
    return distances


class Lmd:
    """Mean over frames of the mouth's landmark distance, in pixels of the frame.

    A frame in which either image shows no face is not scored, and counted by cause. The distance
    also comes as a share of the target's inter-ocular distance, which image size does not change.

    One detector finds both faces, so that what it gets wrong alike in both cancels. Where the
    truth's landmarks are known exactly, as in views of synthetic people, the details have the
    distance of either face from those: `of_the_truth` is what the detector gets wrong from there.
    """

    spec: ClassVar[MetricSpec] = LMD
    definition: ClassVar[str] = (
        "points 48 to 67, each mouth centred on its mean, mean Euclidean distance"
    )

    def __init__(self, context: MetricContext) -> None:
        self._mean = FrameMean()
        self._relative = FrameMean()
        self._faceless = {"prediction": 0, "target": 0}
        self._truth = None if context.cameras is None else context.cameras.truth
        self._to_exact, self._of_the_truth = FrameMean(), FrameMean()

    @staticmethod
    def distance(prediction: Points, target: Points) -> float:
        """Return the distance of two faces, [68, 2] each."""
        return mouth_landmark_distance(prediction, target)

    def update(self, frame: FrameView) -> float | None:
        """Return the frame's distance, None where a face is missing."""
        prediction, target = frame.prediction_landmarks, frame.target_landmarks
        self._faceless["prediction"] += prediction is None
        self._faceless["target"] += target is None
        if prediction is None or target is None:
            return self._mean.add(None)
        self._relative.add(relative_mouth_distance(prediction, target))
        if self._truth is not None:
            exact = self._truth.landmarks(frame.index)
            self._to_exact.add(self.distance(prediction, exact))
            self._of_the_truth.add(self.distance(target, exact))
        return self._mean.add(self.distance(prediction, target))

    def compute(self) -> Measurement:
        """Return the mean over frames."""
        exact = {"to_exact_landmarks": self._to_exact, "of_the_truth": self._of_the_truth}
        return self._mean.measurement(
            self.definition,
            reason="no frame shows a face in both videos",
            details={
                "relative_to_inter_ocular": self._relative.value,
                "faceless_predictions": self._faceless["prediction"],
                "faceless_targets": self._faceless["target"],
                **({} if self._truth is None else {name: at.value for name, at in exact.items()}),
            },
        )

    def merge(self, later: Self) -> None:
        """Take in the frames that `later` has seen."""
        self._mean.merge(later._mean)
        self._relative.merge(later._relative)
        self._to_exact.merge(later._to_exact)
        self._of_the_truth.merge(later._of_the_truth)
        for name, count in later._faceless.items():
            self._faceless[name] += count


class LmdRelative(Lmd):
    """The mouth's landmark distance as a share of the inter-ocular distance."""

    spec = LMD_RELATIVE
    definition = f"{Lmd.definition}, by the distance of the target's outer eye corners"
    distance = staticmethod(relative_mouth_distance)


class LmdFace(Lmd):
    """The landmark distance of the whole face."""

    spec = LMD_FACE
    definition = "all 68 points, each face centred on its mean, mean Euclidean distance"
    distance = staticmethod(face_landmark_distance)


class LmdSum(Lmd):
    """The summed landmark distance of the mouth."""

    spec = LMD_SUM
    definition = "points 48 to 67, each mouth centred on its mean, sum of Euclidean distances"
    distance = staticmethod(summed_mouth_distance)


class LmdAbsolute(Lmd):
    """The landmark distance of the mouth where it stands in the image."""

    spec = LMD_ABSOLUTE
    definition = "points 48 to 67, not centred, mean Euclidean distance"
    distance = staticmethod(uncentred_mouth_distance)
