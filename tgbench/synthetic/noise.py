"""Repeatable noise: lattice noise in space for textures, smooth noise in time for motion."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ..compiled import njit

_WORD = 0xFFFFFFFF


@njit(cache=True, nogil=True)
def _lattice(x: int, y: int, z: int, seed: int) -> float:
    """Hash a lattice point to [-1, 1]."""
    value = np.uint64(x & _WORD) * np.uint64(0x8DA6B343)
    value ^= np.uint64(y & _WORD) * np.uint64(0xD8163841)
    value ^= np.uint64(z & _WORD) * np.uint64(0xCB1AB31F)
    value ^= np.uint64(seed & _WORD) * np.uint64(0x165667B1)
    value &= np.uint64(_WORD)
    value ^= value >> np.uint64(15)
    value = (value * np.uint64(0x2C1B3C6D)) & np.uint64(_WORD)
    value ^= value >> np.uint64(12)
    value = (value * np.uint64(0x297A2D39)) & np.uint64(_WORD)
    value ^= value >> np.uint64(15)
    return float(value) / 2147483647.5 - 1.0


@njit(cache=True, nogil=True)
def _value_noise(x: float, y: float, z: float, seed: int) -> float:
    x0, y0, z0 = math.floor(x), math.floor(y), math.floor(z)
    fx, fy, fz = x - x0, y - y0, z - z0
    fx, fy, fz = fx * fx * (3 - 2 * fx), fy * fy * (3 - 2 * fy), fz * fz * (3 - 2 * fz)
    i, j, k = int(x0), int(y0), int(z0)
    total = 0.0
    for corner in range(8):
        a, b, c = corner & 1, (corner >> 1) & 1, corner >> 2
        weight = (fx if a else 1.0 - fx) * (fy if b else 1.0 - fy) * (fz if c else 1.0 - fz)
        total += weight * _lattice(i + a, j + b, k + c, seed)
    return total


@njit(cache=True, nogil=True)
def _fill(points: NDArray, octaves: int, seed: int, out: NDArray) -> None:
    for n in range(points.shape[0]):
        scale, gain, total = 1.0, 0.5, 0.0
        for octave in range(octaves):
            x, y, z = points[n, 0] * scale, points[n, 1] * scale, points[n, 2] * scale
            total += gain * _value_noise(x, y, z, seed + octave)
            scale *= 2.0
            gain *= 0.5
        out[n] = total


def fractal(
    points: NDArray[np.floating], size: float | tuple[float, float, float], octaves: int, seed: int
) -> NDArray[np.float32]:
    """Return noise of about [-1, 1] at points [..., 3], each octave half as large and strong.

    Args:
        points: positions, any unit.
        size: extent of the largest blotches in the same unit, one number or one for each axis.
        octaves: how many scales are summed.
        seed: another seed gives unrelated noise.
    """
    scaled = np.ascontiguousarray(
        (points / np.asarray(size, np.float32)).reshape(-1, 3), np.float32
    )
    out = np.empty(len(scaled), np.float32)
    _fill(scaled, octaves, seed, out)
    return out.reshape(points.shape[:-1])


def drift(
    times: NDArray[np.floating], period: float, generator: np.random.Generator
) -> NDArray[np.float64]:
    """Return a smooth random curve of about unit deviation at times in seconds.

    A sum of sines around 1 / `period` hertz with random phases: it can be asked for at any time.
    """
    rates = 2.0 * np.pi / period * np.array([0.43, 0.71, 1.0, 1.37])
    rates *= generator.uniform(0.9, 1.1, len(rates))
    phases = generator.uniform(0.0, 2.0 * np.pi, len(rates))
    weights = np.array([0.9, 0.8, 0.65, 0.35])
    return np.sin(np.asarray(times)[..., None] * rates + phases) @ weights
