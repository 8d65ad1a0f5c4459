"""Poses of all frames for a known shape and focal length, each on its own or as a smooth path."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct
from scipy.linalg import solveh_banded

from .projection import Motion, linearise

Array = NDArray[np.float64]

_CHUNK = 500
_ROUNDS = 8
_TAIL = 2.0
_SMOOTHNESS = np.logspace(-3, 7, 101)
_REACH = 12
"""Unknowns that second differences of six numbers a frame tie together."""


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
        hessian, right = _normal(image, shape, focal, motion, weights)
        motion = motion.stepped(np.linalg.solve(hessian, right[..., None])[..., 0])
    return motion


def smoothed(image: Array, shape: Array, focal: float, raw: Motion, weights: Array) -> Motion:
    """Fit all poses together with a prior on their second differences.

    How rough the path of each of the six coordinates may be is found by generalised
    cross-validation on `raw`, so that a lively head keeps its nods and a still one stands still.

    Args:
        raw: the poses of each frame by itself; other arguments as in `frame_by_frame`.
    """
    if len(raw.turn) < 5:
        return raw
    paths = np.concatenate([raw.turn, raw.place], axis=1)
    noise, roughness = np.array([_noise_and_roughness(path) for path in paths.T]).T
    hessian, _ = _normal(image, shape, focal, raw, weights)
    expected = np.linalg.inv(hessian)[:, range(6), range(6)].mean(axis=0)
    # Landmarks err together, so poses are noisier than independent landmarks would make them.
    inflation = max(1.0, float(np.median(noise / expected)))
    motion = raw
    for _ in range(_ROUNDS):
        hessian, right = _normal(image, shape, focal, motion, weights)
        path = np.concatenate([motion.turn, motion.place], axis=1)
        step = _solve(hessian / inflation, right / inflation, path, 1.0 / roughness)
        motion = motion.stepped(step)
    return motion


def _normal(
    image: Array, shape: Array, focal: float, motion: Motion, weights: Array
) -> tuple[Array, Array]:
    """Return the normal equations of every frame: [N, 6, 6] and [N, 6]."""
    frames = len(image)
    hessian, right = np.empty((frames, 6, 6)), np.empty((frames, 6))
    for first in range(0, frames, _CHUNK):
        part = slice(first, first + _CHUNK)
        at = linearise(shape, Motion(motion.turn[part], motion.place[part], motion.base), focal)
        error = at.image - image[part]
        weight = weights / (1.0 + (error**2).sum(axis=-1) * weights / _TAIL**2)
        weighted = at.by_pose * weight[..., None, None]
        hessian[part] = np.einsum("nkci,nkcj->nij", weighted, at.by_pose, optimize=True)
        right[part] = -np.einsum("nkci,nkc->ni", weighted, error)
    return hessian, right


def _solve(hessian: Array, right: Array, path: Array, stiffness: Array) -> Array:
    """Solve for the step [N, 6] under the penalty stiffness * (second differences)^2."""
    frames = len(path)
    bands = np.zeros((_REACH + 1, frames * 6))
    index = np.arange(frames) * 6
    for i in range(6):
        for j in range(i, 6):
            bands[_REACH + i - j, index + j] += hessian[:, i, j]
    for shift, values in enumerate(_second_difference_bands(frames)):
        for i in range(6):
            bands[_REACH - 6 * shift, index[shift:] + i] += stiffness[i] * values
    second = np.diff(path, 2, axis=0) * stiffness
    pull = np.zeros_like(path)
    pull[:-2] += second
    pull[1:-1] -= 2.0 * second
    pull[2:] += second
    return solveh_banded(bands, (right - pull).ravel()).reshape(frames, 6)


def _second_difference_bands(frames: int) -> tuple[Array, Array, Array]:
    """Return main and upper diagonals of D'D for second differences D."""
    main, first, second = np.zeros(frames), np.zeros(frames - 1), np.ones(frames - 2)
    for shift, weight in enumerate((1.0, 4.0, 1.0)):
        main[shift : shift + frames - 2] += weight
    first[:-1] -= 2.0
    first[1:] -= 2.0
    return main, first, second


def _noise_and_roughness(path: Array) -> tuple[float, float]:
    """Return the variance of a path's noise and of its true second differences.

    Whittaker smoothing with the strength that generalised cross-validation prefers; the cosine
    transform diagonalises it (Garcia 2010).
    """
    count = len(path)
    spectrum = dct(path, norm="ortho")
    stiffness = (2.0 - 2.0 * np.cos(np.pi * np.arange(count) / count)) ** 2
    shrink = _SMOOTHNESS[:, None] * stiffness / (1.0 + _SMOOTHNESS[:, None] * stiffness)
    residual = ((shrink * spectrum) ** 2).sum(axis=1)
    freedom = shrink.sum(axis=1)
    best = int((residual / np.maximum(freedom, 1e-9) ** 2).argmin())
    noise = max(residual[best] / freedom[best], 1e-16)
    return noise, noise / _SMOOTHNESS[best]
