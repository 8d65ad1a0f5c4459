"""How the head moves and trembles, beside the truth."""

from __future__ import annotations

import numpy as np

from ...faces.canonical import head_angles
from ...faces.mesh import RIGID
from ...interfaces import Points
from ..tracks import Array, Found, TrackMetric, both
from .specs import HEAD_MOTION_RATIO, JITTER_RATIO

_EYE_CORNERS = (33, 263)

_ANGLES = ("yaw", "pitch", "roll")


class JitterRatio(TrackMetric):
    """The mean third difference of points over bone, by that of the truth.

    Methods that find every frame by itself tremble, to which PSNR is blind. Below 1 a head is
    smoother than the true one; frozen it is 0. The detector trembles in both, so that a perfectly
    smooth head is not 0, and half a pixel of noise is less than twice as much.
    """

    spec = JITTER_RATIO
    definition = (
        "vertices over bone by the distance of the outer eye corners; mean length of their third "
        "differences, by that of the target"
    )

    @staticmethod
    def take(points: Points) -> Array:
        """Return the points over bone in inter-ocular distances [K, 2]."""
        flat = np.asarray(points, np.float64)[:, :2]
        return np.asarray(flat[list(RIGID)] / np.linalg.norm(np.subtract(*flat[[*_EYE_CORNERS]])))

    def measure(self, prediction: Array, target: Array) -> Found:
        """Return the ratio, and in the details that of the points' mean."""
        own, true = (np.diff(track, 3, axis=0) for track in (prediction, target))
        seen = both(own, true)
        if not len(seen):
            return Found(None, "no four neighbouring frames show both faces")
        truth = _length(true[seen])
        if truth == 0.0:
            return Found(None, "the true head does not move at all")
        centre = _length(true[seen].mean(axis=1))
        return Found(
            _length(own[seen]) / truth,
            details={"of_the_centre": _length(own[seen].mean(axis=1)) / centre if centre else None},
        )


class HeadMotionRatio(TrackMetric):
    """The deviation of the head's angles, by that of the truth; a frozen head is 0.

    Methods that are given the true poses copy them: their ratio says nothing about them.
    """

    spec = HEAD_MOTION_RATIO
    definition = (
        "yaw, pitch and roll of the face mesh's points over bone; root of the summed variances, by "
        "that of the target"
    )

    @staticmethod
    def take(points: Points) -> Array:
        """Return yaw, pitch and roll in degrees, and the head's centre by the eyes' distance."""
        mesh = np.asarray(points, np.float64)
        size = np.linalg.norm(np.subtract(*mesh[[*_EYE_CORNERS], :2]))
        centre = mesh[list(RIGID), :2].mean(axis=0) / size
        return np.concatenate([head_angles(mesh[None])[0], centre])

    def measure(self, prediction: Array, target: Array) -> Found:
        """Return the ratio, with those of the angles and of the centre in the details."""
        seen = both(prediction, target)
        own, true = prediction[seen].var(axis=0), target[seen].var(axis=0)
        if not true[:3].any():
            return Found(None, "the true head does not turn at all")
        parts = {
            name: float(np.sqrt(own[i] / true[i])) for i, name in enumerate(_ANGLES) if true[i]
        }
        if true[3:].any():
            parts["centre"] = float(np.sqrt(own[3:].sum() / true[3:].sum()))
        return Found(float(np.sqrt(own[:3].sum() / true[:3].sum())), details=parts)


def _length(vectors: Array) -> float:
    """Return the mean length of vectors [..., 2]."""
    return float(np.linalg.norm(vectors, axis=-1).mean())
