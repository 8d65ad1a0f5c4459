"""Action unit error from the lengths in a face that the units change.

Needs no weights beyond the landmark detector's, and sees what moves landmarks: lids, brows, lips,
jaw. What shows in the skin only, such as a dimple or a wrinkled nose, it sees poorly. Its values
have a scale of their own and never compare with OpenFace's.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ...faces.action_units import face_lengths, intensities, rest_of
from ...faces.canonical import in_common_frame
from ...interfaces import FrameView, Measurement, MetricContext, Points
from ...specs import MetricSpec
from .error import LOWER_FACE, UPPER_FACE, frame_values, measurement, squared_differences
from .specs import AUE_L_GEOMETRY, AUE_U_GEOMETRY

Array = NDArray[np.float64]

_AT_ONCE = 64
"""Faces turned into lengths together, which is ten times as fast as one by one."""

_NO_FRAMES = face_lengths(np.zeros((0, 478, 3)))


class FaceLengths:
    """The lengths of the face in every frame of a video; of the meshes only the latest are kept."""

    def __init__(self) -> None:
        self._lengths: list[Array] = []
        self._waiting: list[Points | None] = []

    def add(self, mesh: Points | None) -> None:
        """Add a frame's mesh [478, 3], None where there is no face."""
        self._waiting.append(mesh)
        if len(self._waiting) == _AT_ONCE:
            self._measure()

    def merge(self, later: FaceLengths) -> None:
        """Take in the frames of the video that come after one's own."""
        self._measure()
        later._measure()
        self._lengths += later._lengths

    @property
    def lengths(self) -> Array:
        """[T, K] of all frames, NaN where there was no face; see `face_lengths`."""
        self._measure()
        return np.concatenate([_NO_FRAMES, *self._lengths])

    def _measure(self) -> None:
        if not self._waiting:
            return
        seen = [mesh is not None for mesh in self._waiting]
        lengths = np.full((len(seen), _NO_FRAMES.shape[1]), np.nan)
        meshes = [mesh for mesh in self._waiting if mesh is not None]
        if meshes:
            lengths[seen] = face_lengths(in_common_frame(np.stack(meshes)))
        self._lengths.append(lengths)
        self._waiting.clear()


class LowerFaceError:
    """AUE-L by geometry: AU 10, 12, 14, 15, 17, 20, 23, 25, 26.

    The target's clip alone says how the person's face is at rest, for both videos: a prediction
    that smiles throughout is wrong throughout. A frame in which either video shows no face is not
    scored, and counted by cause.
    """

    spec: ClassVar[MetricSpec] = AUE_L_GEOMETRY
    units: ClassVar[tuple[str, ...]] = LOWER_FACE

    def __init__(self, context: MetricContext) -> None:
        self._prediction = FaceLengths()
        self._target = FaceLengths()

    def update(self, frame: FrameView) -> float | None:
        """See a frame; it has a value only when the whole clip has told the face's rest."""
        self._prediction.add(frame.prediction_mesh)
        self._target.add(frame.target_mesh)
        return None

    def merge(self, later: LowerFaceError) -> None:
        """Go on with the frames that `later` has seen."""
        self._prediction.merge(later._prediction)
        self._target.merge(later._target)

    def compute(self) -> Measurement:
        """Return the error over the frames with a face in both videos."""
        faceless = [np.isnan(video.lengths[:, 0]) for video in (self._prediction, self._target)]
        return measurement(
            self._squared(),
            self.units,
            "lengths between landmarks in a common head frame, rest of the target's clip, 0 to 5; "
            "sum over units of the mean squared difference",
            reason="no frame shows a face in both videos",
            details={
                "faceless_predictions": int(faceless[0].sum()),
                "faceless_targets": int(faceless[1].sum()),
            },
        )

    def series(self) -> dict[str, list[float | None]]:
        """Return the sum over units of every frame, under the metric's own name."""
        return {self.spec.name: frame_values(self._squared())}

    def _squared(self) -> Array:
        """Return squared differences [T, units], NaN where a face is missing."""
        prediction, target = self._prediction.lengths, self._target.lengths
        if np.isnan(target).all():
            return np.full((len(target), len(self.units)), np.nan)
        rest = rest_of(target)
        # Smoothing must not see in one video what the other lacks.
        unseen = np.isnan(prediction) | np.isnan(target)
        prediction[unseen] = target[unseen] = np.nan
        videos = (intensities(lengths, rest) for lengths in (prediction, target))
        return squared_differences(*(np.stack([v[u] for u in self.units], axis=1) for v in videos))


class UpperFaceError(LowerFaceError):
    """AUE-U by geometry: AU 1, 2, 4, 5, 6, 7, 9, 45."""

    spec = AUE_U_GEOMETRY
    units = UPPER_FACE
