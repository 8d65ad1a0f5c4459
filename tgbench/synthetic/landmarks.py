"""The 68 landmarks of iBUG as fixed vertices of the skin."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .grid import Grid, Slit
from .sculpture import FaceShape
from .skin import brow_line, lip_edges

_JAW_CENTRE = (0.0, -45.0)
_JAW_FROM, _JAW_TO = 151.0, 389.0
"""Directions in the frontal plane, in degrees, of the first and last point of the jaw."""


def landmark_vertices(grid: Grid, shape: FaceShape) -> NDArray[np.int64]:
    """Return the vertex of each landmark, [68], in the order of iBUG.

    The jaw follows the outline that the face at rest has from the front and then stays with the
    skin; lids and lips are the edges of their slits.
    """
    return np.array(
        [
            *_jaw(grid),
            *_brows(grid, shape),
            *_nose(grid, shape),
            *_eye(grid.right_eye),
            *_eye(grid.left_eye),
            *_outer_lips(grid, shape),
            *_inner_lips(grid),
        ]
    )


def _grid_points(grid: Grid) -> NDArray[np.float32]:
    rows, columns = grid.shape
    return grid.points[: rows * columns]


def _nearest(grid: Grid, x: float, y: float) -> int:
    """Return the vertex of the front of the face nearest to (x, y)."""
    points = _grid_points(grid)
    away = (points[:, 0] - x) ** 2 + (points[:, 1] - y) ** 2
    return int(np.argmin(np.where(points[:, 2] > 20.0, away, np.inf)))


def _jaw(grid: Grid) -> list[int]:
    """Return vertices equally far apart along the outline."""
    points = _grid_points(grid)
    x, y = points[:, 0] - _JAW_CENTRE[0], points[:, 1] - _JAW_CENTRE[1]
    angle, reach = np.degrees(np.arctan2(y, x)) % 360.0, np.hypot(x, y)
    front = points[:, 2] > 12.0
    outline = []
    for target in np.linspace(_JAW_FROM, _JAW_TO, 97):
        apart = np.abs((angle - target + 180.0) % 360.0 - 180.0)
        outline.append(int(np.argmax(np.where((apart < 1.2) & front, reach, -1.0))))
    steps = np.linalg.norm(np.diff(points[outline, :2], axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    wanted = np.linspace(0.0, along[-1], 17)
    return [outline[int(np.argmin(np.abs(along - place)))] for place in wanted]


def _brows(grid: Grid, shape: FaceShape) -> list[int]:
    left = [brow_line(t, shape) for t in (0.05, 0.33, 0.58, 0.8, 1.0)]
    places = [(-x, y) for x, y in reversed(left)] + left
    return [_nearest(grid, x * shape.width, y + 1.5) for x, y in places]


def _nose(grid: Grid, shape: FaceShape) -> list[int]:
    tip = -shape.nose_length + 10.0
    bridge = [(0.0, y) for y in np.linspace(-1.0, tip, 4)]
    wing = (shape.nose_width - 4.0) * shape.width
    base = -shape.nose_length
    under = [(-wing, base + 2.5), (-wing / 2, base), (0.0, base - 1.5), (wing / 2, base)]
    return [_nearest(grid, x, y) for x, y in (*bridge, *under, (wing, base + 2.5))]


def _eye(slit: Slit) -> list[int]:
    """Return corner, two of the upper lid, corner, two of the lower, clockwise in the image."""
    last = len(slit.upper) - 1
    third, two_thirds = round(0.32 * last), round(0.68 * last)
    upper, lower = slit.upper, slit.lower
    return [upper[0], upper[third], upper[two_thirds], upper[last], lower[two_thirds], lower[third]]


def _outer_lips(grid: Grid, shape: FaceShape) -> list[int]:
    half = shape.mouth_width
    corners = int(grid.mouth.upper[0]), int(grid.mouth.upper[-1])

    def on_edge(s: float, side: int) -> int:
        height = float(lip_edges(np.array([abs(s)]), shape)[side][0])
        return _nearest(grid, s * half * shape.width, shape.mouth_height + height)

    upper = [on_edge(s, 0) for s in (-0.64, -0.24, 0.0, 0.24, 0.64)]
    lower = [on_edge(s, 1) for s in (0.66, 0.34, 0.0, -0.34, -0.66)]
    return [corners[0], *upper, corners[1], *lower]


def _inner_lips(grid: Grid) -> list[int]:
    upper, lower = grid.mouth.upper, grid.mouth.lower
    last = len(upper) - 1
    at = [round(share * last) for share in (0.06, 0.3, 0.5, 0.7, 0.94)]
    return [upper[at[0]], *upper[at[1:4]], upper[at[4]], *lower[at[3:0:-1]]]
