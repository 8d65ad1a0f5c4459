"""How like the true face a rendered one is."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Self

import numpy as np

from ...interfaces import FrameView, Measurement, MetricContext
from ...specs import MetricSpec
from ..frame_mean import FrameMean
from .faces import ArcfaceNetwork, DlibNetwork, FaceNetwork, Vector, face_vectors
from .specs import CSIM_ARCFACE, ID_DISTANCE


class _Likeness:
    """The mean over frames of how two vectors compare; a frame in every 0.2 s is looked at."""

    spec: ClassVar[MetricSpec]
    network: ClassVar[Callable[[], FaceNetwork]]
    definition: ClassVar[str]

    def __init__(self, context: MetricContext) -> None:
        self._vectors = face_vectors(context, type(self).network)
        self._mean = FrameMean()

    @staticmethod
    def compared(one: Vector, other: Vector) -> float:
        """Return how two vectors compare."""
        raise NotImplementedError

    def update(self, frame: FrameView) -> float | None:
        """Compare the faces of a frame."""
        if not self._vectors.looks_at(frame):
            return None
        vectors = self._vectors.prediction(frame), self._vectors.target(frame)
        if vectors[0] is None or vectors[1] is None:
            return self._mean.add(None)
        return self._mean.add(self.compared(vectors[0], vectors[1]))

    def merge(self, later: Self) -> None:
        """Take in the frames that `later` has seen."""
        self._mean.merge(later._mean)

    def compute(self) -> Measurement:
        """Return the mean."""
        return self._mean.measurement(
            f"{self.definition}, a frame in every 0.2 s; {self._vectors.network.describe()}",
            reason="no frame that was looked at shows both faces",
        )


class IdDistance(_Likeness):
    """Mean distance of the face from the true one, to dlib's network.

    Of one person in different frames about 0.3, of two people above 0.6; re-encoding costs 0.1.
    """

    spec = ID_DISTANCE
    network = DlibNetwork
    definition = "Euclidean distance of face vectors"

    @staticmethod
    def compared(one: Vector, other: Vector) -> float:
        """Return their distance."""
        return float(np.linalg.norm(one - other))


class CsimArcface(_Likeness):
    """Mean cosine similarity of the face and the true one, to ArcFace."""

    spec = CSIM_ARCFACE
    network = ArcfaceNetwork
    definition = "cosine of face vectors"

    @staticmethod
    def compared(one: Vector, other: Vector) -> float:
        """Return the cosine of the angle between them."""
        return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other)))
