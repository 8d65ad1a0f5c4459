"""Rotations as axis-angle vectors, for arrays of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def cross_matrix(vectors: Array) -> Array:
    """Return [..., 3, 3] with `cross_matrix(a) @ b == cross(a, b)`."""
    x, y, z = np.moveaxis(vectors, -1, 0)
    zero = np.zeros_like(x)
    rows = [zero, -z, y, z, zero, -x, -y, x, zero]
    return np.stack(rows, axis=-1).reshape(*vectors.shape[:-1], 3, 3)


def rotation_matrices(vectors: Array) -> Array:
    """Return the matrices [..., 3, 3] of axis-angle vectors [..., 3] in radians (Rodrigues)."""
    first, second, _ = _coefficients(vectors)
    skew = cross_matrix(vectors)
    return np.asarray(np.eye(3) + first * skew + second * (skew @ skew))


def left_jacobians(vectors: Array) -> Array:
    """Return J [..., 3, 3] with exp(v + d) = exp(J d) exp(v) to first order in d."""
    _, second, third = _coefficients(vectors)
    skew = cross_matrix(vectors)
    return np.asarray(np.eye(3) + second * skew + third * (skew @ skew))


def nearest_rotation(matrix: Array) -> Array:
    """Return the rotation nearest to a 3x3 matrix in the least-squares sense."""
    u, _, vt = np.linalg.svd(matrix)
    return u @ np.diag([1.0, 1.0, np.linalg.det(u @ vt)]) @ vt


def _coefficients(vectors: Array) -> tuple[Array, Array, Array]:
    """Return sin(a)/a, (1 - cos a)/a^2 and (a - sin a)/a^3, by series near zero."""
    angle = np.linalg.norm(vectors, axis=-1)[..., None, None]
    small = angle < 1e-4
    safe = np.where(small, 1.0, angle)
    square = angle**2
    return (
        np.where(small, 1.0 - square / 6.0, np.sin(safe) / safe),
        np.where(small, 0.5 - square / 24.0, (1.0 - np.cos(safe)) / safe**2),
        np.where(small, 1.0 / 6.0 - square / 120.0, (safe - np.sin(safe)) / safe**3),
    )
