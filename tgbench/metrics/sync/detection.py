"""What finds the faces: the original's S3FD where its weights are, else what is embedded.

S3FD's boxes are those of WIDER FACE: from the forehead to the chin and from cheek to cheek. The
embedded detector's are made to be alike: the box around the points of MediaPipe's face mesh, whose
outline runs there. (The box of MediaPipe's own face detector leaves out forehead and chin.)
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ...arrays import Image
from ...weights import describe_weights
from ...weights.store import present_path
from ...weights.table import find
from .nms import MOST_OVERLAP, without_duplicates

S3FD = "s3fd"
_MOST_FACES = 4


class FaceDetector(Protocol):
    """Finds faces in an image."""

    def detect(self, image: Image) -> NDArray[np.float64]:
        """Return boxes around faces [N, 4] in uint8 RGB [H, W, 3], the most certain first.

        A box is left, top, right, bottom in pixels; boxes of one image overlap little.
        """

    def describe(self) -> str:
        """Return what finds them, as results record it."""


class MeshDetector:
    """MediaPipe's face mesh, up to four faces an image, each image on its own.

    Made for faces near the camera: one that takes less than a fifth of the image's larger side may
    be overlooked.
    """

    def __init__(self) -> None:
        """Load the network.

        Raises:
            Unavailable: its package is not installed.
        """
        from ...faces.landmarks import LandmarkDetector

        self._landmarks = LandmarkDetector(max_faces=_MOST_FACES)

    def detect(self, image: Image) -> NDArray[np.float64]:
        """Return boxes around faces [N, 4], the largest first."""
        faces = [points[:, :2].astype(np.float64) for points in self._landmarks.detect_all(image)]
        corners = [np.concatenate([face.min(axis=0), face.max(axis=0)]) for face in faces]
        boxes = np.array(corners).reshape(-1, 4)
        areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
        return boxes[without_duplicates(boxes, areas, MOST_OVERLAP)]

    def describe(self) -> str:
        """Return the detector with its version."""
        return f"box around {self._landmarks.describe()}"


def s3fd_detector() -> FaceDetector:
    """Return the original's detector.

    Raises:
        Unavailable: its weights are missing or damaged.
    """
    source = describe_weights(S3FD)
    from .s3fd import S3fdDetector, load_s3fd

    return S3fdDetector(load_s3fd(), source)


def face_detector() -> FaceDetector:
    """Return S3FD if its weights are in the store, else the embedded detector.

    Raises:
        Unavailable: the weights are damaged, or neither can be had.
    """
    return MeshDetector() if present_path(find(S3FD)) is None else s3fd_detector()
