"""Dynamic time warping in a Sakoe-Chiba band."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

Array = NDArray[np.float64]


def band_costs(one: Array, other: Array, band: int) -> Array:
    """Return squared distances of the frames of two tracks that are at most a band apart.

    Args:
        one: [T, ...] numbers of every frame.
        other: the same.
        band: frames.

    Returns:
        [T, 2 * band + 1]: at (i, band + d) of frame i of one with frame i + d of the other, summed
        over all axes but the first; infinite where there is no such frame.
    """
    count = len(one)
    costs = np.full((count, 2 * band + 1), np.inf)
    for shift in range(-band, band + 1):
        first, last = max(0, -shift), min(count, count - shift)
        if first < last:
            difference = one[first:last] - other[first + shift : last + shift]
            squared = np.square(difference).reshape(last - first, -1).sum(axis=1)
            costs[first:last, band + shift] = squared
    return costs


def warping_path(costs: Array) -> NDArray[np.intp]:
    """Return the cheapest monotone path from the first pair of frames to the last.

    Args:
        costs: as `band_costs` returns them.

    Returns:
        [P, 2] pairs (frame of one, frame of the other); every step goes on by one in one of them
        or in both; in both where that costs no more.
    """
    count, width = costs.shape
    band = width // 2
    total = _accumulated(costs, lambda steps: steps.min(axis=0))
    path = []
    row, column = count - 1, band
    while row >= 0:
        path.append((row, row + column - band))
        if path[-1] == (0, 0):
            break
        step = int(_steps(total, np.array([row]), np.array([column])).argmin())
        row, column = ((row - 1, column), (row - 1, column + 1), (row, column - 1))[step]
    return np.array(path[::-1], np.intp)


def soft_warping(costs: Array, gamma: float) -> float:
    """Return -gamma ln of the sum over all monotone paths of exp(-cost / gamma).

    Args:
        costs: as `band_costs` returns them.
        gamma: above 0.
    """

    def soft_least(steps: Array) -> Array:
        return np.asarray(-gamma * logsumexp(-steps / gamma, axis=0))

    return float(_accumulated(costs, soft_least)[len(costs), costs.shape[1] // 2 + 1])


def _accumulated(costs: Array, least: Callable[[Array], Array]) -> Array:
    """Return what the way to every pair of frames costs, with a border around.

    Args:
        costs: as `band_costs` returns them, [T, W].
        least: makes one of the ways over each of three pairs before, [3, N] to [N].

    Returns:
        [T + 1, W + 2]; infinite where no way leads.
    """
    count, width = costs.shape
    band = width // 2
    # A border on three sides stands for steps from outside.
    total = np.full((count + 1, width + 2), np.inf)
    total[0, band + 1] = 0.0
    columns = np.arange(width)
    for diagonal in range(2 * count - 1):
        twice = diagonal - columns + band
        rows = twice // 2
        here = (twice % 2 == 0) & (rows >= 0) & (rows < count)
        row, column = rows[here], columns[here]
        total[row + 1, column + 1] = costs[row, column] + least(_steps(total, row, column))
    return total


def _steps(total: Array, row: NDArray[np.intp], column: NDArray[np.intp]) -> Array:
    """Return what lies before cells: on in both, in one alone, in the other alone."""
    return np.stack([total[row, column + 1], total[row, column + 2], total[row + 1, column]])
