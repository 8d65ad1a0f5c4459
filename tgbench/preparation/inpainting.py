"""Filling in pixels that are not known from those around them."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..arrays import Image

Colours = NDArray[np.float32]

_SMALLEST = 4


def smooth_fill(image: Image, known: NDArray[np.bool_]) -> Colours:
    """Return the image with unknown pixels replaced by smooth surroundings, float32 [H, W, C].

    The farther a pixel is from what is known, the wider the area whose mean it takes: the
    pull-push method of Gortler et al., "The lumigraph" (SIGGRAPH 1996), section 3.4.

    Args:
        image: uint8 [H, W, C].
        known: at least one pixel.
    """
    # As many channels as the image has: arithmetic on arrays of one shape is several times as fast.
    weight = np.asarray(cv2.merge([known.astype(np.float32)] * image.shape[2]), np.float32)
    return _filled(image.astype(np.float32) * weight, weight)


def _filled(sums: Colours, weight: Colours) -> Colours:
    height, width = weight.shape[:2]
    share = np.minimum(weight, np.float32(1.0))
    mean = sums / np.maximum(weight, np.float32(1e-6))
    if min(height, width) < _SMALLEST or bool((weight >= 1.0).all()):
        total = sums.sum(axis=(0, 1)) / max(float(weight[..., 0].sum()), 1e-6)
        return np.asarray(mean * share + total * (1.0 - share), np.float32)
    # Twice over: a coarse pixel is known as soon as half of what it covers is.
    smaller = _filled(2.0 * cv2.pyrDown(sums), 2.0 * cv2.pyrDown(weight))
    around = cv2.pyrUp(smaller, dstsize=(width, height))
    return np.asarray(mean * share + around * (1.0 - share), np.float32)


def nearest_fill(image: Image, unknown: NDArray[np.bool_]) -> Image:
    """Return the image with unknown pixels replaced by the nearest known one's colour."""
    _, labels = cv2.distanceTransformWithLabels(
        unknown.astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    known = np.zeros((labels.max() + 1, image.shape[2]), np.uint8)
    known[labels[~unknown]] = image[~unknown]
    return known[labels]
