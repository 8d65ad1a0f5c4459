"""THEval's dynamics of lips and brows."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from ...faces.mesh import INNER_LIPS, OUTER_LIPS
from ...interfaces import FrameView, Points
from ..tracks import Array, Found
from .compared import ComparedWithTruth
from .specs import EYEBROW, EYEBROW_PAPER, LIP_DYNAMICS, LIP_DYNAMICS_PAPER

_SIDE = 256.0
"""Pixels that frames are squeezed to, in both directions."""

_LIPS = sorted({*OUTER_LIPS, *INNER_LIPS})

_BROWS = (
    (276, 282, 283, 285, 293, 295, 296, 300, 334, 336),
    (46, 52, 53, 55, 63, 65, 66, 70, 105, 107),
)
_EYES = (
    (249, 263, 362, 373, 374, 380, 381, 382, 384, 385, 386, 387, 388, 390, 398, 466),
    (7, 33, 133, 144, 145, 153, 154, 155, 157, 158, 159, 160, 161, 163, 173, 246),
)

_NO_FACES = Found(None, "too few frames show a face")


class LipDynamics(ComparedWithTruth):
    """Mean deviation over time of the 780 distances between 40 lip points.

    In pixels of a frame that is squeezed to 256x256, so that a larger face has a larger value.
    """

    spec = LIP_DYNAMICS
    definition = "780 distances of 40 lip points, frames of 256x256; mean of their deviations"
    _lost: ClassVar[int] = 0
    """By which the number of frames is less in a deviation."""

    def update(self, frame: FrameView) -> float | None:
        """See a frame."""
        height, width = frame.prediction.shape[:2]
        self._squeeze = _SIDE / np.array([width, height], np.float64)
        return super().update(frame)

    @staticmethod
    def take(points: Points) -> Array:
        """Return the lips [40, 2] in pixels."""
        return np.asarray(points, np.float64)[_LIPS, :2]

    def number(self, track: Array) -> Found:
        """Return the mean deviation."""
        seen = track[~np.isnan(track).any(axis=(1, 2))] * self._squeeze
        if len(seen) < 2:
            return _NO_FACES
        one, other = np.triu_indices(len(_LIPS), 1)
        deviations = [
            np.linalg.norm(seen[:, i] - seen[:, j], axis=-1).std(ddof=self._lost)
            for i, j in zip(one, other, strict=True)
        ]
        return Found(float(np.mean(deviations)))


class LipDynamicsPaper(LipDynamics):
    """The same with the deviations of a sample."""

    spec = LIP_DYNAMICS_PAPER
    definition = f"{LipDynamics.definition} of a sample"
    _lost = 1


class Eyebrow(ComparedWithTruth):
    """How much the distance of a brow from its eye changes from frame to frame.

    Centres are means of points, distances by that of the eyes' centres, changes absolute, means
    over frames and both sides. It grows as the frame rate falls. THEval's program closes up
    frames without a face; here differences across them are missing.
    """

    spec = EYEBROW
    definition = "distance of brow and eye by that of the eyes; mean absolute difference of frames"

    @staticmethod
    def take(points: Points) -> Array:
        """Return the distance of both brows [2] from their eyes, by that of the eyes."""
        flat = np.asarray(points, np.float64)[:, :2]
        eyes = [flat[list(eye)].mean(axis=0) for eye in _EYES]
        brows = [flat[list(brow)].mean(axis=0) for brow in _BROWS]
        distances = np.linalg.norm(np.subtract(brows, eyes), axis=-1)
        return np.asarray(distances / np.linalg.norm(np.subtract(*eyes)))

    def number(self, track: Array) -> Found:
        """Return the mean change."""
        changes = np.abs(np.diff(track, axis=0))
        return _NO_FACES if np.isnan(changes).all() else Found(float(np.nanmean(changes)))


class EyebrowPaper(Eyebrow):
    """The deviation of that distance over the clip."""

    spec = EYEBROW_PAPER
    definition = "distance of brow and eye by that of the eyes; deviation over the clip"

    def number(self, track: Array) -> Found:
        """Return the deviation, mean of both sides."""
        seen = track[~np.isnan(track).any(axis=1)]
        return Found(float(seen.std(axis=0).mean())) if len(seen) > 1 else _NO_FACES
