"""Where one shot of a video ends and the next begins."""

from __future__ import annotations

import cv2
import numpy as np

from ...arrays import Image

THRESHOLD = 27.0
"""Mean change of hue, saturation and value, in levels, from which on a frame starts a new shot."""

_SIDE = 256


class ContentCuts:
    """Tells cuts frame by frame, by the score of scenedetect's `ContentDetector` (0.6).

    That detector also drops or joins cuts that follow one another within 15 frames. Here each
    of them counts: a face track is longer than that by far and must not run over any.
    """

    def __init__(self) -> None:
        self._last: Image | None = None

    def is_cut(self, image: Image) -> bool:
        """Say whether a shot begins with this frame, uint8 RGB [H, W, 3]; the first does not."""
        return self.score(image) >= THRESHOLD

    def score(self, image: Image) -> float:
        """Return how much the frame differs from the one before, 0 to 255."""
        colours = np.asarray(cv2.cvtColor(_small(image), cv2.COLOR_RGB2HSV), np.uint8)
        last, self._last = self._last, colours
        if last is None or last.shape != colours.shape:
            return 0.0
        return float(cv2.absdiff(colours, last).mean())


def _small(image: Image) -> Image:
    height, width = image.shape[:2]
    factor = max(height, width) / _SIDE
    if factor <= 1.0:
        return image
    size = max(1, round(width / factor)), max(1, round(height / factor))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_LINEAR), np.uint8)
