"""How fast a method renders and trains."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..interfaces import FrameView, Measurement, MetricContext
from .specs import FPS, TRAINING_TIME

_NOTHING_TIMED = "nothing was timed"


def frames_per_second(frame_seconds: NDArray[np.float64]) -> float:
    """Return frames by total wall time, for seconds [K] of each frame.

    Not the mean of 1 / t, which is larger whenever frames take unlike time (Jensen).
    """
    return float(len(frame_seconds) / frame_seconds.sum())


class FramesPerSecond:
    """FPS of the timed frames; sees no image."""

    spec = FPS

    def __init__(self, context: MetricContext) -> None:
        self._timing = context.timing

    def update(self, frame: FrameView) -> float | None:
        """Score nothing: frames were timed apart from scoring."""
        return None

    def compute(self) -> Measurement:
        """Return the rate, with median and 99th percentile of a frame's milliseconds."""
        timing = self._timing
        if timing is None or len(timing.frame_seconds) == 0:
            return Measurement(None, reason=_NOTHING_TIMED)
        milliseconds = timing.frame_seconds * 1000.0
        return Measurement(
            frames_per_second(timing.frame_seconds),
            scored=len(milliseconds),
            total=len(milliseconds),
            measured_by=timing.protocol,
            details={
                "median_ms": float(np.median(milliseconds)),
                "p99_ms": float(np.percentile(milliseconds, 99)),
            },
        )


class TrainingTime:
    """Minutes of all training stages, without preprocessing and loading."""

    spec = TRAINING_TIME

    def __init__(self, context: MetricContext) -> None:
        self._timing = context.timing

    def update(self, frame: FrameView) -> float | None:
        """Score nothing: training is over."""
        return None

    def compute(self) -> Measurement:
        """Return the minutes; none where the method was not trained."""
        if self._timing is None:
            return Measurement(None, reason=_NOTHING_TIMED)
        if self._timing.training_seconds is None:
            return Measurement(None, reason="the method is not trained")
        return Measurement(
            self._timing.training_seconds / 60.0,
            measured_by="wall time of all stages, without loading, preparation and evaluation",
        )
