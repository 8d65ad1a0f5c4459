"""How like the person a rendered face is to real frames that show the head from the same side."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from ...errors import Unavailable
from ...faces.finders import MeshLandmarks
from ...interfaces import FilmedClip, FrameView, Measurement, MetricContext
from ...specs import MetricSpec
from ..frame_mean import FrameMean
from .faces import ArcfaceNetwork, DlibNetwork, FaceNetwork, Vector, face_vectors
from .likeness import CsimArcface, IdDistance
from .specs import CSIM_VIEW_ARCFACE, ID_VIEW

_APART = 1.0
"""Seconds that two frames of one person must be apart: neighbours are nearly one picture."""


class RealFaces:
    """The frames of a clip by the side from which they show the head, with their face vectors."""

    def __init__(self, clip: FilmedClip, network: FaceNetwork, mesh: MeshLandmarks) -> None:
        self._clip, self._network, self._mesh = clip, network, mesh
        self._directions = _unit(clip.poses[:, :3, 3])
        self._known: dict[int, Vector | None] = {}

    def nearest(self, pose: NDArray[np.floating], away_from: float) -> tuple[int, float] | None:
        """Return the frame that shows the head most nearly as a camera does.

        Args:
            pose: of the camera, to the head [4, 4].
            away_from: a time in seconds, from which the frame is at least a second apart.

        Returns:
            Its index, and the degrees between both directions; None: the clip is too short.
        """
        allowed = np.abs(self._clip.times - away_from) >= _APART
        if not allowed.any():
            return None
        cosines = np.where(allowed, self._directions @ _unit(pose[None, :3, 3])[0], -2.0)
        best = int(np.argmax(cosines))
        return best, float(np.degrees(np.arccos(np.clip(cosines[best], -1.0, 1.0))))

    def time(self, index: int) -> float:
        """Return when a frame was filmed, in seconds."""
        return float(self._clip.times[index])

    def vector(self, index: int) -> Vector | None:
        """Return the vector of the face in a frame; None where no face was found."""
        if index not in self._known:
            image = self._clip.image(index)
            mesh = self._mesh.mesh(image)
            self._known[index] = None if mesh is None else self._network.vector(image, mesh)
        return self._known[index]


class _LikenessByAngle:
    """A rendered face against the real frame that is filmed from the nearest angle.

    That frame is at least a second away from the one whose pose and expression are rendered. The
    ceiling is what the same comparison gives for two real frames, a second apart, of that angle.
    The details say how far that angle is from the asked one, on average.
    """

    spec: ClassVar[MetricSpec]
    network: ClassVar[Callable[[], FaceNetwork]]
    definition: ClassVar[str]

    @staticmethod
    def compared(one: Vector, other: Vector) -> float:
        """Return how two vectors compare."""
        raise NotImplementedError

    def __init__(self, context: MetricContext) -> None:
        cameras = context.cameras
        if cameras is None or cameras.clip is None:
            raise Unavailable("no clip is known that shows the person from the same side")
        self._cameras, clip = cameras, cameras.clip
        self._vectors = face_vectors(context, type(self).network)
        mesh = context.model("mesh", MeshLandmarks)
        self._real = context.shared.once(
            (type(self).network, "real faces"),
            lambda: RealFaces(clip, self._vectors.network, mesh),
        )
        self._mean, self._ceiling, self._degrees = FrameMean(), FrameMean(), FrameMean()

    def update(self, frame: FrameView) -> float | None:
        """Compare a face, of a frame in every 0.2 s."""
        if not self._vectors.looks_at(frame):
            return None
        pose = self._cameras.poses[frame.index]
        found = self._real.nearest(pose, self._real.time(int(self._cameras.sources[frame.index])))
        shown = self._vectors.prediction(frame)
        if found is None or shown is None:
            return self._mean.add(None)
        index, degrees = found
        real = self._real.vector(index)
        if real is None:
            return self._mean.add(None)
        self._degrees.add(degrees)
        self._ceiling.add(self._between_real(pose, index, real))
        return self._mean.add(self.compared(shown, real))

    def compute(self) -> Measurement:
        """Return the mean over frames; the details have the ceiling, and how near real ones are."""
        return self._mean.measurement(
            f"{self.definition}, the real frame of the nearest angle, a frame in every 0.2 s; "
            f"{self._vectors.network.describe()}",
            reason="no frame that was looked at shows a face, or the clip is shorter than 2 s",
            details={
                "real_to_real": self._ceiling.value,
                "nearest_real_degrees": self._degrees.value,
            },
        )

    def merge(self, later: Self) -> None:
        """Take in the frames that `later` has seen."""
        for name in ("_mean", "_ceiling", "_degrees"):
            getattr(self, name).merge(getattr(later, name))

    def _between_real(self, pose: NDArray[np.floating], index: int, real: Vector) -> float | None:
        found = self._real.nearest(pose, self._real.time(index))
        other = None if found is None else self._real.vector(found[0])
        return None if other is None else self.compared(real, other)


class IdView(_LikenessByAngle):
    """Mean distance from the real face seen from the same side, to dlib's network."""

    spec = ID_VIEW
    network = DlibNetwork
    definition = IdDistance.definition
    compared = staticmethod(IdDistance.compared)


class CsimViewArcface(_LikenessByAngle):
    """Mean cosine similarity to the real face seen from the same side, to ArcFace."""

    spec = CSIM_VIEW_ARCFACE
    network = ArcfaceNetwork
    definition = CsimArcface.definition
    compared = staticmethod(CsimArcface.compared)


def _unit(vectors: NDArray[np.floating]) -> NDArray[np.float64]:
    wide = np.asarray(vectors, np.float64)
    return wide / np.linalg.norm(wide, axis=1, keepdims=True)
