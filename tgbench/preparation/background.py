"""The background plate: the scene without the person, as the median over time."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from ..arrays import Image
from ..compiled import njit
from .inpainting import nearest_fill

_FREE = 13
"""A pixel shows the background where less than this, of 255, is the person."""

_KEEP_AWAY = 0.012
"""Share of the image's side around the person that is not taken for background either: hair and
shadows fade out there."""


def background_plate(frames: Iterable[tuple[Image, NDArray[np.uint8]]]) -> Image:
    """Return the median of what every pixel shows without the person, uint8 RGB [H, W, 3].

    Pixels that the person always covers take the colour of the nearest seen one, blurred: they
    show only where a method draws the person too small.

    Args:
        frames: images with how much of each pixel is the person, 0 to 255, a hundred or so.
    """
    images, masks = [], []
    for image, person in frames:
        reach = 2 * max(1, round(_KEEP_AWAY * image.shape[0])) + 1
        covered = (person >= _FREE).astype(np.uint8)
        masks.append(cv2.dilate(covered, np.ones((reach, reach), np.uint8)) > 0)
        images.append(image)
    hidden = np.stack(masks)
    return _fill(_median_of_free(np.stack(images), hidden), hidden.all(axis=0))


@njit(cache=True, nogil=True)
def _median_of_free(pixels: Image, hidden: NDArray[np.bool_]) -> Image:
    """Return the lower medians over frames of [N, H, W, 3] where not hidden; 255 if always so."""
    frames, height, width, channels = pixels.shape
    medians = np.full((height, width, channels), 255, np.uint8)
    counts = np.empty(256, np.int64)
    # A pixel of successive frames is far apart in memory: one row of all is brought together.
    seen = np.empty((width, channels, frames), np.uint8)
    free = np.empty(width, np.int64)
    for row in range(height):
        free[:] = 0
        for frame in range(frames):
            for column in range(width):
                if not hidden[frame, row, column]:
                    for channel in range(channels):
                        seen[column, channel, free[column]] = pixels[frame, row, column, channel]
                    free[column] += 1
        for column in range(width):
            for channel in range(channels if free[column] else 0):
                counts[:] = 0
                for shade in seen[column, channel, : free[column]]:
                    counts[shade] += 1
                value, below = 0, counts[0]
                while below <= (free[column] - 1) // 2:
                    value += 1
                    below += counts[value]
                medians[row, column, channel] = value
    return medians


def _fill(plate: Image, unseen: NDArray[np.bool_]) -> Image:
    if unseen.all() or not unseen.any():
        return np.full_like(plate, 255) if unseen.all() else plate
    filled = nearest_fill(plate, unseen)
    reach = plate.shape[0] // 16 * 2 + 1
    soft = cv2.GaussianBlur(filled, (reach, reach), 0)
    # Blurred only gradually, so that no seam shows where seeing ends.
    inside = cv2.distanceTransform(unseen.astype(np.uint8), cv2.DIST_L2, 5)
    share = np.minimum(inside / reach, 1.0)[..., None]
    return np.round(soft * share + filled * (1.0 - share)).astype(np.uint8)
