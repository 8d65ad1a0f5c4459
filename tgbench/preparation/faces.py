"""Finding the person: a first look at a video, a few times a second."""

from __future__ import annotations

import logging
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

import cv2
import numpy as np
from numpy.typing import NDArray

from ..arrays import Image
from ..errors import TgbenchError
from ..faces import LandmarkDetector
from ..overlap import drawn_ahead, in_order
from ..progress import Progress
from ..video.reader import VideoReader

_log = logging.getLogger("tgbench")

LOOKS_PER_SECOND = 5.0
_LONGEST_SIDE = 1280
_MOST_FACES = 3
_DETECTORS = 2
"""Looks at the same time: without tracking, none depends on another."""

_OTHER_SHARE = 0.1


@dataclass(frozen=True)
class FaceBoxes:
    """The followed person's face, from hairline to chin.

    Attributes:
        boxes: float64 [M, 4]: left, top, right, bottom in pixels of the source, M looks of
            `LOOKS_PER_SECOND`; NaN where no face was seen.
        several: share of the looks in which another face was seen too.
    """

    boxes: NDArray[np.float64]
    several: float

    def at(self, frames: int, fps: float) -> NDArray[np.float64]:
        """Return boxes [frames, 4], interpolated in time."""
        seen = np.isfinite(self.boxes[:, 0])
        looks = np.flatnonzero(seen) / LOOKS_PER_SECOND
        times = np.arange(frames) / fps
        columns = [np.interp(times, looks, column[seen]) for column in self.boxes.T]
        return np.stack(columns, axis=1)

    def warn(self, video: Path) -> None:
        """Say so where another face is often in the picture."""
        if self.several > _OTHER_SHARE:
            _log.warning(
                "%s: more than one face in %d%% of the frames; the larger one is followed",
                video,
                round(100 * self.several),
            )


def find_faces(reader: VideoReader, progress: Progress) -> FaceBoxes:
    """Look for the person in a video that is read at `LOOKS_PER_SECOND`.

    Raises:
        TgbenchError: no face anywhere.
    """
    shrink = min(1.0, _LONGEST_SIDE / max(reader.info.width, reader.info.height))
    looks: list[NDArray[np.float64]] = []
    with ExitStack() as detectors:
        idle: SimpleQueue[LandmarkDetector] = SimpleQueue()
        for _ in range(_DETECTORS):
            idle.put(detectors.enter_context(LandmarkDetector(max_faces=_MOST_FACES)))

        def look(image: Image) -> NDArray[np.float64]:
            detector = idle.get()
            try:
                faces = detector.detect_all(_shrunk(image, shrink))
            finally:
                idle.put(detector)
            return np.array([_box(points) / shrink for points in faces]).reshape(-1, 4)

        with (
            progress.task("finding the face", reader.expected_frames) as task,
            closing(drawn_ahead(reader)) as images,
            closing(in_order(look, images, workers=_DETECTORS)) as found,
        ):
            for boxes in found:
                looks.append(boxes)
                task.advance()
    if not any(len(faces) for faces in looks):
        raise TgbenchError(
            f"{reader.path}: no face found; give a video that shows one person from the front"
        )
    return FaceBoxes(_follow(looks), float(np.mean([len(faces) > 1 for faces in looks])))


def _follow(looks: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Link the faces of successive looks, from the largest of all outwards in time."""
    areas = [_area(faces).max() if len(faces) else 0.0 for faces in looks]
    start = int(np.argmax(areas))
    path = np.full((len(looks), 4), np.nan)
    path[start] = looks[start][_area(looks[start]).argmax()]
    for order in (range(start + 1, len(looks)), range(start - 1, -1, -1)):
        last = path[start]
        for look in order:
            if len(looks[look]):
                distance = np.abs(looks[look] - last).max(axis=1)
                nearest = int(distance.argmin())
                # Nobody crosses his own face's width and height between two looks.
                if distance[nearest] < 1.5 * (last[3] - last[1]):
                    last = path[look] = looks[look][nearest]
    return path


def _shrunk(image: Image, factor: float) -> Image:
    if factor == 1.0:
        return image
    small = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def _area(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]))


def _box(points: NDArray[np.floating]) -> NDArray[np.float64]:
    return np.concatenate([points[:468, :2].min(axis=0), points[:468, :2].max(axis=0)])
