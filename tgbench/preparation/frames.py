"""Reading the clip once: crops, landmarks, flow and person masks of every frame."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..arrays import Image, Points
from ..faces import LandmarkDetector, mesh
from ..faces.landmarks import MESH_POINTS
from ..faces.optical_flow import followed
from ..faces.segmentation import PersonSegmenter
from ..identities import IdentityWriter
from ..identities.layout import FPS
from ..identities.png import encode_png
from ..overlap import in_order
from ..progress import Progress
from ..video.reader import VideoReader
from .crop import Crop
from .faces import FaceBoxes
from .images import read_grey, resized
from .presence import filled_in, require_presence

SEEN_AT = 512
"""Side of the square in which faces are measured, whatever the identity's own size."""


@dataclass(frozen=True)
class Measured:
    """What was seen in the frames of a clip.

    Attributes:
        landmarks: float32 [N, 478, 3], pixels of a `SEEN_AT` square.
        flow: float32 [N - 1, K, 2], motion of `mesh.RIGID` to the next frame, NaN where lost.
        found: bool [N], whether the face was seen, rather than filled in.
    """

    landmarks: NDArray[np.float32]
    flow: NDArray[np.float32]
    found: NDArray[np.bool_]


class PersonMasks:
    """Person masks on disk, one small file a frame."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def write(self, frame: int, mask: NDArray[np.uint8]) -> None:
        """Keep uint8 [H, W]."""
        (self._folder / f"{frame}.png").write_bytes(encode_png(mask, filtered=False))

    def read(self, frame: int, side: int) -> NDArray[np.uint8]:
        """Return what `write` kept, [side, side]; errors as `read_grey`."""
        return read_grey(self._folder / f"{frame}.png", side)


def extract_frames(
    video: VideoReader,
    crop: Crop,
    faces: FaceBoxes,
    limit: int,
    size: int,
    writer: IdentityWriter,
    masks: PersonMasks,
    progress: Progress,
) -> Measured:
    """Write the crops of a clip and measure them.

    Args:
        video: the source, read at 25 frames a second.
        crop: the window around the head.
        faces: where the followed face should be.
        limit: most frames to take.
        size: side of the identity's images, pixels.
        writer: takes the images.
        masks: takes the person masks.
        progress: where to report.

    Raises:
        TgbenchError: the face is missing for longer than a blink of the detector.
    """
    expected = faces.at(limit, FPS)
    points: list[NDArray[np.float32] | None] = []
    flows: list[NDArray[np.float32]] = []
    segmenter = PersonSegmenter()

    def see(numbered: tuple[int, Image]) -> _Seen:
        frame, image = numbered
        seen = crop.cut(image, frame, SEEN_AT)
        own = seen if size == SEEN_AT else crop.cut(image, frame, size)
        face = _nearest(detector.detect_all(seen), expected[frame], crop, frame)
        grey = np.asarray(cv2.cvtColor(seen, cv2.COLOR_RGB2GRAY), np.uint8)
        return _Seen(frame, seen, own, grey, face)

    def finish(linked: tuple[_Seen | None, _Seen, Points]) -> tuple[_Seen, NDArray[np.float32]]:
        before, now, anchor = linked
        writer.write_frame(now.frame, image=now.own)
        masks.write(now.frame, resized(segmenter.segment(now.image, anchor), size))
        return now, _flow(before, now)

    with (
        LandmarkDetector(tracking=True, max_faces=3 if faces.several else 1) as detector,
        progress.task("cutting and measuring frames", limit) as task,
        # A detector that tracks needs the frames in order: one thread.
        closing(in_order(see, islice(enumerate(video), limit), workers=1)) as looks,
        # Three for two cores: often one waits for the network, which works on one frame at a time.
        closing(in_order(finish, _linked(looks), workers=3)) as finished,
    ):
        for now, flow in finished:
            points.append(now.face)
            flows.append(flow)
            task.advance()
    segmenter.close()
    del flows[:1]
    found = np.array([face is not None for face in points])
    require_presence(video.path, found)
    absent = np.full((MESH_POINTS, 3), np.nan, np.float32)
    seen = np.array([absent if face is None else face for face in points], np.float32)
    return Measured(filled_in(seen, found), np.array(flows, np.float32), found)


@dataclass(frozen=True)
class _Seen:
    """A frame at the side `SEEN_AT`, in colour and grey, at the identity's own, and its face."""

    frame: int
    image: Image
    own: Image
    grey: Image
    face: NDArray[np.float32] | None


def _linked(looks: Iterator[_Seen]) -> Iterator[tuple[_Seen | None, _Seen, Points]]:
    """Yield every frame after the one before it, with the last face seen."""
    before, anchor = None, np.zeros((MESH_POINTS, 3), np.float32)
    for now in looks:
        anchor = anchor if now.face is None else now.face
        yield before, now, anchor
        before = now


def _nearest(
    faces: list[NDArray[np.float32]], box: NDArray[np.float64], crop: Crop, frame: int
) -> NDArray[np.float32] | None:
    """Return the face nearest to where it should be; None if none is near."""
    if not faces:
        return None
    corner = crop.corners[min(frame, len(crop.corners) - 1)]
    centre = ((box[:2] + box[2:]) / 2.0 - corner) * SEEN_AT / crop.side
    height = (box[3] - box[1]) * SEEN_AT / crop.side
    away = [float(np.linalg.norm(face[:468, :2].mean(axis=0) - centre)) for face in faces]
    best = int(np.argmin(away))
    return faces[best] if away[best] < height else None


def _flow(before: _Seen | None, now: _Seen) -> NDArray[np.float32]:
    """Return where the rigid vertices went, [K, 2] pixels; NaN where they were lost."""
    if before is None or before.face is None:
        return np.full((len(mesh.RIGID), 2), np.nan, np.float32)
    there = before.face if now.face is None else now.face
    start, guess = (face[mesh.RIGID, :2] for face in (before.face, there))
    return followed(before.grey, now.grey, start, guess)
