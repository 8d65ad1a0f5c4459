"""Landmarks by FAN, as the scripts of AD-NeRF and its successors use it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...faces.fan import FanLandmarks
from ...progress import Progress
from ..clip import Clip


class FanBackend:
    """FAN on every frame by itself, on the identity's own images."""

    def __init__(self) -> None:
        """Load the networks.

        Raises:
            Unavailable: the package or a weight file is missing or another one.
        """
        self._fan = FanLandmarks()

    def landmarks(self, clip: Clip, progress: Progress) -> NDArray[np.float32]:
        """Return [N, 68, 2]; see `LandmarkBackend`."""
        points = np.full((len(clip), 68, 2), np.nan, np.float32)
        with progress.task("landmarks by FAN", len(clip)) as task:
            for frame in range(len(clip)):
                found = self._fan.find(clip.image(frame))
                if found is not None:
                    points[frame] = found
                task.advance()
        return points

    def describe(self) -> str:
        """Return package and weights."""
        return self._fan.describe()
