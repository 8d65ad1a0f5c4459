"""One person's face through the frames of a shot, from boxes that a detector found."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .nms import Boxes, overlap


@dataclass(frozen=True)
class TrackLimits:
    """What counts as a track; the defaults are those of the original's `run_pipeline.py`.

    Attributes:
        detections: a track has more frames with a detection than this.
        face_size: and a face larger than this, in pixels: mean width or height over its frames.
        gap: two detections of a track are at most this many frames apart.
        overlap: and overlap by more than this.
    """

    detections: int = 100
    face_size: float = 100.0
    gap: int = 25
    overlap: float = 0.5


@dataclass(eq=False)
class Track:
    """What is known of a track so far.

    Attributes:
        first, last: frames of its first and its last detection.
        box: the last detection [4].
        detections: how many.
    """

    first: int
    last: int
    box: Boxes
    detections: int = 1
    _sides: Boxes = field(default_factory=lambda: np.zeros(2))

    def __post_init__(self) -> None:
        self._sides = self.box[2:] - self.box[:2]

    @property
    def frames(self) -> int:
        """From the first detection to the last, gaps included."""
        return self.last - self.first + 1

    @property
    def face_size(self) -> float:
        """The larger of mean width and mean height, pixels."""
        return float(self._sides.max()) / self.frames

    def go_on(self, frame: int, box: Boxes) -> Boxes:
        """Add a detection; return the boxes [K, 4] from the last one, excluded, to this."""
        steps = np.arange(self.last + 1, frame + 1)
        ends = [self.last, frame]
        boxes = np.stack(
            [np.interp(steps, ends, sides) for sides in zip(self.box, box, strict=True)], axis=1
        )
        self._sides += (boxes[:, 2:] - boxes[:, :2]).sum(axis=0)
        self.last, self.box = frame, box
        self.detections += 1
        return boxes


class FaceTracker:
    """Joins detections to tracks, frame by frame.

    Equal to the original, which follows one track through the whole shot before it looks for the
    next: there, too, an earlier track has the first choice of a frame's boxes.
    """

    def __init__(self, limits: TrackLimits) -> None:
        self._limits = limits
        self._live: list[Track] = []

    def update(self, frame: int, boxes: Boxes) -> list[tuple[Track, Boxes]]:
        """Take the boxes [N, 4] found in the next frame.

        Returns:
            The tracks that have a box in this frame, new ones among them, each with its boxes
            [K, 4] up to this frame that were not known before: more than one after a gap.
        """
        grown = []
        free = list(range(len(boxes)))
        for track in self._live:
            mine = next((i for i in free if self._belongs(boxes[i], frame, track)), None)
            if mine is not None:
                free.remove(mine)
                grown.append((track, track.go_on(frame, boxes[mine])))
        for i in free:
            track = Track(frame, frame, boxes[i])
            self._live.append(track)
            grown.append((track, boxes[i : i + 1]))
        return grown

    def ended(self, frame: int) -> list[Track]:
        """Let go of the tracks that no later frame than this can continue, and return them."""
        return self._let_go([t for t in self._live if frame - t.last >= self._limits.gap])

    def end(self) -> list[Track]:
        """Let go of all tracks: the shot is over."""
        return self._let_go(list(self._live))

    def _belongs(self, box: Boxes, frame: int, track: Track) -> bool:
        near = frame - track.last <= self._limits.gap
        return near and bool(overlap(box, track.box[None])[0] > self._limits.overlap)

    def _let_go(self, tracks: list[Track]) -> list[Track]:
        self._live = [track for track in self._live if track not in tracks]
        return tracks
