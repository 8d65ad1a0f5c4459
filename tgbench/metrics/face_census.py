"""How many faces a clip shows: what follows one face may follow another in the next frame."""

from __future__ import annotations

from ..errors import Unavailable
from ..interfaces import Image

_LOOKS = 5
_MOST = 4


class FaceCensus:
    """Counts faces in a few frames of a clip, spread over its length."""

    def __init__(self, expected: int) -> None:
        """Prepare to look at five of about `expected` frames."""
        self._every = max(1, expected // _LOOKS)
        self._counts: list[int] = []
        self._missing = False

    def see(self, index: int, image: Image) -> None:
        """Look at a frame if its turn has come."""
        if index % self._every or len(self._counts) == _LOOKS or self._missing:
            return
        from ..faces import LandmarkDetector

        # Made anew each time: five looks are not worth a network held all along.
        try:
            with LandmarkDetector(max_faces=_MOST) as detector:
                self._counts.append(len(detector.detect_all(image)))
        except Unavailable:
            self._missing = True

    def note(self) -> str:
        """Return what a reader of the numbers must know; empty where there is one face or none."""
        crowded = sum(count > 1 for count in self._counts)
        if not crowded:
            return ""
        return (
            f"shows {max(self._counts)} faces ({crowded} of {len(self._counts)} frames looked at); "
            "what needs landmarks follows one of them, not always the same; crop to one person"
        )
