"""Laying pictures over each other, pixel by pixel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..arrays import Image, Mask
from ..compiled import njit


@njit(cache=True, nogil=True)
def over(image: Image, alpha: NDArray[np.uint8], behind: Image) -> Image:
    """Return `image` over `behind`, uint8 RGB; `alpha` uint8 [H, W] is the share of `image`."""
    mixed = behind.copy()
    for y in range(mixed.shape[0]):
        for x in range(mixed.shape[1]):
            share = np.uint32(alpha[y, x])
            if share == 0:
                continue
            # Most pixels take no arithmetic.
            if share == 255:
                for c in range(3):
                    mixed[y, x, c] = image[y, x, c]
                continue
            for c in range(3):
                value = image[y, x, c] * share + behind[y, x, c] * (np.uint32(255) - share)
                mixed[y, x, c] = (value + np.uint32(127)) // np.uint32(255)
    return mixed


@njit(cache=True, nogil=True)
def cut_out(
    image: Image, alpha: NDArray[np.uint8], opaque: Mask, result: NDArray[np.uint8]
) -> None:
    """Write an image as RGBA.

    Args:
        image: uint8 RGB [H, W, 3].
        alpha: uint8 [H, W].
        opaque: where alpha is 255 in any case, bool [H, W].
        result: uint8 [H, W, 4], all zeros; they stay where alpha is 0.
    """
    for y in range(image.shape[0]):
        for x in range(image.shape[1]):
            share = np.uint8(255) if opaque[y, x] else alpha[y, x]
            if share > 0:
                for c in range(3):
                    result[y, x, c] = image[y, x, c]
                result[y, x, 3] = share
