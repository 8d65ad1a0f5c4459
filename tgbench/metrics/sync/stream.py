"""One pass of a video through SyncNet, shared by the metrics that want something of it."""

from __future__ import annotations

import numpy as np

from ...errors import Unavailable
from ...interfaces import FrameView, MetricContext
from ...weights import describe_weights
from . import FPS, SAMPLE_RATE
from .detection import face_detector, s3fd_detector
from .lips import WINDOW
from .network import WEIGHTS, load_network
from .original_pipeline import OriginalPipeline
from .pipeline import CleanPipeline, Pipeline, Sound
from .scoring import SAMPLES_PER_FRAME, Way
from .track_pipeline import Found

ORIGINAL = "joonson"
"""The name of the variant that goes through the original's files."""


def sound_of(context: MetricContext) -> Sound:
    """Return the context's sound as SyncNet takes it: int16 at 16 kHz.

    Sound that was read from a 16-bit file at this rate comes back as it was in the file.

    Raises:
        Unavailable: there is none, or too little, or it is not sound.
    """
    audio = context.audio
    if audio is None:
        raise Unavailable("no sound was given; name a file with --audio")
    if audio.rate != SAMPLE_RATE:
        raise Unavailable(f"SyncNet takes sound at {SAMPLE_RATE} Hz, not {audio.rate}")
    if not np.isfinite(audio.samples).all():
        raise Unavailable("the sound holds values that are not finite")
    fewest = (WINDOW + 1) * SAMPLES_PER_FRAME
    if len(audio.samples) < fewest:
        raise Unavailable(
            f"the sound is too short: {audio.seconds:.2f} s, and SyncNet takes at least "
            f"{fewest / SAMPLE_RATE:.2f} s"
        )
    return np.clip(np.rint(audio.samples * 32768.0), -32768, 32767).astype(np.int16)


class SyncStream:
    """One pass of a video through SyncNet, which several metrics share.

    A frame counts once, however many metrics show it. What went wrong once is said to each.

    Attributes:
        frames: how many were seen.
    """

    def __init__(self, pipeline: Pipeline, weights: str) -> None:
        """Begin.

        Args:
            pipeline: what takes the frames.
            weights: which SyncNet it has, as results record it.
        """
        self.frames = 0
        self._pipeline = pipeline
        self._weights = weights
        self._last: int | None = None
        self._found: Found | None = None
        self._error: Exception | None = None

    def update(self, frame: FrameView) -> None:
        """Take a frame, unless it was taken already."""
        self._raise_again()
        if frame.index == self._last:
            return
        self._last = frame.index
        self.frames += 1
        try:
            self._pipeline.update(frame.prediction)
        except Exception as error:
            self._error = error
            raise

    def found(self) -> Found:
        """Close the video and return what was found."""
        self._raise_again()
        if self._found is None:
            try:
                self._found = self._pipeline.finish()
            except Exception as error:
                self._error = error
                raise
        return self._found

    def failed(self) -> bool:
        """Close the video and say whether anything went wrong."""
        try:
            self.found()
        except Exception:
            # What it was is told to every metric that asks for its value.
            return True
        return False

    def measured_by(self) -> str:
        """Return the weights and everything else that the values depend on."""
        return f"{self._weights}; {self._pipeline.measured_by()}"

    def _raise_again(self) -> None:
        if self._error is not None:
            raise self._error


def open_stream(context: MetricContext, variant: str) -> SyncStream:
    """Prepare SyncNet for a video.

    Args:
        context: the sound and the rate of the frames.
        variant: a way of running the network, or "joonson" for the original's files.

    Raises:
        Unavailable: rate or sound do not do, or weights or programs are missing.
    """
    if abs(context.fps - FPS) > 1e-3 * FPS:
        raise Unavailable(
            f"SyncNet takes {FPS:g} frames a second, these are {context.fps:g}; "
            f"score the video again with --fps {FPS:g}"
        )
    sound = sound_of(context)
    network = context.model("syncnet", load_network)
    pipeline: Pipeline
    if variant == ORIGINAL:
        detector = context.model("s3fd", s3fd_detector)
        pipeline = OriginalPipeline(sound, network, detector)
    else:
        detector = context.model("faces of syncnet", face_detector)
        pipeline = CleanPipeline(sound, network, detector, Way(variant))
    return SyncStream(pipeline, describe_weights(WEIGHTS))
