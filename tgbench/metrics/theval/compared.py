"""A number of a clip by itself, and how near it is to that of the truth."""

from __future__ import annotations

from ..tracks import Array, Found, TrackMetric


class ComparedWithTruth(TrackMetric):
    """A metric of one clip, of which THEval rates how near it is to the truth's.

    `score` in the details is 1 - |value - truth| / truth: 1 is best, and it may be negative. THEval
    takes it of means over all clips, in which errors of either sign cancel; here it is of a clip.
    """

    def number(self, track: Array) -> Found:
        """Return the value of a clip.

        Args:
            track: float64 [T, ...] of what `take` returned, NaN where a face is missing.
        """
        raise NotImplementedError

    def measure(self, prediction: Array, target: Array) -> Found:
        """Return the value, with the truth's and the score in the details."""
        own, true = self.number(prediction), self.number(target)
        if own.value is None:
            return own
        details = {**own.details, "truth": true.value, "score": None}
        if true.value:
            details["score"] = 1.0 - abs(own.value - true.value) / true.value
        return own._replace(details=details)
