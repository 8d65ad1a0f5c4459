"""Distances between the lips of every window and the sound up to 15 frames away from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import pairwise_distance

LARGEST_SHIFT = 15
"""Frames by which the sound is shifted either way."""

SHIFTS = 2 * LARGEST_SHIFT + 1


@dataclass(frozen=True)
class TrackScore:
    """What the distances of a track say.

    Attributes:
        confidence: median over shifts less the least, of the mean distances.
        distance: the least mean distance.
        offset: frames by which the picture is late behind the sound, at the least distance.
        windows: how many windows the means are over.
        per_window: float32 [windows], each window's distance at that shift.
        by_shift: float32 [31], mean distances, from the picture 15 frames late to 15 early.
    """

    confidence: float
    distance: float
    offset: int
    windows: int
    per_window: NDArray[np.float32]
    by_shift: NDArray[np.float32]


class ShiftedDistances:
    """Collects distances while features come in, of which it keeps the last 31 windows'.

    Beyond both ends of the track the sound's features are zero, and these cells count in the
    means: the original's way, by which the confidence depends on the track's length.
    """

    def __init__(self) -> None:
        self._lips: list[Tensor] = []
        self._sound: list[Tensor] = []
        self._blocks: list[NDArray[np.float32]] = []

    def add(self, lips: Tensor, sound: Tensor) -> None:
        """Take float32 [B, C] of the next B windows' lips and as many of their sound."""
        if not self._sound:
            self._sound = list(torch.zeros(LARGEST_SHIFT, sound.shape[1]))
        self._lips.extend(lips)
        self._sound.extend(sound)
        self._measure()

    def finish(self) -> TrackScore:
        """Close the track and compare its shifts.

        Raises:
            ValueError: there was no window.
        """
        if not self._sound:
            raise ValueError("no window was added")
        self._sound.extend(torch.zeros(LARGEST_SHIFT, len(self._sound[0])))
        self._measure()
        return compare_shifts(np.concatenate(self._blocks))

    def _measure(self) -> None:
        """Measure every window whose 31 neighbours in the sound are there."""
        rows: list[NDArray[np.float32]] = []
        while self._lips and len(self._sound) >= SHIFTS:
            near = torch.stack(self._sound[:SHIFTS])
            # The original's own call: another formula gives other last bits, and it adds 1e-6
            # to every difference.
            row = pairwise_distance(self._lips[0].expand(SHIFTS, -1), near)
            rows.append(row.numpy())
            del self._lips[0], self._sound[0]
        if rows:
            self._blocks.append(np.stack(rows))


def compare_shifts(distances: NDArray[np.float32]) -> TrackScore:
    """Find the shift at which lips and sound are nearest.

    Args:
        distances: [windows, 31], column k with the sound k - 15 frames later than the lips.
    """
    # The original's order of summation, for the sake of the last bit.
    means = torch.mean(torch.from_numpy(np.ascontiguousarray(distances.T)), 1)
    least, column = torch.min(means, 0)
    return TrackScore(
        confidence=float(torch.median(means) - least),
        distance=float(least),
        offset=LARGEST_SHIFT - int(column),
        windows=len(distances),
        per_window=distances[:, int(column)].copy(),
        by_shift=means.numpy(),
    )
