"""Poses of all frames for a known shape and focal length.

Landmarks say where a head is, with errors of a pixel or more that differ from frame to frame;
optical flow says how it moved from one frame to the next, to a fraction of a pixel, but its
errors add up. Fitted together they give poses that neither jitter nor lag. Smoothing the poses
instead would lag wherever a clip leaps, as clips do that were filmed at another frame rate.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solveh_banded

from .projection import Linearised, Motion, linearise

Array = NDArray[np.float64]

_CHUNK = 500
_ROUNDS = 6
_TAIL = 2.0
"""Standard deviations beyond which an observation counts less and less (Cauchy's loss)."""

_FLOWS_TOGETHER = 5.0
"""How many flow vectors of a frame err together."""

_LANDMARKS_TOGETHER = 3000.0
"""By how much landmarks count less than if each erred by itself: their errors are shared by the
whole face and by neighbouring frames, so that only their mean over some seconds is to be believed.
Found by how well patches of the face agree between distant frames in which it looks the same way.
"""

_FLOW_NOISE = 1.5e-3
"""Noise of the flow of one point, as a share of the face's height."""


def frame_by_frame(
    image: Array, shape: Array, focal: float, start: Motion, weights: Array
) -> Motion:
    """Fit every frame's pose by itself (Gauss-Newton, Cauchy's loss).

    Args:
        image: landmarks [N, K, 2], pixels from the image's middle, y down.
        shape: [K, 3] metres.
        focal: pixels.
        start: first guess.
        weights: inverse variance of each landmark [K].
    """
    motion = start
    for _ in range(_ROUNDS):
        normal = _Normal(len(image))
        for first, at in _linearised(shape, focal, motion):
            normal.add_landmarks(first, at, image, weights)
        step = np.linalg.solve(normal.own, normal.right[..., None])[..., 0]
        motion = motion.stepped(step)
    return motion


def joined_by_flow(
    image: Array, flow: Array, shape: Array, focal: float, raw: Motion, weights: Array
) -> Motion:
    """Fit all poses together to landmarks and to the flow between frames.

    Args:
        image: landmarks [N, K, 2], pixels from the image's middle, y down.
        flow: [N - 1, K, 2], where each landmark of a frame went in the next one, pixels; NaN
            where it was lost.
        shape: [K, 3] metres.
        focal: pixels.
        raw: the poses of each frame by itself.
        weights: inverse variance of each landmark [K].
    """
    noise = _FLOW_NOISE * float(np.median(np.ptp(image[..., 1], axis=1)))
    motion = raw
    for _ in range(_ROUNDS):
        normal = _Normal(len(image))
        for first, at in _linearised(shape, focal, motion):
            normal.add_landmarks(first, at, image, weights / _LANDMARKS_TOGETHER)
            normal.add_flow(first, at, flow, noise)
        motion = motion.stepped(normal.solve())
    return motion


class _Normal:
    """Normal equations of a path: 6 x 6 blocks on the diagonal and between neighbours."""

    def __init__(self, frames: int) -> None:
        self.own = np.zeros((frames, 6, 6))
        self.next = np.zeros((frames - 1, 6, 6))
        self.right = np.zeros((frames, 6))

    def add_landmarks(self, first: int, at: Linearised, image: Array, weights: Array) -> None:
        """Add what landmarks say of the frames from `first` on."""
        here = slice(first, first + min(_CHUNK, len(at.image)))
        count = here.stop - first
        error = at.image[:count] - image[here]
        weight = weights / (1.0 + (error**2).sum(axis=-1) * weights / _TAIL**2)
        jacobian = at.by_pose[:count]
        self.own[here] += _product(jacobian, weight, jacobian)
        self.right[here] -= np.einsum("nk,nkci,nkc->ni", weight, jacobian, error)

    def add_flow(self, first: int, at: Linearised, flow: Array, noise: float) -> None:
        """Add what flow says of the steps from the frames from `first` on."""
        steps = len(at.image) - 1
        here, after = slice(first, first + steps), slice(first + 1, first + steps + 1)
        error = np.diff(at.image, axis=0) - flow[here]
        seen = np.isfinite(error[..., 0])
        error = np.where(seen[..., None], error, 0.0)
        square = (error**2).sum(axis=-1) / (noise * _TAIL) ** 2
        weight = seen / (1.0 + square) / (noise**2 * _FLOWS_TOGETHER)
        before, behind = at.by_pose[:-1], at.by_pose[1:]
        self.own[here] += _product(before, weight, before)
        self.own[after] += _product(behind, weight, behind)
        self.next[here] -= _product(before, weight, behind)
        self.right[here] += np.einsum("nk,nkci,nkc->ni", weight, before, error)
        self.right[after] -= np.einsum("nk,nkci,nkc->ni", weight, behind, error)

    def solve(self) -> Array:
        """Return the step [N, 6] of the whole path."""
        frames = len(self.own)
        bands = np.zeros((12, frames * 6))
        at = np.arange(frames) * 6
        for i in range(6):
            for j in range(6):
                if j >= i:
                    bands[11 + i - j, at + j] = self.own[:, i, j]
                bands[5 + i - j, at[1:] + j] = self.next[:, i, j]
        return solveh_banded(bands, self.right.ravel()).reshape(frames, 6)


def _product(left: Array, weight: Array, right: Array) -> Array:
    """Return the weighted sums [N, 6, 6] of left' right."""
    frames, count = weight.shape
    rows = (left * weight[..., None, None]).reshape(frames, 2 * count, 6)
    return np.swapaxes(rows, 1, 2) @ right.reshape(frames, 2 * count, 6)


def _linearised(shape: Array, focal: float, motion: Motion) -> Iterator[tuple[int, Linearised]]:
    """Yield chunks of frames, each with the first frame of the next: memory stays flat."""
    for first in range(0, len(motion.turn), _CHUNK):
        part = slice(first, first + _CHUNK + 1)
        piece = Motion(motion.turn[part], motion.place[part], motion.base)
        yield first, linearise(shape, piece, focal)
