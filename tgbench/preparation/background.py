"""The background plate: the scene without the person, as the median over time."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from ..arrays import Image
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
    stack, hidden = np.stack(images), np.stack(masks)
    plate = np.zeros_like(stack[0])
    for row in range(stack.shape[1]):
        plate[row] = _median_of_free(stack[:, row], hidden[:, row])
    return _fill(plate, hidden.all(axis=0))


def _median_of_free(pixels: Image, covered: NDArray[np.bool_]) -> Image:
    """Return medians over the first axis of [N, W, 3], without the covered ones."""
    free = (~covered).sum(axis=0)
    ordered = np.sort(np.where(covered[..., None], np.int16(256), pixels.astype(np.int16)), axis=0)
    middle = np.maximum(free - 1, 0) // 2
    chosen = np.take_along_axis(ordered, middle[None, :, None], axis=0)[0]
    return np.minimum(chosen, 255).astype(np.uint8)


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
