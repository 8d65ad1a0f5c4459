"""How fast a method renders and trains: numbers of a clock, which no frame changes."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from ...interfaces import FrameView, Measurement, MetricContext, TimedFrames, Timing
from ...specs import MetricSpec
from .specs import FPS, FPS_BEST, FPS_END_TO_END, TRAINING_TIME

RENDERING = (
    "includes all from audio window to composited uint8 frame in main memory (motion, rasterising, "
    "fusion, set-up of each request); audio features, torso and plate are in memory before; "
    "encoding not included"
)
END_TO_END = (
    "from a waveform in memory to the finished file of one piece: audio features, rendering, "
    "copying, encoding (H.264 and AAC); torso and plate are in memory before"
)
TRAINING = "wall time of all stages, as the method counts it; without loading and evaluation"

TRAINING_OUTSIDE = (
    "wall time of the train commands of a program of its own, loading and evaluation included"
)

SHARED = "other jobs ran on the machine at the same time"
"""Said of times that are not those of a job alone; they never rank, even with each other."""

_NOTHING_TIMED = "nothing was timed"

_ENOUGH = 20
"""Requests below which a 99th percentile is no more than their maximum."""


def frames_per_second(timed: TimedFrames) -> float:
    """Return frames by total wall time.

    Not the mean of 1 / t, which is larger whenever frames take different times (Jensen).
    """
    return timed.frames / timed.seconds


_UNTRAINED = "the method is not trained"

LOST = "how long training took is lost"
"""Why a method that is trained may have no training time."""


class _Clocked:
    """A metric that sees no image."""

    spec: MetricSpec

    def __init__(self, context: MetricContext) -> None:
        self._timing = context.timing

    def update(self, frame: FrameView) -> float | None:
        """Score nothing: the clock ran before scoring began."""
        return None

    def merge(self, later: Self) -> None:
        """Change nothing: parts of one case have one timing."""

    def compute(self) -> Measurement:
        """Return what the clock said, or why there is nothing."""
        if self._timing is None:
            return Measurement(None, reason=_NOTHING_TIMED)
        return self._measured(self._timing.after_rendering())

    def _measured(self, timing: Timing) -> Measurement:
        raise NotImplementedError


class FramesPerSecond(_Clocked):
    """FPS where each frame is asked for on its own, as in a live conversation.

    Nothing is shared between frames or rendered ahead, so a frame's milliseconds are what a
    listener waits for it.
    """

    spec = FPS

    def _measured(self, timing: Timing) -> Measurement:
        if not timing.rendering:
            return Measurement(None, reason=timing.no_rendering or _NOTHING_TIMED)
        single = timing.rendering[0]
        if timing.reports is None:
            return _rate(single, f"one frame a request; {RENDERING}; {timing.protocol}")
        if single.batch != 1:
            reason = (
                f"the method reports the time of {single.batch} frames at once, not of one; "
                "--metrics fps_best has it"
            )
            return Measurement(None, reason=reason)
        return _rate(single, f"one frame a request; {timing.protocol}")


class BestFramesPerSecond(_Clocked):
    """FPS where a method gets as many frames at once as suits it best.

    The best of several sizes of request is that of the numbers measured, so noise lifts it a
    little; details list them all.
    """

    spec = FPS_BEST

    def _measured(self, timing: Timing) -> Measurement:
        if not timing.rendering:
            return Measurement(None, reason=timing.no_rendering or _NOTHING_TIMED)
        rates = {str(timed.batch): frames_per_second(timed) for timed in timing.rendering}
        best = max(timing.rendering, key=frames_per_second)
        how = f"best of several sizes of request; {RENDERING}; {timing.protocol}"
        if timing.reports is not None:
            how = timing.protocol
        return _rate(best, how, {"batch": best.batch, "by_batch": rates})


class EndToEndFramesPerSecond(_Clocked):
    """FPS from a sound to a video file, which is what someone who wants a video waits for."""

    spec = FPS_END_TO_END

    def _measured(self, timing: Timing) -> Measurement:
        if timing.end_to_end is None:
            return Measurement(None, reason=timing.no_end_to_end or _NOTHING_TIMED)
        how = f"{END_TO_END}; {timing.protocol}"
        return _rate(timing.end_to_end, how, {"batch": timing.end_to_end.batch})


class TrainingTime(_Clocked):
    """Minutes of all training stages, without preprocessing and loading."""

    spec = TRAINING_TIME

    def _measured(self, timing: Timing) -> Measurement:
        if timing.training_seconds is None:
            return Measurement(None, reason=LOST if timing.trains else _UNTRAINED)
        how = TRAINING_OUTSIDE if timing.trained_outside else TRAINING
        how = f"{how}; {SHARED}" if timing.training_shared else how
        return Measurement(timing.training_seconds / 60.0, measured_by=how)


def _rate(timed: TimedFrames, how: str, details: dict[str, Any] | None = None) -> Measurement:
    """Return a rate, with percentiles of a request's milliseconds where there are enough."""
    milliseconds = np.concatenate(timed.repeats) * 1000.0
    tail = {}
    if len(milliseconds) >= _ENOUGH:
        tail["p99_ms"] = float(np.percentile(milliseconds, 99))
    return Measurement(
        frames_per_second(timed),
        scored=timed.frames,
        total=timed.frames,
        measured_by=how,
        details={
            "median_ms": float(np.median(milliseconds)),
            **tail,
            "requests": len(milliseconds),
            "repeats": [
                timed.batch * len(requests) / float(requests.sum()) for requests in timed.repeats
            ],
            **(details or {}),
        },
    )
