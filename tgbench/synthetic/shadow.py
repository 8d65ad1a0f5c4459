"""What keeps the key light off: a picture of the person taken from the light."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..compiled import njit
from .rasterizer import NOTHING, draw

_TEXELS = 448
_COVERED = 0.50
"""Side of the square in the room that the picture covers, metres."""

_MIDDLE = (0.0, -0.06, 0.0)
_BIAS = 0.0012
"""Metres towards the light from where a surface casts no shadow on itself."""

_SOFT = 0.003
"""Metres over which a surface comes out of a shadow."""

_AHEAD = 2.0
"""Added to distances along the light, so that all are positive."""


def light_view(toward: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return the map [3, 4] from the head frame to (column, row, nearness) of a light's picture.

    Args:
        toward: [3], unit, from the head towards the light.
    """
    toward = np.asarray(toward, np.float64)
    right = np.cross([0.0, 1.0, 0.0], toward)
    right /= np.linalg.norm(right)
    up = np.cross(toward, right)
    scale = _TEXELS / _COVERED
    rows = np.stack([right * scale, -up * scale, toward])
    offset = np.array([_TEXELS / 2.0, _TEXELS / 2.0, _AHEAD]) - rows @ np.array(_MIDDLE)
    return np.column_stack([rows, offset]).astype(np.float32)


def shadow_map(
    vertices: NDArray[np.float32],
    triangles: NDArray[np.int32],
    closed: NDArray[np.bool_],
    view: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Return how near to the light the nearest surface is, [T, T]; 0 for none."""
    points = vertices @ view[:, :3].T + view[:, 3]
    nearness = np.zeros((_TEXELS, _TEXELS), np.float32)
    owner = np.full((_TEXELS, _TEXELS), NOTHING, np.int32)
    draw(points, triangles, closed, 0, len(triangles), nearness, owner)
    return nearness


@njit(cache=True, nogil=True)
def lit_share(shadow: NDArray, view: NDArray, x: float, y: float, z: float) -> float:
    """Return how much of the light reaches a point, from 9 places of the light's picture."""
    column = view[0, 0] * x + view[0, 1] * y + view[0, 2] * z + view[0, 3]
    row = view[1, 0] * x + view[1, 1] * y + view[1, 2] * z + view[1, 3]
    near = view[2, 0] * x + view[2, 1] * y + view[2, 2] * z + view[2, 3] + _BIAS
    lit = 0.0
    for k in range(9):
        j = int(column + 2.3 * (k % 3 - 1))
        i = int(row + 2.3 * (k // 3 - 1))
        if 0 <= i < shadow.shape[0] and 0 <= j < shadow.shape[1]:
            lit += min(max(1.0 + (near - shadow[i, j]) / _SOFT, 0.0), 1.0)
        else:
            lit += 1.0
    return lit / 9.0
