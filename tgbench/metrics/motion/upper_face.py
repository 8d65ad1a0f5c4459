"""Whether the face lives above the mouth."""

from __future__ import annotations

import numpy as np

from ...faces.canonical import in_common_frame
from ...interfaces import Points
from ..tracks import Array, Found, TrackMetric, both
from .specs import UPPER_DYNAMICS

_UPPER_FACE = (
    # brows
    *(70, 63, 105, 66, 107, 46, 53, 52, 65, 55),
    *(300, 293, 334, 296, 336, 276, 283, 282, 295, 285),
    # lids
    *(246, 161, 160, 159, 158, 157, 173, 7, 163, 144, 145, 153, 154, 155),
    *(466, 388, 387, 386, 385, 384, 398, 249, 390, 373, 374, 380, 381, 382),
    # between the brows and above them
    *(9, 108, 337, 69, 299),
)

_MILLIMETRES = 1000.0


class UpperDynamics(TrackMetric):
    """Mean difference of how much points of the upper face vary in the head frame.

    The upper-face dynamics deviation of 2604.17211: of every point the deviation over the clip in
    the prediction less that in the truth, absolute, averaged over points. (CodeTalker's program
    takes squared lengths and keeps the sign, so that points cancel.) A frozen face costs the true
    one's mean deviation.
    """

    spec = UPPER_DYNAMICS
    definition = (
        "brows, lids and forehead of the face mesh in the canonical head's frame; mean absolute "
        "difference of their deviations over the clip"
    )

    @staticmethod
    def take(points: Points) -> Array:
        """Return the points without the head's pose [K, 3], millimetres of the canonical head."""
        face = in_common_frame(np.asarray(points)[None])[0]
        return np.asarray(face[list(_UPPER_FACE)] * _MILLIMETRES)

    def measure(self, prediction: Array, target: Array) -> Found:
        """Return the difference, with both mean deviations in the details."""
        seen = both(prediction, target)
        own, true = (np.sqrt(track[seen].var(axis=0).sum(-1)) for track in (prediction, target))
        return Found(
            float(np.abs(own - true).mean()),
            details={"deviation": float(own.mean()), "true_deviation": float(true.mean())},
        )
