"""Where the face is in each frame of a clip: found, enlarged, smoothed over time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tgbench.arrays import Image
from tgbench.errors import TgbenchError, suggest
from tgbench.faces.landmarks import LandmarkDetector

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels, ends exclusive, inside the image."""

DETECTORS = ("mediapipe", "s3fd", "fan_s3fd")
_SMALLEST = 16
"""Pixels of a face's sides below which there is nothing to edit."""


class FaceFinder(Protocol):
    """Finds the face in an image."""

    def find(self, image: Image) -> NDArray[np.float64] | None:
        """Return left, top, right, bottom in pixels, None where there is no face."""


class MeshFaces:
    """The box around MediaPipe's face mesh, every image seen on its own."""

    def __init__(self) -> None:
        """Load the network.

        Raises:
            Unavailable: MediaPipe is not installed.
        """
        self._detector = LandmarkDetector()

    def find(self, image: Image) -> NDArray[np.float64] | None:
        """Return left, top, right, bottom in pixels, None where there is no face."""
        points = self._detector.detect(image)
        if points is None:
            return None
        ends = (points[:, :2].min(axis=0), points[:, :2].max(axis=0))
        return np.concatenate(ends).astype(np.float64)


class S3fdFaces:
    """The most certain box of SyncNet's S3FD, at a quarter of the size."""

    def __init__(self) -> None:
        """Load the network.

        Raises:
            Unavailable: its weights are missing or damaged.
        """
        from tgbench.metrics.sync.s3fd import S3fdDetector, load_s3fd
        from tgbench.weights import describe_weights

        self._detector = S3fdDetector(load_s3fd(), describe_weights("s3fd"))

    def find(self, image: Image) -> NDArray[np.float64] | None:
        """Return left, top, right, bottom in pixels, None where there is no face."""
        boxes = self._detector.detect(image)
        return boxes[0] if len(boxes) else None


def face_finder(name: str, device: str = "cpu") -> FaceFinder:
    """Return the detector of a name of `DETECTORS`; only the original program's uses a GPU.

    Raises:
        TgbenchError: there is none of that name.
        Unavailable: what it takes is not here.
    """
    if name not in DETECTORS:
        raise suggest(name, DETECTORS, "face detector")
    if name == "fan_s3fd":
        from tgbench.faces.fan import FanFaces

        return FanFaces(device)
    return MeshFaces() if name == "mediapipe" else S3fdFaces()


def padded(
    box: NDArray[np.floating], pads: tuple[int, int, int, int], height: int, width: int
) -> NDArray[np.float64]:
    """Return a box enlarged at its top, bottom, left and right, cut at the edges of the image.

    Raises:
        TgbenchError: too little of it is in the image.
    """
    top, bottom, left, right = pads
    enlarged = np.asarray(box, np.float64) + np.array([-left, -top, right, bottom])
    inside = np.clip(enlarged, 0.0, (width, height, width, height))
    seen = inside[2:] - inside[:2]
    if min(seen) < _SMALLEST:
        raise TgbenchError(
            f"only {seen[0]:.0f}x{seen[1]:.0f} pixels of the face are in the image; film it "
            "larger, or away from the edge"
        )
    return inside


def smoothed(boxes: Iterable[NDArray[np.float64]], frames: int) -> Iterator[Box]:
    """Yield for each box the mean of it and the next ones, at the end of the last ones.

    Args:
        boxes: of successive frames.
        frames: over how many the mean is, 1 for none.
    """
    ahead: deque[NDArray[np.float64]] = deque(maxlen=frames)
    waiting = 0
    for box in boxes:
        ahead.append(box)
        waiting += 1
        if waiting == frames:
            yield _whole(ahead)
            waiting -= 1
    for _ in range(waiting):
        yield _whole(ahead)


def _whole(boxes: Iterable[NDArray[np.float64]]) -> Box:
    left, top, right, bottom = (int(edge) for edge in np.mean(list(boxes), axis=0))
    return left, top, right, bottom
