"""Sync-C and Sync-E of a stream of frames, in each of the ways that they are measured.

`SyncConfidence` and `SyncError` are the suite's own: the original's score of a crop that was made
without files in between. The others are measured when named.
"""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn, Self

from ...errors import Unavailable
from ...interfaces import FrameView, Measurement, MetricContext
from ...specs import MetricSpec
from .lips import WINDOW
from .scoring import TrackScore, Way, versions
from .specs import SYNC_C, SYNC_C_FAST, SYNC_C_JOONSON, SYNC_E, SYNC_E_FAST, SYNC_E_JOONSON
from .stream import ORIGINAL, open_stream
from .track_pipeline import Found, ScoredTrack

_OFFSET_SIGN = "positive: the picture is that many frames late behind its sound"


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
                "notes": notes(found),
                "versions": versions(),
                "tracks": [_details_of(track) for track in found.tracks],
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
    variant = ORIGINAL


class JoonsonError(SyncError):
    """Sync-E of a crop made through the original's files."""

    spec = SYNC_E_JOONSON
    variant = ORIGINAL


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


def notes(found: Found) -> list[str]:
    """Return what a reader of the values must know, in words; nothing where there are none."""
    best = main_track(found)
    if best is None or best.score is None:
        return []
    lines = [f"offset {best.score.offset:+d} frames ({_OFFSET_SIGN}), {best.score.windows} windows"]
    if len(found.tracks) > 1:
        others = len(found.tracks) - 1
        lines.append(
            f"{len(found.tracks)} face tracks, of one person or of several; the values are those "
            f"of frames {best.first} to {best.first + best.frames - 1}, the track with most windows"
            f" (of equals the first), and leave out the other {others}"
        )
    return lines


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


def _details_of(track: ScoredTrack) -> dict[str, Any]:
    details: dict[str, Any] = {
        "first_frame": track.first,
        "frames": track.frames,
        "frames_with_face": track.detections,
        "face_size": round(track.face_size, 1),
    }
    if track.score is None:
        return details | {"reason": track.reason}
    return details | {
        "windows": track.score.windows,
        "sync_c": track.score.confidence,
        "sync_e": track.score.distance,
        "offset_frames": track.score.offset,
    }
