"""The map of structural similarity in one pass over the rows, compiled."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...compiled import njit

_CHANNELS = 3
_MIDDLE, _TWO = np.float32(128.0), np.float32(2.0)
_LUMINANCE, _CONTRAST = np.float32((0.01 * 255.0) ** 2), np.float32((0.03 * 255.0) ** 2)


@njit(
    cache=True,
    nogil=True,
    error_model="numpy",
    fastmath={"contract", "reassoc", "nsz", "arcp"},
)
def similarity_sum(
    first: NDArray[np.uint8],
    second: NDArray[np.uint8],
    taps: NDArray[np.float32],
    bias: np.float32,
) -> float:
    """Return the sum of the similarity over all windows inside two images and their channels.

    Args:
        first: [H, 3 W], rows of RGB.
        second: of the same shape.
        taps: the window along one axis, symmetric, odd in number, of sum 1.
        bias: by which population covariances are multiplied.
    """
    size = len(taps)
    radius = size // 2
    height, width = first.shape
    inside = width - 2 * radius * _CHANNELS
    # Of a row: both means, the sum of both squares, and the product, summed down the window.
    down = np.empty((4, width), np.float32)
    across = np.empty((4, inside), np.float32)
    total = 0.0
    for top in range(height - 2 * radius):
        down[:] = 0.0
        for tap in range(size):
            x, y, weight = first[top + tap], second[top + tap], taps[tap]
            for column in range(width):
                # Variances do not change with the origin, and squares around the middle lose less.
                a = np.float32(x[column]) - _MIDDLE
                b = np.float32(y[column]) - _MIDDLE
                down[0, column] += weight * a
                down[1, column] += weight * b
                down[2, column] += weight * (a * a + b * b)
                down[3, column] += weight * (a * b)
        for moment in range(4):
            line, found = down[moment], across[moment]
            middle = line[radius * _CHANNELS :]
            for column in range(inside):
                found[column] = taps[radius] * middle[column]
            for tap in range(radius):
                # Slices, because a sum as an index may be negative, and its loop no vector.
                left, right = line[tap * _CHANNELS :], line[(size - 1 - tap) * _CHANNELS :]
                for column in range(inside):
                    found[column] += taps[tap] * (left[column] + right[column])
        row = np.float32(0.0)
        for column in range(inside):
            mean_x, mean_y = across[0, column], across[1, column]
            # The formula needs only the sum of the two variances.
            variances = bias * (across[2, column] - mean_x * mean_x - mean_y * mean_y)
            covariance = bias * (across[3, column] - mean_x * mean_y)
            mean_x, mean_y = mean_x + _MIDDLE, mean_y + _MIDDLE
            numerator = (_TWO * mean_x * mean_y + _LUMINANCE) * (_TWO * covariance + _CONTRAST)
            denominator = (mean_x * mean_x + mean_y * mean_y + _LUMINANCE) * (variances + _CONTRAST)
            row += numerator / denominator
        total += float(row)
    return total
