"""The box of the target's face, in which metrics of the face's pixels look at both images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...arrays import Image
from ...interfaces import FrameView, MetricContext
from ..landmark_geometry import MOUTH

_AROUND_MOUTH = 0.25


@dataclass(frozen=True)
class Box:
    """A rectangle of pixels, ends exclusive."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def empty(self) -> bool:
        """Whether it holds no pixel."""
        return self.right <= self.left or self.bottom <= self.top

    def cut(self, image: Image) -> Image:
        """Return the pixels of an image [H, W, 3] inside."""
        return image[self.top : self.bottom, self.left : self.right]


def face_box(landmarks: NDArray[np.floating], width: int, height: int) -> Box:
    """Return the smallest box of whole pixels around landmarks [N, 2], within the image."""
    low = np.floor(landmarks.min(axis=0)).astype(int)
    high = np.ceil(landmarks.max(axis=0)).astype(int)
    return Box(
        max(0, int(low[0])),
        max(0, int(low[1])),
        min(width, int(high[0])),
        min(height, int(high[1])),
    )


def mouth_box(landmarks: NDArray[np.floating], width: int, height: int) -> Box:
    """Return the box of the mouth among 68 landmarks, and a quarter of its width around it."""
    mouth = np.asarray(landmarks, np.float64)[MOUTH]
    margin = _AROUND_MOUTH * np.ptp(mouth[:, 0])
    return face_box(np.concatenate([mouth - margin, mouth + margin]), width, height)


class FaceRegion:
    """Where the face is: around the target's landmarks, or where the user says."""

    def __init__(self, context: MetricContext) -> None:
        given = context.options.face_box
        self._given = None if given is None else Box(*given)

    def of(self, frame: FrameView) -> Box | None:
        """Return the box of a frame, None where the target shows no face."""
        if self._given is not None:
            return None if self._given.empty else self._given
        landmarks = frame.target_landmarks
        if landmarks is None:
            return None
        height, width = frame.target.shape[:2]
        box = face_box(landmarks, width, height)
        return None if box.empty else box

    def describe(self) -> str:
        """Return which box it is, as results name it."""
        if self._given is None:
            return "the box of the target's 68 landmarks"
        box = self._given
        return f"the box {box.left},{box.top},{box.right},{box.bottom} of every frame"
