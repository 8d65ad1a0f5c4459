"""The head template: where each texel of the UV grid lies on a mean head.

Columns run around the head from its right to its left, rows from the throat to the crown, both
dense over the face. The line between the lips and the line between the lids are rows, so that a
texel means the same place of the face on every head.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tgbench.synthetic.grid import Grid, build_grid
from tgbench.synthetic.landmarks import landmark_vertices
from tgbench.synthetic.sculpture import FaceShape

Positions = NDArray[np.float32]

HEIGHT, WIDTH = 64, 96
"""Rows and columns of the head's UV grid."""

MOUTH_SIDE = 16
"""Rows and columns of the grid behind the lips."""

_MOUTH_HALF = (0.024, 0.014)
"""Half width and half height of the grid behind the lips, metres."""

_MOUTH_DEPTH = 0.012
"""Metres by which it lies behind the lips."""


@lru_cache(maxsize=1)
def head_template() -> Positions:
    """Return the mean head without hair, [HEIGHT, WIDTH, 3], head frame, metres."""
    grid = build_grid(FaceShape())
    return sampled(grid.points, grid)


@lru_cache(maxsize=1)
def mouth_template() -> Positions:
    """Return a sheet behind the lips of the mean head, [MOUTH_SIDE, MOUTH_SIDE, 3], metres."""
    grid = build_grid(FaceShape())
    lips = grid.points[grid.mouth.lower] / 1000.0
    middle = lips.mean(axis=0)
    front = float(lips[:, 2].max()) - _MOUTH_DEPTH
    across = np.linspace(-1.0, 1.0, MOUTH_SIDE)
    x, y = np.meshgrid(across * _MOUTH_HALF[0], across * _MOUTH_HALF[1])
    # Teeth run back to the sides.
    z = front - 0.012 * (x / _MOUTH_HALF[0]) ** 2
    return np.stack([x + middle[0], y + middle[1], z], axis=-1).astype(np.float32)


def landmark_texels() -> NDArray[np.int64]:
    """Return the texel, counted row by row, at each of the 68 landmarks of iBUG, [68].

    The edges of lips and lids lie between two rows of texels: upper ones get the row above.
    """
    shape = FaceShape()
    grid = build_grid(shape)
    vertices = landmark_vertices(grid, shape)
    column, row = grid.cell[vertices].T
    rows, columns = grid.shape
    exact = row * (HEIGHT - 1) / (rows - 1)
    upper, edge = vertices >= rows * columns, np.isin(row, (grid.mouth.row, grid.left_eye.row))
    down = np.where(upper, np.ceil(exact), np.where(edge, np.floor(exact), np.rint(exact)))
    along = np.rint(column * (WIDTH - 1) / (columns - 1))
    return (down * WIDTH + along).astype(np.int64)


def sampled(points: NDArray[np.floating], grid: Grid) -> Positions:
    """Return posed points of the skin at the texels, [HEIGHT, WIDTH, 3], metres.

    Args:
        points: [V, 3] millimetres, as `Rig.skin` gives them.
        grid: whose vertices they are.
    """
    rows, columns = grid.shape
    places = points[: rows * columns].reshape(rows, columns, 3) / 1000.0
    down = np.rint(np.linspace(0, rows - 1, HEIGHT)).astype(int)
    along = np.rint(np.linspace(0, columns - 1, WIDTH)).astype(int)
    return np.ascontiguousarray(places[np.ix_(down, along)], np.float32)
