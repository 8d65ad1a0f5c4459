"""Whether a head turns in the picture as far as the camera went around it."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import NDArray

from ...errors import Unavailable
from ...faces.canonical import head_rotations
from ...faces.finders import MeshLandmarks
from ...interfaces import FrameView, Measurement, MetricContext, Points
from ..frame_mean import FrameMean
from .specs import CAMERA_ERROR

Rotation = NDArray[np.float64]


def angle_of(rotation: Rotation) -> float:
    """Return by how many degrees a rotation [3, 3] turns."""
    return float(np.degrees(np.arccos(np.clip((np.trace(rotation) - 1.0) / 2.0, -1.0, 1.0))))


class CameraError:
    """The angle between the head's pose in the picture and the one asked for, mean over frames.

    The pose asked for is that of the face in the filmed frame, as the same estimator sees it,
    turned as far as the camera went. What the estimator gets wrong about a face alike from all
    sides cancels; what it gets wrong from the side does not: the details have the error of the
    truth itself, where there is one, and the angle that was found.
    """

    spec = CAMERA_ERROR

    def __init__(self, context: MetricContext) -> None:
        if context.cameras is None:
            raise Unavailable("the camera is where the clip's was")
        self._cameras = context.cameras
        self._mesh = context.model("mesh", MeshLandmarks)
        self._mean, self._truth = FrameMean(), FrameMean()
        self._found, self._asked = FrameMean(), FrameMean()

    def update(self, frame: FrameView) -> float | None:
        """Return the frame's error in degrees, None where no face was found in a picture."""
        turn = self._cameras.turns[frame.index]
        filmed = _pose(self._mesh.mesh(self._cameras.filmed(frame.index)))
        seen = _pose(frame.prediction_mesh)
        if filmed is None or seen is None:
            return self._mean.add(None)
        self._asked.add(angle_of(turn))
        self._found.add(angle_of(seen @ filmed.T))
        if self._cameras.truth is not None:
            true = _pose(frame.target_mesh)
            self._truth.add(None if true is None else angle_of(true @ (turn @ filmed).T))
        return self._mean.add(angle_of(seen @ (turn @ filmed).T))

    def compute(self) -> Measurement:
        """Return the mean over frames."""
        return self._mean.measurement(
            "pose of the mesh's points over bone, against that of the filmed frame turned as the "
            "camera went",
            reason="no frame shows a face whose pose could be found",
            details={
                "of_the_truth": self._truth.value,
                "asked": self._asked.value,
                "found": self._found.value,
            },
        )

    def merge(self, later: Self) -> None:
        """Take in the frames that `later` has seen."""
        for name in ("_mean", "_truth", "_found", "_asked"):
            getattr(self, name).merge(getattr(later, name))


def _pose(mesh: Points | None) -> Rotation | None:
    return None if mesh is None else np.asarray(head_rotations(np.asarray(mesh)[None])[0])
