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
    colours = image.astype(np.float32)
    if known.all():
        return colours
    where = known.view(np.uint8)
    sums = np.zeros_like(colours)
    cv2.copyTo(colours, where, sums)
    weight = known.astype(np.float32)
    if min(known.shape) < _SMALLEST:
        return _filled(sums, _each_channel(weight, image.shape[2]))
    filled = _pulled_up(sums, weight)
    cv2.copyTo(colours, where, filled)
    return filled


def _pulled_up(sums: Colours, weight: NDArray[np.float32]) -> Colours:
    """Return what surrounds pixels at half the size, at full size; `weight` [H, W] is of each."""
    height, width = weight.shape[:2]
    # Twice over: a coarse pixel is known as soon as half of what it covers is.
    coarse = 2.0 * cv2.pyrDown(sums)
    shares = 2.0 * cv2.pyrDown(weight)
    if shares.ndim == 2:
        shares = _each_channel(shares, coarse.shape[2])
    return np.asarray(cv2.pyrUp(_filled(coarse, shares), dstsize=(width, height)), np.float32)


def _each_channel(weight: NDArray[np.float32], channels: int) -> Colours:
    """Return [H, W, C]: arithmetic on arrays of one shape is several times as fast."""
    return np.asarray(cv2.merge([weight] * channels), np.float32)


def _filled(sums: Colours, weight: Colours) -> Colours:
    height, width = weight.shape[:2]
    share = np.minimum(weight, np.float32(1.0))
    mean = sums / np.maximum(weight, np.float32(1e-6))
    if min(height, width) < _SMALLEST or bool((weight >= 1.0).all()):
        total = sums.sum(axis=(0, 1)) / max(float(weight[..., 0].sum()), 1e-6)
        return np.asarray(mean * share + total * (1.0 - share), np.float32)
    around = _pulled_up(sums, weight)
    return np.asarray(mean * share + around * (1.0 - share), np.float32)


def nearest_fill(image: Image, unknown: NDArray[np.bool_]) -> Image:
    """Return the image with unknown pixels replaced by the nearest known one's colour."""
    _, labels = cv2.distanceTransformWithLabels(
        unknown.astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    known = np.zeros((labels.max() + 1, image.shape[2]), np.uint8)
    known[labels[~unknown]] = image[~unknown]
    return known[labels]
