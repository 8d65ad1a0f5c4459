"""The person in an image, told from what is behind."""

from __future__ import annotations

import threading
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..arrays import Image
from . import backend
from .outlines import face_core

_EDGE_RADIUS = 4
_EDGE_SOFTNESS = (0.03 * 255.0) ** 2

_FILTER_SCALE = 0.5
"""At what scale the filter fits its planes (He and Sun, "Fast guided filter", 2015): the network's
own mask is 256 pixels wide."""


class PersonSegmenter:
    """MediaPipe's selfie segmentation, its outline drawn along the image's edges."""

    def __init__(self) -> None:
        """Load the network.

        Raises:
            Unavailable: MediaPipe is not installed.
        """
        self._one_at_a_time = threading.Lock()
        module = backend.solution("selfie_segmentation")
        with backend.quiet():
            self._network: Any = module.SelfieSegmentation(model_selection=0)
            self._network.process(np.zeros((64, 64, 3), np.uint8))

    def segment(self, image: Image, landmarks: NDArray[np.floating]) -> NDArray[np.uint8]:
        """Return how much of each pixel is the person, uint8 [H, W], 0 to 255.

        Threads may call it at the same time; no image depends on another.

        Args:
            image: uint8 RGB [H, W, 3].
            landmarks: mesh points [478, 2 or 3] of the person's face. What does not hang
                together with it is not the person.
        """
        with self._one_at_a_time:
            found = self._network.process(image)
        soft = np.asarray(found.segmentation_mask, np.float32)
        soft = np.asarray(
            cv2.ximgproc.guidedFilter(
                image, soft, _EDGE_RADIUS, _EDGE_SOFTNESS, scale=_FILTER_SCALE
            ),
            np.float32,
        )
        soft = np.clip(soft * 1.1 - 0.05, 0.0, 1.0)
        face = face_core(landmarks, soft.shape)
        soft[face] = 1.0
        _, parts = cv2.connectedComponents((soft > 0.1).astype(np.uint8))
        own = np.bincount(parts[face], minlength=2)[1:].argmax() + 1
        whole = np.asarray(cv2.convertScaleAbs(soft, alpha=255.0), np.uint8)
        return whole * (parts == own)

    def close(self) -> None:
        """Free the network."""
        self._network.close()


def describe() -> str:
    """Return what `PersonSegmenter` measures with, as provenance records it."""
    return f"mediapipe {backend.version()} selfie segmentation, guided filter"
