"""How many faces a clip shows: what follows one face may follow another in the next frame."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import numpy as np

from ..errors import Unavailable
from ..interfaces import Image

_MOST = 4
_LEAST_CONFIDENCE = 0.5
_NEAR = 0
"""MediaPipe's number for the detector of near faces, with which the face mesh begins."""


class FaceCensus:
    """Counts the faces in every frame of a clip.

    Every frame passes the face mesh's own detector, which costs a few milliseconds. Where that
    sees more than one face the mesh is asked, too, which takes back some that are none.
    """

    def __init__(self) -> None:
        self._networks = ExitStack()
        self._detector: Any = None
        self._mesh: Any = None
        self._missing = False
        self._frames = 0
        self._crowded = 0
        self._first = 0
        self._most = 0

    def see(self, place: int, image: Image) -> None:
        """Look at a frame; its number in the clip appears in the note."""
        if self._missing:
            return
        try:
            count = self._count(image)
        except Unavailable:
            self._missing = True
            return
        self._frames += 1
        if count > 1:
            self._first = self._first if self._crowded else place
            self._crowded += 1
            self._most = max(self._most, count)

    def close(self) -> None:
        """Free the networks; what was counted stays."""
        self._networks.close()

    def note(self) -> str:
        """Return what a reader of the numbers must know; empty where there is one face or none."""
        if not self._crowded:
            return ""
        return (
            f"shows {self._most} faces in {self._crowded} of {self._frames} frames (the first: "
            f"frame {self._first}); what needs landmarks follows one of them, not always the same; "
            "crop to one person"
        )

    def _count(self, image: Image) -> int:
        """Return how many faces an image shows, at most four."""
        if self._detector is None:
            self._detector = _detector()
            self._networks.callback(self._detector.close)
        if len(self._detector.process(image).detections or ()) < 2:
            return 1
        if self._mesh is None:
            from ..faces import LandmarkDetector

            self._mesh = self._networks.enter_context(LandmarkDetector(max_faces=_MOST))
        return len(self._mesh.detect_all(image))


def _detector() -> Any:
    """Return MediaPipe's detector of near faces.

    Raises:
        Unavailable: MediaPipe is not installed.
    """
    from ..faces import backend

    module = backend.solution("face_detection")
    with backend.quiet():
        detector = module.FaceDetection(
            model_selection=_NEAR, min_detection_confidence=_LEAST_CONFIDENCE
        )
        # The network starts, and says so, with its first image.
        detector.process(np.zeros((64, 64, 3), np.uint8))
    return detector
