"""Metrics of how something moves over a clip: numbers of every frame, in both videos.

A frame in which a face is missing is NaN, and so is every difference across it. It is counted,
never closed up.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from ..interfaces import FrameView, Measurement, MetricContext, Points
from ..specs import MetricSpec, Needs

Array = NDArray[np.float64]


class Found(NamedTuple):
    """What a metric makes of two tracks.

    Attributes:
        value: the number; None with a reason.
        reason: why there is none.
        details: further numbers.
        scored: frames that count; None: all that have numbers in both tracks.
    """

    value: float | None
    reason: str = ""
    details: Mapping[str, Any] = {}
    scored: int | None = None


class TrackMetric:
    """A metric of the tracks of prediction and target.

    A subclass says what it takes from a frame's landmarks (or its mesh, if its spec needs that),
    and what it makes of both tracks.
    """

    spec: ClassVar[MetricSpec]
    definition: str

    def __init__(self, context: MetricContext) -> None:
        self.fps = context.fps
        self._prediction: list[Array | None] = []
        self._target: list[Array | None] = []

    @staticmethod
    def take(points: Points) -> Array:
        """Return an array of numbers, of one shape for all frames, from a frame's points."""
        raise NotImplementedError

    def measure(self, prediction: Array, target: Array) -> Found:
        """Return the value.

        Args:
            prediction: float64 [T, ...] of what `take` returned, NaN where a face is missing.
            target: the same.
        """
        raise NotImplementedError

    def update(self, frame: FrameView) -> float | None:
        """See a frame; what it contributes is known only with its neighbours."""
        mesh = Needs.MESH in self.spec.needs
        self._prediction.append(
            self._taken(frame.prediction_mesh if mesh else frame.prediction_landmarks)
        )
        if Needs.TARGET in self.spec.needs:
            self._target.append(self._taken(frame.target_mesh if mesh else frame.target_landmarks))
        return None

    def merge(self, later: Self) -> None:
        """Go on with the frames that `later` has seen."""
        self._prediction += later._prediction
        self._target += later._target

    def tracks(self) -> tuple[Array, Array] | None:
        """Return both tracks; None where no frame shows a face in all videos that are needed."""
        prediction = _stacked(self._prediction)
        if Needs.TARGET not in self.spec.needs:
            return None if prediction is None else (prediction, prediction)
        target = _stacked(self._target)
        if prediction is None or target is None or not len(both(prediction, target)):
            return None
        return prediction, target

    def compute(self) -> Measurement:
        """Return what `measure` finds, with the frames that show no face."""
        found = self.tracks()
        if found is None:
            result, scored = Found(None, "no frame shows a face"), 0
        else:
            result = self.measure(*found)
            scored = len(both(*found)) if result.scored is None else result.scored
        faceless = {"faceless_predictions": sum(each is None for each in self._prediction)}
        if Needs.TARGET in self.spec.needs:
            faceless["faceless_targets"] = sum(each is None for each in self._target)
        return Measurement(
            result.value,
            result.reason,
            scored if result.value is not None else 0,
            len(self._prediction),
            self.definition,
            {**result.details, **faceless},
        )

    def _taken(self, points: Points | None) -> Array | None:
        # Single precision halves what an hour's track takes, and is finer than any detector.
        return None if points is None else np.asarray(self.take(points), np.float32)


def both(prediction: Array, target: Array) -> NDArray[np.intp]:
    """Return the frames that have numbers in both tracks, in order."""
    seen = [~np.isnan(track.reshape(len(track), -1)).any(axis=1) for track in (prediction, target)]
    return np.flatnonzero(seen[0] & seen[1])


def runs(frames: NDArray[np.intp], fewest: int) -> list[NDArray[np.intp]]:
    """Return stretches of neighbouring frames that have at least so many."""
    cuts = np.flatnonzero(np.diff(frames) > 1) + 1
    return [run for run in np.split(frames, cuts) if len(run) >= fewest]


def _stacked(track: list[Array | None]) -> Array | None:
    shape = next((each.shape for each in track if each is not None), None)
    if shape is None:
        return None
    missing = np.full(shape, np.nan, np.float32)
    stacked = np.stack([missing if each is None else each for each in track])
    return stacked.astype(np.float64)
