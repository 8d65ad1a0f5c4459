"""How much lips move, beside the truth: mumbling, which LMD rewards."""

from __future__ import annotations

import numpy as np

from ...interfaces import Points
from ..landmark_geometry import centred_mouth, mouth_opening
from ..tracks import Array, Found, TrackMetric, both
from .specs import LVD_MOUTH, MOUTH_CCC, MOUTH_GAIN

_NEVER = "the true mouth never moves"


class MouthGain(TrackMetric):
    """The deviation of the mouth's opening by that of the truth: half for a mumbling head."""

    spec = MOUTH_GAIN
    definition = "deviation of the inner-lip gap by inter-ocular distance, by that of the target"

    @staticmethod
    def take(points: Points) -> Array:
        """Return the opening of the mouth."""
        return np.asarray(mouth_opening(points))

    def measure(self, prediction: Array, target: Array) -> Found:
        """Return the ratio; 0 for a mouth that never moves."""
        seen = both(prediction, target)
        truth = target[seen].std()
        if truth == 0.0:
            return Found(None, _NEVER)
        return Found(float(prediction[seen].std() / truth))


class MouthConcordance(MouthGain):
    """Lin's concordance of the mouth's opening with the truth's: amount, level and timing at once.

    2 cov / (var + var of the truth + squared difference of the means); 1 only where all agree.
    """

    spec = MOUTH_CCC
    definition = "Lin's concordance of the inner-lip gap by inter-ocular distance"

    def measure(self, prediction: Array, target: Array) -> Found:
        """Return the concordance, -1 to 1; 0 for a mouth that never moves."""
        seen = both(prediction, target)
        own, truth = prediction[seen], target[seen]
        if truth.var() == 0.0:
            return Found(None, _NEVER)
        covariance = ((own - own.mean()) * (truth - truth.mean())).mean()
        spread = own.var() + truth.var() + (own.mean() - truth.mean()) ** 2
        return Found(float(2.0 * covariance / spread))


class MouthVelocity(TrackMetric):
    """Mean distance of the velocities of mouth points, inter-ocular distances a second.

    A constant offset costs nothing; a frozen mouth costs the true one's mean speed.
    """

    spec = LVD_MOUTH
    definition = (
        "points 48 to 67, each mouth centred on its mean and divided by its inter-ocular distance; "
        "mean distance of velocities from frame to frame"
    )

    @staticmethod
    def take(points: Points) -> Array:
        """Return the centred mouth [20, 2]."""
        return centred_mouth(points)

    def measure(self, prediction: Array, target: Array) -> Found:
        """Return the mean over neighbouring frames."""
        values = self._values(prediction, target)
        if np.isnan(values).all():
            return Found(None, "no two neighbouring frames show both faces")
        return Found(float(np.nanmean(values)))

    def series(self) -> dict[str, list[float | None]]:
        """Return the values of all frames; the first after a gap has none."""
        tracks = self.tracks()
        if tracks is None:
            return {}
        values = self._values(*tracks).tolist()
        return {self.spec.name: [None if np.isnan(value) else value for value in values]}

    def _values(self, prediction: Array, target: Array) -> Array:
        values = np.full(len(prediction), np.nan)
        change = (np.diff(prediction, axis=0) - np.diff(target, axis=0)) * self.fps
        values[1:] = np.linalg.norm(change, axis=-1).mean(axis=-1)
        return values
