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
from scipy.sparse.linalg import splu

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
            by_pose = _rows(at.by_pose)
            weighted = _weighted(by_pose, weight)
            self.own[part] += weighted @ by_pose
            self.right[part] -= _product(weighted, error)

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
            here, there = _rows(at.by_pose[before]), _rows(at.by_pose[after])
            weighted_here, weighted_there = _weighted(here, weight), _weighted(there, weight)
            np.add.at(self.own, start, weighted_here @ here)
            np.add.at(self.own, end, weighted_there @ there)
            np.add.at(self.right, start, _product(weighted_here, error))
            np.add.at(self.right, end, -_product(weighted_there, error))
            self._between.append(-(weighted_here @ there))

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
        # Symmetric and positive definite: nothing needs to be exchanged.
        factors = splu(
            matrix.tocsc(),
            permc_spec="MMD_AT_PLUS_A",
            diag_pivot_thresh=0.0,
            options={"SymmetricMode": True},
        )
        return np.asarray(factors.solve(self.right.ravel())).reshape(-1, 6)


def _rows(by_pose: Array) -> Array:
    """Return derivatives [N, K, 2, 6] as matrices [N, 2 K, 6]."""
    return by_pose.reshape(len(by_pose), -1, 6)


def _weighted(rows: Array, weight: Array) -> Array:
    """Return matrices [N, 2 K, 6] turned and weighted by points [N, K], [N, 6, 2 K]."""
    return np.swapaxes(rows * np.repeat(weight, 2, axis=1)[..., None], 1, 2)


def _product(weighted: Array, error: Array) -> Array:
    """Return what weighted matrices [N, 6, 2 K] make of errors [N, K, 2], [N, 6]."""
    return np.asarray((weighted @ error.reshape(len(error), -1, 1))[..., 0])


def _chunks(count: int) -> Iterator[slice]:
    """Yield pieces of a long clip, so that memory for derivatives does not grow with it."""
    return (slice(first, first + _CHUNK) for first in range(0, count, _CHUNK))
