"""The head's skin as a grid of directions, with slits where lids and lips part.

Columns run around the head (azimuth), rows from the throat to the crown (elevation), both seen
from a point inside the head. Rows are bent so that one of them runs between the lips and one
between the lids; there the vertices are doubled, and the two copies can move apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .distance import Points
from .sculpture import FaceShape, surface_along

CENTRE = (0.0, -20.0, 10.0)
"""Where the directions start, millimetres: all of the face can be seen from there."""

_HALF_COLUMNS = 118
_ROW_BLOCKS = ((-80.0, 58), (-30.0, 78), (8.0, 84), (52.0, 30))
_TOP = 90.0
_MOUTH_ROW = 58
_EYE_ROW = 58 + 78
_BEND_REACH = np.radians(15.0)
_LID_SAG = 3.0
"""How far the line between closed lids hangs below the corners of the eye, millimetres."""


@dataclass(frozen=True)
class Slit:
    """Doubled vertices along a row.

    Attributes:
        row: the row.
        columns: the columns between the corners, corners excluded.
        lower: vertex numbers of the lower edge, [n + 2] with both corners.
        upper: the same of the upper edge; the corners are shared.
    """

    row: int
    columns: range
    lower: NDArray[np.int32]
    upper: NDArray[np.int32]


@dataclass(frozen=True)
class Grid:
    """Vertices of the skin before any movement: lips and lids closed.

    Attributes:
        azimuth: [rows, columns] radians, positive to the person's left.
        elevation: [rows, columns] radians.
        points: float32 [V, 3] millimetres; the grid's, row by row, then the slits' upper copies.
        triangles: int32 [T, 3].
        cell: float32 [V, 2], column and row of every vertex.
        above: [V] +1 for vertices above the line of the lips, -1 below.
        mouth: the slit between the lips.
        right_eye: the slit between the lids of the person's right eye.
        left_eye: that of the left.
    """

    azimuth: NDArray[np.float64]
    elevation: NDArray[np.float64]
    points: NDArray[np.float32]
    triangles: NDArray[np.int32]
    cell: NDArray[np.float32]
    above: NDArray[np.float32]
    mouth: Slit
    right_eye: Slit
    left_eye: Slit

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, columns = self.azimuth.shape
        return rows, columns


def directions(azimuth: NDArray, elevation: NDArray) -> Points:
    """Return unit vectors [..., 3]."""
    level = np.cos(elevation)
    return np.stack(
        [np.sin(azimuth) * level, np.sin(elevation), np.cos(azimuth) * level], axis=-1
    ).astype(np.float32)


def on_surface(
    azimuth: NDArray, elevation: NDArray, shape: FaceShape, start: float = 190.0
) -> Points:
    """Return the points of the head's surface in directions seen from `CENTRE`."""
    # Both halves of a face are alike: a ray and its mirror image are walked once.
    flat = np.stack([np.abs(azimuth), elevation], -1).reshape(-1, 2).round(9)
    unique, places = np.unique(flat, axis=0, return_inverse=True)
    reach = surface_along(CENTRE, directions(unique[:, 0], unique[:, 1]), shape, start)
    reach = reach[places.reshape(-1)].reshape(azimuth.shape)
    return np.array(CENTRE, np.float32) + reach[..., None] * directions(azimuth, elevation)


def build_grid(shape: FaceShape) -> Grid:
    """Lay the grid on a face."""
    azimuth_line = _azimuths()
    rows = _elevations()
    mouth_line, mouth_columns = _mouth_line(azimuth_line, shape)
    eye_line, eye_columns = _eye_line(azimuth_line, shape)
    azimuth = np.broadcast_to(azimuth_line, (len(rows), len(azimuth_line))).copy()
    elevation = rows[:, None] + sum(
        (line - rows[row]) * _bump((rows - rows[row]) / _BEND_REACH)[:, None]
        for line, row in ((mouth_line, _MOUTH_ROW), (eye_line, _EYE_ROW))
    )
    elevation[0] = rows[0]
    points = on_surface(azimuth, elevation, shape).reshape(-1, 3)
    return _assemble(azimuth, elevation, points, mouth_columns, eye_columns)


def _assemble(
    azimuth: NDArray, elevation: NDArray, points: Points, mouth: range, eye: range
) -> Grid:
    row_count, column_count = azimuth.shape
    right_eye = range(column_count - eye.stop, column_count - eye.start)
    numbers = np.arange(row_count * column_count, dtype=np.int32).reshape(azimuth.shape)
    above_numbers = numbers.copy()
    slits = []
    extra = numbers.size
    for row, columns in ((_MOUTH_ROW, mouth), (_EYE_ROW, right_eye), (_EYE_ROW, eye)):
        copies = np.arange(extra, extra + len(columns), dtype=np.int32)
        above_numbers[row, columns.start : columns.stop] = copies
        extra += len(columns)
        span = slice(columns.start - 1, columns.stop + 1)
        slits.append(Slit(row, columns, numbers[row, span], above_numbers[row, span].copy()))
    originals = np.concatenate([slit.lower[1:-1] for slit in slits])
    # The lower edge of a cell is the upper copy of its row: what is above a slit hangs on it.
    a, b = above_numbers[:-1, :-1], above_numbers[:-1, 1:]
    c, d = numbers[1:, :-1], numbers[1:, 1:]
    triangles = np.concatenate(
        [np.stack([a, b, d], -1).reshape(-1, 3), np.stack([a, d, c], -1).reshape(-1, 3)]
    )
    cell = np.stack(np.meshgrid(np.arange(column_count), np.arange(row_count)), -1)
    cell = cell.reshape(-1, 2).astype(np.float32)
    cell = np.concatenate([cell, cell[originals]])
    above = np.where(cell[:, 1] > _MOUTH_ROW, 1.0, -1.0).astype(np.float32)
    above[slits[0].upper[1:-1]] = 1.0
    return Grid(
        azimuth,
        elevation,
        np.concatenate([points, points[originals]]),
        triangles.astype(np.int32),
        cell,
        above,
        slits[0],
        slits[1],
        slits[2],
    )


def _azimuths() -> NDArray[np.float64]:
    """Dense over the face, sparse at the back of the head."""
    s = np.linspace(-1.0, 1.0, 2 * _HALF_COLUMNS + 1)
    return np.pi * (0.42 * s + 0.58 * s**5)


def _elevations() -> NDArray[np.float64]:
    ends = [block[0] for block in _ROW_BLOCKS[1:]] + [_TOP]
    rows = [
        np.linspace(start, end, count, endpoint=False)
        for (start, count), end in zip(_ROW_BLOCKS, ends, strict=True)
    ]
    return np.radians(np.append(np.concatenate(rows), _TOP))


def _bump(s: NDArray) -> NDArray:
    return np.where(np.abs(s) < 1.0, (1.0 - s * s) ** 2, 0.0)


def _elevation_of(
    azimuth: NDArray, height: NDArray, shape: FaceShape, guess: float
) -> NDArray[np.float64]:
    """Return the elevations at which the surface has given heights y."""
    elevation = np.full(azimuth.shape, np.radians(guess))
    for _ in range(12):
        point = on_surface(azimuth, elevation, shape)
        level = np.hypot(point[..., 0] - CENTRE[0], point[..., 2] - CENTRE[2])
        elevation = 0.5 * elevation + 0.5 * np.arctan2(height - CENTRE[1], level)
    return elevation


def _mouth_line(azimuth: NDArray, shape: FaceShape) -> tuple[NDArray, range]:
    """Return the elevation of the line between the lips in every column, and its columns."""
    side = np.abs(azimuth)
    corner = np.arctan2(shape.mouth_width * shape.width, 92.5 - CENTRE[2])
    s = np.minimum(side / corner, 1.35)
    # Lower at the middle of each side than at the tubercle and the corners: a cupid's bow.
    height = shape.mouth_height - 0.9 * np.sin(np.pi * np.minimum(s, 1.0)) ** 2 + 0.6 * s**4
    line = _elevation_of(np.minimum(side, 1.35 * corner), height, shape, -29.0)
    inside = np.flatnonzero(side < corner)
    return line, range(int(inside[0]), int(inside[-1]) + 1)


def eye_corners(shape: FaceShape) -> tuple[float, float, float, float]:
    """Return x and y of the inner and of the outer corner of the left eye, millimetres."""
    x, y, _ = shape.eye
    return x - 14.5, y - 2.2, x + 14.0, y - 2.2 + shape.eye_tilt


def _eye_line(azimuth: NDArray, shape: FaceShape) -> tuple[NDArray, range]:
    """Return the elevation of the line between closed lids, and the left eye's columns."""
    inner_x, inner_y, outer_x, outer_y = eye_corners(shape)
    depth = shape.eye[2] + 9.0 - CENTRE[2]
    inner = np.arctan2(inner_x * shape.width, depth + 1.0)
    outer = np.arctan2(outer_x * shape.width, depth - 9.0)
    side = np.clip(np.abs(azimuth), inner - 0.1, outer + 0.25)
    s = (side - inner) / (outer - inner)
    sag = _LID_SAG * np.maximum(1.0 - (2.0 * s - 1.0) ** 2, 0.0)
    height = inner_y + (outer_y - inner_y) * s - sag
    line = _elevation_of(side, height, shape, 9.0)
    inside = np.flatnonzero((azimuth > inner) & (azimuth < outer))
    return line, range(int(inside[0]), int(inside[-1]) + 1)
