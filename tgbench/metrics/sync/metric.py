"""Sync-C and Sync-E of a stream of frames, in each of the ways that they are measured.

`SyncConfidence` and `SyncError` are the suite's own: the original's score of a crop that was made
without files in between. The others are measured when named.
"""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn, Self

import numpy as np

from ...errors import TgbenchError, Unavailable
from ...interfaces import FrameView, Measurement, MetricContext
from ...specs import MetricSpec
from ...weights import describe_weights
from ..specs import (
    SYNC_C,
    SYNC_C_FAST,
    SYNC_C_JOONSON,
    SYNC_E,
    SYNC_E_FAST,
    SYNC_E_JOONSON,
)
from .detection import face_detector, s3fd_detector
from .following import Found, ScoredTrack
from .joonson import OriginalPipeline
from .lips import WINDOW
from .network import WEIGHTS, load_network
from .pipeline import CleanPipeline, Pipeline, Sound
from .scoring import SAMPLES_PER_FRAME, TrackScore, Way

FPS = 25.0
"""Frames a second that the network was trained on."""

SAMPLE_RATE = 16_000

_ORIGINAL = "joonson"
_OFFSET_SIGN = "positive: the picture is that many frames late behind its sound"


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

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self.frames = 0
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
        if self._error is None:
            try:
                self.found()
            except Exception as error:
                # Told by `found`, to every metric that asks for its value.
                self._error = error
        return self._error is not None

    def measured_by(self) -> str:
        """Return the weights and everything else that the values depend on."""
        return f"{describe_weights(WEIGHTS)}; {self._pipeline.measured_by()}"

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
    try:
        network = load_network()
    except Unavailable:
        raise
    except TgbenchError as error:
        raise Unavailable(str(error)) from error
    if variant == _ORIGINAL:
        return SyncStream(OriginalPipeline(sound, network, s3fd_detector()))
    return SyncStream(CleanPipeline(sound, network, face_detector(), Way(variant)))


class _Sync:
    """What the two values have in common; they share one stream."""

    spec: ClassVar[MetricSpec]
    variant: ClassVar[str] = Way.EXACT.value

    def __init__(self, context: MetricContext) -> None:
        variant = self.variant
        self._stream = context.shared.once(
            ("syncnet", variant), lambda: open_stream(context, variant)
        )

    @staticmethod
    def value(score: TrackScore) -> float:
        """Return the metric's value of a track."""
        raise NotImplementedError

    def update(self, frame: FrameView) -> float | None:
        """See a frame; a track has a value only at its end."""
        self._stream.update(frame)
        return None

    def compute(self) -> Measurement:
        """Return the value of the track with most windows, and every track in the details."""
        found = self._stream.found()
        best = main_track(found)
        score = None if best is None else best.score
        return Measurement(
            None if score is None else self.value(score),
            reason=why_none(found) if score is None else "",
            scored=0 if score is None else score.windows + WINDOW,
            total=self._stream.frames,
            measured_by=self._stream.measured_by(),
            details={
                "clip_frames": self._stream.frames,
                "frames_with_face": found.with_face,
                "windows": None if score is None else score.windows,
                "offset_frames": None if score is None else score.offset,
                "offset_sign": _OFFSET_SIGN,
                "tracks": [_told(track) for track in found.tracks],
            },
        )

    def merge(self, later: Self) -> NoReturn:
        """Refuse.

        Raises:
            Unavailable: always.
        """
        raise Unavailable(
            "SyncNet's scores of parts cannot be joined: the JPEG coder's rate control and the "
            "shifts depend on the whole clip; score it in one piece"
        )


class SyncConfidence(_Sync):
    """Sync-C, also called LSE-C: how much nearer lips and sound are at the best shift."""

    spec = SYNC_C

    @staticmethod
    def value(score: TrackScore) -> float:
        """Return the confidence: the median over shifts of the distance, less the least."""
        return score.confidence


class SyncError(_Sync):
    """Sync-E, also called Sync-D and LSE-D: distance of lips and sound at the best shift."""

    spec = SYNC_E

    @staticmethod
    def value(score: TrackScore) -> float:
        """Return the least distance."""
        return score.distance

    def series(self) -> dict[str, list[float | None]]:
        """Return the distance of the window that starts with each frame, at the best shift."""
        if self._stream.failed():
            return {}
        best = main_track(self._stream.found())
        if best is None or best.score is None:
            return {}
        values = {best.first + i: float(value) for i, value in enumerate(best.score.per_window)}
        return {self.spec.name: [values.get(frame) for frame in range(self._stream.frames)]}


class JoonsonConfidence(SyncConfidence):
    """Sync-C of a crop made through the original's files."""

    spec = SYNC_C_JOONSON
    variant = _ORIGINAL


class JoonsonError(SyncError):
    """Sync-E of a crop made through the original's files."""

    spec = SYNC_E_JOONSON
    variant = _ORIGINAL


class FastConfidence(SyncConfidence):
    """Sync-C with the faster lip network, equal to rounding."""

    spec = SYNC_C_FAST
    variant = Way.FAST.value


class FastError(SyncError):
    """Sync-E with the faster lip network, equal to rounding."""

    spec = SYNC_E_FAST
    variant = Way.FAST.value


def main_track(found: Found) -> ScoredTrack | None:
    """Return the track with most windows, the earlier one of equals; None if none has a score.

    Both values are this one's: the best of each over all tracks would mix people.
    """
    scored = [track for track in found.tracks if track.score is not None]
    return max(scored, key=lambda track: (_windows(track), -track.first), default=None)


def why_none(found: Found) -> str:
    """Return why a video has no value."""
    if found.tracks:
        return found.tracks[0].reason
    if found.frames == 0:
        return "there are no frames"
    if found.with_face == 0:
        return f"no face was found in any of the {found.frames} frames"
    if found.longest <= found.limits.detections:
        return (
            f"no face was followed for long enough: at most {found.longest} frames of "
            f"{found.frames}, and a track takes more than {found.limits.detections}"
        )
    return (
        f"the faces are too small: at most {found.largest:.0f} pixels, and a track takes "
        f"more than {found.limits.face_size:.0f}; give a video of higher resolution"
    )


def _windows(track: ScoredTrack) -> int:
    return 0 if track.score is None else track.score.windows


def _told(track: ScoredTrack) -> dict[str, Any]:
    told: dict[str, Any] = {
        "first_frame": track.first,
        "frames": track.frames,
        "frames_with_face": track.detections,
        "face_size": round(track.face_size, 1),
    }
    if track.score is None:
        return told | {"reason": track.reason}
    return told | {
        "windows": track.score.windows,
        "sync_c": track.score.confidence,
        "sync_e": track.score.distance,
        "offset_frames": track.score.offset,
    }
