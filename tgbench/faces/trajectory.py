"""Poses of all frames for a known shape and focal length.

Landmarks say where a head is, with errors of a pixel or more that differ from frame to frame.
Optical flow says how it moved between two frames, to a fraction of a pixel: from one frame to the
next, whose errors add up over time, and between frames far apart in which the head looks the same
way, which closes the loop. Fitted together they give poses that neither jitter, lag nor drift.
Smoothing the poses instead would lag wherever a clip leaps, as clips do that were filmed at
another frame rate.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.linalg import spsolve

from .projection import Motion, linearise

Array = NDArray[np.float64]

_CHUNK = 500
_ROUNDS = 6
_TAIL = 2.0
"""Standard deviations beyond which an observation counts less and less (Cauchy's loss)."""

_MOVES_TOGETHER = 5.0
"""How many flow vectors between two frames err together."""

_MOVE_NOISE = 1.5e-3
"""Noise of the flow of one point, as a share of the face's height."""

_LANDMARKS_TOGETHER = 3000.0
"""By how much landmarks count less than if each erred by itself: their errors are shared by the
whole face and by neighbouring frames, so that only their mean over some seconds is to be believed.
Found by how well patches of the face agree between distant frames in which it looks the same way.
"""


@dataclass(frozen=True)
class Moves:
    """Where points on the head were seen to go between pairs of frames.

    Attributes:
        start, end: int [M], the frames.
        vectors: [M, K, 2], pixels; NaN where a point was lost.
    """

    start: NDArray[np.int64]
    end: NDArray[np.int64]
    vectors: NDArray[np.floating]

    def __add__(self, other: Moves) -> Moves:
        return Moves(
            np.concatenate([self.start, other.start]),
            np.concatenate([self.end, other.end]),
            np.concatenate([self.vectors, other.vectors]),
        )


def flow_moves(flow: NDArray[np.floating]) -> Moves:
    """Return flow from each frame to the next [N - 1, K, 2] as moves."""
    start = np.arange(len(flow))
    return Moves(start, start + 1, flow)


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
        normal = _Normal(shape, focal, motion)
        normal.add_landmarks(image, weights)
        step = np.linalg.solve(normal.own, normal.right[..., None])[..., 0]
        motion = motion.stepped(step)
    return motion


def joined(
    image: Array, moves: Moves, shape: Array, focal: float, start: Motion, weights: Array
) -> Motion:
    """Fit all poses together to landmarks and to what was seen to move between frames.

    Args:
        image: landmarks [N, K, 2], pixels from the image's middle, y down.
        moves: of the same points.
        shape: [K, 3] metres.
        focal: pixels.
        start: first guess.
        weights: inverse variance of each landmark [K].
    """
    noise = _MOVE_NOISE * float(np.median(np.ptp(image[..., 1], axis=1)))
    motion = start
    for _ in range(_ROUNDS):
        normal = _Normal(shape, focal, motion)
        normal.add_landmarks(image, weights / _LANDMARKS_TOGETHER)
        normal.add_moves(moves, noise)
        motion = motion.stepped(normal.solve(moves))
    return motion


class _Normal:
    """Normal equations of a path: a 6 x 6 block for every frame and for every move."""

    def __init__(self, shape: Array, focal: float, motion: Motion) -> None:
        frames = len(motion.turn)
        self._shape, self._focal, self._motion = shape, focal, motion
        self.own = np.zeros((frames, 6, 6))
        self.right = np.zeros((frames, 6))
        self._between: list[Array] = []

    def add_landmarks(self, image: Array, weights: Array) -> None:
        for part in _chunks(len(image)):
            at = linearise(self._shape, self._motion.at(part), self._focal)
            error = at.image - image[part]
            square = (error**2).sum(axis=-1) * weights
            # Far from the solution all landmarks are off: only those worse than most are wild.
            usual = np.maximum(np.median(square, axis=1, keepdims=True), 1.0)
            weight = weights / (1.0 + square / (usual * _TAIL**2))
            self.own[part] += _product(at.by_pose, weight, at.by_pose)
            self.right[part] -= np.einsum("nk,nkci,nkc->ni", weight, at.by_pose, error)

    def add_moves(self, moves: Moves, noise: float) -> None:
        for part in _chunks(len(moves.start)):
            start, end = moves.start[part], moves.end[part]
            both, which = np.unique(np.stack([start, end]), return_inverse=True)
            at = linearise(self._shape, self._motion.at(both), self._focal)
            before, after = which.reshape(2, -1)
            error = at.image[after] - at.image[before] - moves.vectors[part]
            seen = np.isfinite(error[..., 0])
            error = np.where(seen[..., None], error, 0.0)
            square = (error**2).sum(axis=-1) / (noise * _TAIL) ** 2
            weight = seen / (1.0 + square) / (noise**2 * _MOVES_TOGETHER)
            here, there = at.by_pose[before], at.by_pose[after]
            for frames, by_pose, sign in ((start, here, 1.0), (end, there, -1.0)):
                np.add.at(self.own, frames, _product(by_pose, weight, by_pose))
                pull = sign * np.einsum("nk,nkci,nkc->ni", weight, by_pose, error)
                np.add.at(self.right, frames, pull)
            self._between.append(-_product(here, weight, there))

    def solve(self, moves: Moves) -> Array:
        """Return the step [N, 6] of the whole path."""
        frames = np.arange(len(self.own))
        between = np.concatenate(self._between)
        blocks = np.concatenate([self.own, between, np.swapaxes(between, 1, 2)])
        row = np.concatenate([frames, moves.start, moves.end])
        column = np.concatenate([frames, moves.end, moves.start])
        six = np.arange(6)
        rows = np.broadcast_to(6 * row[:, None, None] + six[:, None], blocks.shape)
        columns = np.broadcast_to(6 * column[:, None, None] + six, blocks.shape)
        size = 6 * len(frames)
        matrix = coo_matrix((blocks.ravel(), (rows.ravel(), columns.ravel())), (size, size))
        return np.asarray(spsolve(matrix.tocsc(), self.right.ravel())).reshape(-1, 6)


def _product(left: Array, weight: Array, right: Array) -> Array:
    """Return the weighted sums [N, 6, 6] of left' right."""
    frames, count = weight.shape
    rows = (left * weight[..., None, None]).reshape(frames, 2 * count, 6)
    return np.asarray(np.swapaxes(rows, 1, 2) @ right.reshape(frames, 2 * count, 6))


def _chunks(count: int) -> Iterator[slice]:
    """Yield pieces of a long clip, so that memory for derivatives does not grow with it."""
    return (slice(first, first + _CHUNK) for first in range(0, count, _CHUNK))
