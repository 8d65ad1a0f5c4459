"""From a video's frames and sound to scored tracks."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ...arrays import Image
from .detection import FaceDetector
from .network import SyncNet
from .scenes import ContentCuts
from .scoring import SAMPLES_PER_FRAME, CropScorer, Way
from .track_pipeline import FaceFollower, Found
from .tracking import TrackLimits

Sound = NDArray[np.int16]


class Pipeline(Protocol):
    """Takes the frames of a video at 25 a second and scores the tracks in it."""

    def update(self, image: Image) -> None:
        """Take the next frame, uint8 RGB [H, W, 3]."""

    def finish(self) -> Found:
        """Return what was found; no frame may come after."""

    def measured_by(self) -> str:
        """Return what the result depends on beside the weights, as results record it."""


class CleanPipeline:
    """Crops the frames as they come and scores them with the sound as it is.

    No file is written in between, so nothing moves the picture against the sound.
    """

    def __init__(
        self,
        sound: Sound,
        network: SyncNet,
        detector: FaceDetector,
        way: Way = Way.EXACT,
        limits: TrackLimits | None = None,
    ) -> None:
        """Prepare a video.

        Args:
            sound: int16 [T] at 16 kHz, starting with the first frame.
            network: SyncNet with its weights.
            detector: what finds faces.
            way: how the network is run.
            limits: what counts as a track.
        """
        self._sound = sound
        self._network = network
        self._detector = detector
        self._way = way
        self._follower = FaceFollower(detector, ContentCuts(), self._scorer, limits)

    def update(self, image: Image) -> None:
        """Take the next frame, uint8 RGB [H, W, 3]."""
        self._follower.update(image)

    def finish(self) -> Found:
        """Return what was found; no frame may come after."""
        return self._follower.finish()

    def measured_by(self) -> str:
        """Return detector and codec with their versions."""
        return (
            f"{scored_by(self._network, self._way)}; crops of the frames as they are; "
            f"faces: {self._detector.describe()}"
        )

    def _scorer(self, first: int) -> CropScorer:
        return CropScorer(self._sound[first * SAMPLES_PER_FRAME :], self._network, self._way)


def scored_by(network: SyncNet, way: Way) -> str:
    """Return what scores a crop, with its versions."""
    return CropScorer(np.empty(0, np.int16), network, way).measured_by()
