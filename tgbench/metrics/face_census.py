"""How many faces a clip shows: what follows one face may follow another in the next frame."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from ..errors import Unavailable
from ..interfaces import Image

if TYPE_CHECKING:
    from .frames import LazyFrame

_MOST = 4


class FaceCensus:
    """Counts the faces in every frame of a clip.

    Where the detector of the face mesh sees more than one face the mesh is asked for all of them,
    which takes back some that are none.
    """

    def __init__(self, side: str) -> None:
        """Count on one side of a pair of clips: `prediction` or `target`."""
        self._faces = f"{side}_faces"
        self._image = side
        self._networks = ExitStack()
        self._mesh: Any = None
        self._missing = False
        self._frames = 0
        self._crowded = 0
        self._first = 0
        self._most = 0

    def see(self, place: int, frame: LazyFrame) -> None:
        """Look at a frame; its number in the clip appears in the note."""
        if self._missing:
            return
        try:
            count = getattr(frame, self._faces).candidates
            if count > 1:
                count = self._count(getattr(frame, self._image))
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
        """Return how many faces of an image the mesh accepts, at most four."""
        if self._mesh is None:
            from ..faces import LandmarkDetector

            self._mesh = self._networks.enter_context(LandmarkDetector(max_faces=_MOST))
        return len(self._mesh.detect_all(image))
