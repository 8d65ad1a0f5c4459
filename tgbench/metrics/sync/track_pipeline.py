"""Following every face of a video while its frames come: detected, tracked, cropped, scored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from ...arrays import Image
from ...errors import Unavailable
from .cropping import BoxSmoother, crop_face
from .detection import FaceDetector
from .nms import Boxes
from .scoring import TrackScore
from .tracking import FaceTracker, Track, TrackLimits


class CropSink(Protocol):
    """Where the crops of one track go; `CropScorer` is one."""

    def update(self, crop: Image) -> None:
        """Take the next crop, uint8 RGB [224, 224, 3]."""

    def compute(self) -> TrackScore:
        """Close the track and return its score.

        Raises:
            Unavailable: it is too short, or its sound is.
        """


class Cuts(Protocol):
    """Where shots begin."""

    def is_cut(self, image: Image) -> bool:
        """Say whether a shot begins with the next frame, which is this."""


@dataclass(frozen=True)
class ScoredTrack:
    """One face through a shot.

    Attributes:
        first: its first frame.
        frames: how many, gaps included.
        detections: frames in which the face was found.
        face_size: mean of the larger side of its box, pixels.
        score: None where it could not be scored.
        reason: why not.
    """

    first: int
    frames: int
    detections: int
    face_size: float
    score: TrackScore | None
    reason: str = ""


@dataclass
class Found:
    """What was found in a video.

    Attributes:
        frames: of the video.
        with_face: frames in which a face was found.
        longest: most detections of a track, one too short or too small to count included.
        largest: largest face of the tracks that are long enough, pixels.
        tracks: those that count, in the order of their ends.
        limits: by which they count.
    """

    frames: int = 0
    with_face: int = 0
    longest: int = 0
    largest: float = 0.0
    tracks: list[ScoredTrack] = field(default_factory=list)
    limits: TrackLimits = field(default_factory=TrackLimits)


class _Followed:
    """A track with the crops that wait until it is known to be long enough."""

    def __init__(self, track: Track) -> None:
        self.next_crop = track.first
        self._track = track
        self._smoother = BoxSmoother()
        self._waiting: list[Image] = []
        self._sink: CropSink | None = None

    def grow(self, boxes: Boxes, frames: dict[int, Image]) -> None:
        for box in boxes:
            place = self._smoother.push(box)
            if place is not None:
                self._crop(place, frames)

    def open(self, sink: Callable[[int], CropSink]) -> None:
        if self._sink is not None:
            return
        self._sink = sink(self._track.first)
        for crop in self._waiting:
            self._sink.update(crop)
        self._waiting.clear()

    def finish(self, frames: dict[int, Image]) -> ScoredTrack:
        for place in self._smoother.finish():
            self._crop(place, frames)
        score, reason = None, ""
        if self._sink is not None:
            try:
                score = self._sink.compute()
            except Unavailable as error:
                reason = str(error)
        track = self._track
        return ScoredTrack(
            track.first, track.frames, track.detections, track.face_size, score, reason
        )

    def _crop(self, place: Boxes, frames: dict[int, Image]) -> None:
        crop = crop_face(frames[self.next_crop], place)
        self.next_crop += 1
        if self._sink is None:
            self._waiting.append(crop)
        else:
            self._sink.update(crop)


class FaceFollower:
    """Takes frames and scores the tracks in them.

    Of the frames only those are kept that a track may still be cropped from: six, and as many as
    a face may be missing. Of a track that is not long enough yet its crops are kept.
    """

    def __init__(
        self,
        detector: FaceDetector,
        cuts: Cuts,
        sink: Callable[[int], CropSink],
        limits: TrackLimits | None = None,
    ) -> None:
        """Prepare a video.

        Args:
            detector: what finds faces.
            cuts: what finds shots.
            sink: makes that which scores a track, from the number of the track's first frame.
            limits: what counts as a track.
        """
        self._detector = detector
        self._cuts = cuts
        self._sink = sink
        self._limits = limits or TrackLimits()
        self._tracker = FaceTracker(self._limits)
        self._followed: dict[Track, _Followed] = {}
        self._frames: dict[int, Image] = {}
        self._found = Found(limits=self._limits)

    def update(self, image: Image) -> None:
        """Take the next frame, uint8 RGB [H, W, 3]."""
        frame = self._found.frames
        if self._cuts.is_cut(image):
            self._close(self._tracker.end())
        boxes = self._detector.detect(image)
        self._found.frames += 1
        self._found.with_face += len(boxes) > 0
        # A copy, for whoever makes the frames may write the next into the same array.
        self._frames[frame] = image.copy()
        for track, new in self._tracker.update(frame, boxes):
            self._grow(track, new)
        self._close(self._tracker.ended(frame))
        self._forget()

    def finish(self) -> Found:
        """Return what was found; no frame may come after."""
        self._close(self._tracker.end())
        return self._found

    def _grow(self, track: Track, boxes: Boxes) -> None:
        if track not in self._followed:
            self._followed[track] = _Followed(track)
        followed = self._followed[track]
        followed.grow(boxes, self._frames)
        if track.detections > self._limits.detections:
            followed.open(self._sink)

    def _close(self, tracks: list[Track]) -> None:
        for track in tracks:
            followed = self._followed.pop(track)
            self._found.longest = max(self._found.longest, track.detections)
            if track.detections <= self._limits.detections:
                continue
            self._found.largest = max(self._found.largest, track.face_size)
            if track.face_size > self._limits.face_size:
                self._found.tracks.append(followed.finish(self._frames))

    def _forget(self) -> None:
        needed = min((one.next_crop for one in self._followed.values()), default=None)
        for frame in list(self._frames):
            if needed is None or frame < needed:
                del self._frames[frame]
