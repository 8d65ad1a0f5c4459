"""Bundle adjustment: a rigid shape, a focal length and the poses of some frames, all at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .projection import Linearised, Motion, linearise, project

Array = NDArray[np.float64]

_FOCAL_SPREAD = 0.2
"""Standard deviation of the logarithm of the focal length about the usual one."""

_SHAPE_SPREAD = 0.004
"""Metres by which the landmark network's own idea of the face's shape is believed to be off."""

_SHARED_NOISE = 100.0
"""By how much landmarks count less than if each erred by itself. The network's errors go with the
head's turn, which least squares would take for shape and perspective."""

_LEAST_NOISE = 0.02
"""Pixels of noise below which a landmark is not trusted more."""

_ROUNDS = 20
_ALL_ALIKE = 6
"""First rounds, in which a landmark that does not fit yet is not distrusted for it."""

_TAIL = 2.0


@dataclass(frozen=True)
class Bundle:
    """What the key frames tell.

    Attributes:
        shape: [K, 3] metres.
        focal: pixels.
        motion: of the key frames.
        weights: [K], inverse variance of each landmark, 1 / pixels squared.
    """

    shape: Array
    focal: float
    motion: Motion
    weights: Array


def adjust(image: Array, shape: Array, usual_focal: float, motion: Motion) -> Bundle:
    """Fit shape, focal length and poses to landmarks (Levenberg-Marquardt).

    Both shape and focal length are held by priors: near `shape` and `usual_focal`. Landmarks
    that the rigid fit cannot explain count less (Cauchy's loss, and a noise level each).

    Args:
        image: landmarks [F, K, 2], pixels from the image's middle, y down.
        shape: first guess [K, 3], metres.
        usual_focal: first guess, pixels.
        motion: first guess of the poses.
    """
    prior = shape
    log_focal = np.log(usual_focal)
    damping = 1e-3
    cost = np.inf
    for round_number in range(_ROUNDS):
        focal = float(np.exp(log_focal))
        error = project(shape, motion, focal) - image
        noise = _noise(error)
        if round_number < _ALL_ALIKE:
            noise[:] = np.median(noise)
        weights = _robust(error, noise) / (noise**2 * _SHARED_NOISE)
        drift = log_focal - np.log(usual_focal)
        solve = _Normal(linearise(shape, motion, focal), error, weights, shape - prior, drift)
        while damping < 1e6:
            step = solve.step(damping)
            candidate = (shape + step.shape, log_focal + step.log_focal, motion.stepped(step.pose))
            new_cost = _cost(image, *candidate, prior, usual_focal, noise)
            old_cost = _cost(image, shape, log_focal, motion, prior, usual_focal, noise)
            if new_cost <= old_cost:
                break
            damping *= 10.0
        else:
            break
        (shape, log_focal, motion), damping = candidate, max(damping / 10.0, 1e-9)
        if abs(cost - new_cost) < 1e-6 * new_cost and round_number > _ALL_ALIKE:
            break
        cost = new_cost
    return Bundle(shape, float(np.exp(log_focal)), motion, 1.0 / noise**2)


@dataclass(frozen=True)
class _Step:
    shape: Array
    log_focal: float
    pose: Array


class _Normal:
    """Normal equations in which the poses are eliminated (Schur complement)."""

    def __init__(
        self, at: Linearised, error: Array, weights: Array, drift: Array, focal: float
    ) -> None:
        frames, count = weights.shape
        poses, points = (
            at.by_pose * weights[..., None, None],
            at.by_point * weights[..., None, None],
        )
        flat = (frames, 2 * count, 6)
        self._pose = np.swapaxes(poses.reshape(flat), 1, 2) @ at.by_pose.reshape(flat)
        self._pose_right = -np.einsum("nkci,nkc->ni", poses, error)
        cross = np.empty((frames, 6, 3 * count + 1))
        by_shape = np.swapaxes(poses, 2, 3) @ at.by_point
        cross[:, :, :-1] = np.swapaxes(by_shape, 1, 2).reshape(frames, 6, 3 * count)
        cross[:, :, -1] = np.einsum("nkci,nkc->ni", poses, at.by_log_focal)
        self._cross = cross
        shared = np.zeros((3 * count + 1, 3 * count + 1))
        blocks = np.einsum("nkci,nkcj->kij", points, at.by_point)
        for k, block in enumerate(blocks):
            shared[3 * k : 3 * k + 3, 3 * k : 3 * k + 3] = block
        mixed = np.einsum("nkci,nkc->ki", points, at.by_log_focal).ravel()
        shared[:-1, -1] = shared[-1, :-1] = mixed
        shared[-1, -1] = np.einsum("nkc,nk,nkc->", at.by_log_focal, weights, at.by_log_focal)
        right = np.empty(3 * count + 1)
        right[:-1] = -np.einsum("nkci,nkc->ki", points, error).ravel()
        right[-1] = -np.einsum("nkc,nk,nkc->", at.by_log_focal, weights, error)
        diagonal = np.r_[np.full(3 * count, _SHAPE_SPREAD**-2), _FOCAL_SPREAD**-2]
        shared[np.diag_indices_from(shared)] += diagonal
        right -= diagonal * np.r_[drift.ravel(), focal]
        self._shared, self._right = shared, right

    def step(self, damping: float) -> _Step:
        """Return the damped Gauss-Newton step."""
        pose = self._pose.copy()
        pose[:, range(6), range(6)] *= 1.0 + damping
        shared = self._shared.copy()
        shared[np.diag_indices_from(shared)] *= 1.0 + damping
        eliminated = np.linalg.solve(pose, self._cross)
        own = np.linalg.solve(pose, self._pose_right[..., None])[..., 0]
        shared -= np.einsum("nia,nib->ab", self._cross, eliminated, optimize=True)
        right = self._right - np.einsum("nia,ni->a", self._cross, own)
        common = np.linalg.solve(shared, right)
        return _Step(common[:-1].reshape(-1, 3), float(common[-1]), own - eliminated @ common)


def _cost(
    image: Array,
    shape: Array,
    log_focal: float,
    motion: Motion,
    prior: Array,
    usual_focal: float,
    noise: Array,
) -> float:
    error = project(shape, motion, float(np.exp(log_focal))) - image
    square = (error**2).sum(axis=-1) / noise**2
    data = _TAIL**2 * np.log1p(square / _TAIL**2).sum() / _SHARED_NOISE
    return float(
        data
        + ((shape - prior) ** 2).sum() / _SHAPE_SPREAD**2
        + ((log_focal - np.log(usual_focal)) / _FOCAL_SPREAD) ** 2
    )


def _robust(error: Array, noise: Array) -> Array:
    """Return Cauchy weights [F, K]."""
    return 1.0 / (1.0 + (error**2).sum(axis=-1) / (noise * _TAIL) ** 2)


def _noise(error: Array) -> Array:
    """Return the noise of each landmark [K] in pixels, by the median of its distances."""
    # The median distance of a two-dimensional normal variable is 1.177 standard deviations.
    return np.maximum(np.median(np.linalg.norm(error, axis=-1), axis=0) / 1.177, _LEAST_NOISE)
