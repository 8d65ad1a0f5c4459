"""Moving the skin: expressions, jaw, lids, and lips that close exactly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .grid import Grid, Slit, eye_corners, on_surface
from .mesh import Points, gauss, ramp
from .sculpture import FaceShape

HINGE = np.array([0.0, -16.0, 6.0])
"""A point of the axis, along x, about which the jaw turns; millimetres."""

JAW_ANGLE = np.radians(11.5)
"""How far the jaw turns when it is open all the way."""

_LID_KEYS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.3)
_LID_REACH_UP, _LID_REACH_DOWN = np.radians(10.5), np.radians(6.5)
_SEAL_ROWS = 16


@dataclass(frozen=True)
class _Lids:
    """Places of an eye's skin for `_LID_KEYS` degrees of opening, [K, n, 3]."""

    vertices: NDArray[np.int32]
    places: NDArray[np.float32]


class Rig:
    """Poses a face's skin. Displacements are in millimetres of the head frame."""

    def __init__(self, grid: Grid, shape: FaceShape) -> None:
        """Work out how every vertex takes part in every movement."""
        self._grid = grid
        self._names, self._shapes = _shapes(grid, shape)
        self._jaw = _jaw_weights(grid, shape)
        self._lids = [_lid_keys(grid, slit, shape) for slit in (grid.right_eye, grid.left_eye)]

    def skin(self, weights: dict[str, float], jaw: float, openness: float, seal: float) -> Points:
        """Return the skin's vertices [V, 3].

        Args:
            weights: strengths of the shapes of `_shapes`, usually 0 to 1; absent ones are 0.
            jaw: 0 shut to 1.
            openness: of the lids, 0 shut, 1 open, up to 1.3 wide.
            seal: 0 leaves the lips as they are, 1 brings them together.
        """
        points = self._grid.points.copy()
        for lids in self._lids:
            points[lids.vertices] = _between_keys(lids.places, openness)
        strengths = np.array([weights.get(name, 0.0) for name in self._names], np.float32)
        points += np.tensordot(strengths, self._shapes, axes=1)
        points = turn_jaw(points, jaw, self._jaw[:, None])
        self._close_lips(points, seal)
        return points

    def _close_lips(self, points: Points, seal: float) -> None:
        """Bring the edges of the lips together in place, and the rows around them along.

        Where the shapes have moved one lip through the other, they meet whatever `seal` is.
        """
        grid = self._grid
        mouth = grid.mouth
        upper, lower = points[mouth.upper], points[mouth.lower]
        meeting = 0.42 * upper + 0.58 * lower
        share = np.where(upper[:, 1:2] < lower[:, 1:2], np.float32(1.0), np.float32(seal))
        up, down = share * (meeting - upper), share * (meeting - lower)
        columns = np.arange(mouth.columns.start - 1, mouth.columns.stop + 1)
        width = grid.shape[1]
        points[mouth.upper[1:-1]] += up[1:-1]
        points[mouth.lower[1:-1]] += down[1:-1]
        for step in range(1, _SEAL_ROWS):
            follow = np.float32(np.exp(-((step / (0.48 * _SEAL_ROWS)) ** 2)))
            points[(mouth.row + step) * width + columns] += follow * up
            points[(mouth.row - step) * width + columns] += follow * down


def turn_jaw(points: Points, jaw: float, weight: NDArray | float = 1.0) -> Points:
    """Turn points [..., 3] about the jaw's hinge by a share `weight` of the opening."""
    angle = jaw * JAW_ANGLE * np.asarray(weight)
    y, z = points[..., 1:2] - HINGE[1], points[..., 2:3] - HINGE[2]
    cosine, sine = np.cos(angle), np.sin(angle)
    turned = np.concatenate(
        [
            points[..., :1],
            HINGE[1] + cosine * y - sine * z,
            HINGE[2] + sine * y + cosine * z,
        ],
        axis=-1,
    )
    return turned.astype(np.float32)


def _between_keys(places: NDArray[np.float32], openness: float) -> NDArray[np.float32]:
    at = float(np.interp(openness, _LID_KEYS, np.arange(len(_LID_KEYS))))
    k = min(int(at), len(_LID_KEYS) - 2)
    share = np.float32(at - k)
    return places[k] * (1 - share) + places[k + 1] * share


def _fullness(grid: Grid, shape: FaceShape) -> NDArray[np.float32]:
    """Return 1 over the middle of the mouth, falling to 0 at and beyond its corners."""
    u = np.abs(grid.points[:, 0]) / (shape.mouth_width * shape.width + 0.5)
    return (np.maximum(1.0 - u * u, 0.0) ** 0.72).astype(np.float32)


def _jaw_weights(grid: Grid, shape: FaceShape) -> NDArray[np.float32]:
    """Return how much of the jaw's turn every vertex makes."""
    y, z = grid.points[:, 1] - HINGE[1], grid.points[:, 2] - HINGE[2]
    angle = np.degrees(np.arctan2(-y, z))
    whole = ramp(angle, 20.0, 44.0) * ramp(grid.points[:, 2], -15.0, 30.0)
    near = gauss(((grid.points[:, 1] - shape.mouth_height) / 26.0) ** 2)
    parted = _fullness(grid, shape) * near * ramp(grid.points[:, 2], 30.0, 60.0)
    upper = whole * (1.0 - parted)
    lower = whole + (1.0 - whole) * parted
    return np.where(grid.above > 0, upper, lower).astype(np.float32)


def _lid_keys(grid: Grid, slit: Slit, shape: FaceShape) -> _Lids:
    """Slide the skin around an eye over the surface of the closed lids."""
    rows, columns = grid.shape
    inner_x, inner_y, outer_x, outer_y = eye_corners(shape)
    span = np.array(slit.columns)
    azimuth = grid.azimuth[slit.row, span]
    line = grid.elevation[slit.row, span]
    edge = grid.points[slit.lower[1:-1]]
    level = np.hypot(edge[:, 0], edge[:, 2] - 10.0)
    s = (np.abs(edge[:, 0]) / shape.width - inner_x) / (outer_x - inner_x)
    corner = inner_y + (outer_y - inner_y) * s
    arc = np.maximum(1.0 - (2.0 * np.clip(s, 0, 1) - 1.0) ** 2, 0.0)
    # The upper lid is highest a little towards the nose, the lower one lowest towards the ear.
    upper_arc = np.maximum(1.0 - np.abs(2.0 * np.clip(s, 0, 1) ** 0.9 - 1.0) ** 2.3, 0.0)
    upper = corner + 0.68 * shape.eye_open * upper_arc
    lower = corner - 0.32 * shape.eye_open * arc**0.9
    lift, drop = (upper - edge[:, 1]) / level, (lower - edge[:, 1]) / level
    below = [r for r in range(slit.row, 0, -1) if _near(grid, r, slit, _LID_REACH_DOWN)]
    above = [r for r in range(slit.row + 1, rows) if _near(grid, r, slit, _LID_REACH_UP)]
    vertices = [slit.upper[1:-1], slit.lower[1:-1]]
    elevations, moves = [line, line], [lift, drop]
    for r in above:
        vertices.append((r * columns + span).astype(np.int32))
        elevations.append(grid.elevation[r, span])
        moves.append(lift * _fade((grid.elevation[r, span] - line) / _LID_REACH_UP))
    for r in below[1:]:
        vertices.append((r * columns + span).astype(np.int32))
        elevations.append(grid.elevation[r, span])
        moves.append(drop * _fade((line - grid.elevation[r, span]) / _LID_REACH_DOWN))
    places = [
        on_surface(
            np.broadcast_to(azimuth, (len(moves), len(span))),
            np.stack(elevations) + key * np.stack(moves),
            shape,
            start=120.0,
        )
        for key in _LID_KEYS
    ]
    return _Lids(np.concatenate(vertices), np.stack(places).reshape(len(_LID_KEYS), -1, 3))


def _near(grid: Grid, row: int, slit: Slit, reach: float) -> bool:
    span = slice(slit.columns.start, slit.columns.stop)
    return bool((np.abs(grid.elevation[row, span] - grid.elevation[slit.row, span]) < reach).any())


def _fade(s: NDArray) -> NDArray:
    """From 1 at the edge of a lid to 0 where the skin no longer moves, never folding over."""
    s = np.clip(s, 0.0, 1.0)
    return (1.0 - s) * (1.0 - s * s)


def _shapes(grid: Grid, shape: FaceShape) -> tuple[list[str], NDArray[np.float32]]:
    """Return names and displacements [K, V, 3] of the movements that simply add up."""
    x, y, z = grid.points.T.astype(np.float64)
    ax, side = np.abs(x) / shape.width, np.sign(x)
    front = ramp(z, 10.0, 55.0)
    mouth_y, corner_x = shape.mouth_height, shape.mouth_width
    eye_x, eye_y, _ = shape.eye
    full = _fullness(grid, shape)
    up, low = (grid.above > 0).astype(float), (grid.above < 0).astype(float)
    zero = np.zeros_like(x)

    def spot(at_x: float, at_y: float, wide: float, high: float) -> NDArray:
        return front * gauss(((ax - at_x) / wide) ** 2 + ((y - at_y) / high) ** 2)

    lips = spot(0, mouth_y, 34, 15)
    corner = spot(corner_x, mouth_y, 15, 15)
    pout = gauss((ax / 11.0) ** 2)
    around_mouth = spot(0, mouth_y, 36, 24)
    upper_lip, lower_lip = up * spot(0, mouth_y + 3, 30, 10), low * spot(0, mouth_y - 4, 28, 10)
    cheek = spot(40, -44, 20, 17)
    chin = spot(0, -104 - shape.chin_drop, 24, 15)
    brow_in, brow_out = spot(10, 18, 13, 17), spot(42, 20, 18, 17)
    brow_all = spot(27, 15, 27, 13)
    glabella = spot(0, 12, 13, 14)
    lid = spot(eye_x, eye_y - 9, 17, 7) * (y < eye_y - 1.0)
    table = {
        "part": (
            zero,
            full * (up * 2.4 * lips - low * 3.8 * lips),
            0.5 * full * lips,
        ),
        "round": (
            -0.55 * x * around_mouth,
            lips * (up * (2.6 * pout - 1.8 * full) + low * (2.6 * full - 3.6 * pout)),
            8.0 * spot(0, mouth_y, 24, 17) - 2.0 * corner,
        ),
        "drop": (-side * 3.2 * corner, zero, -1.0 * corner),
        "spread": (side * 5.0 * corner, 0.8 * corner, -2.2 * corner - 1.2 * lips),
        "smile": (
            side * (5.5 * corner + 1.5 * cheek),
            6.5 * corner + 3.0 * cheek,
            -2.5 * corner + 2.5 * cheek - 1.0 * lips,
        ),
        "press": (zero, full * (-up * 0.9 + low * 1.1) * lips, -1.9 * (upper_lip + lower_lip)),
        "tuck": (
            zero,
            5.6 * full * lower_lip + 1.5 * full * upper_lip + 1.5 * chin,
            full * (0.4 * upper_lip - 5.0 * lower_lip),
        ),
        "chin": (zero, 2.6 * chin + 0.8 * full * low * lips, 1.0 * chin),
        "brow_inner": (-side * 0.6 * brow_in, 5.5 * brow_in, 0.4 * brow_in),
        "brow_outer": (side * 0.5 * brow_out, 5.0 * brow_out, zero),
        "brow_lower": (
            -side * 2.6 * brow_in,
            -3.6 * brow_all - 1.4 * glabella,
            1.0 * glabella,
        ),
        "cheeks": (zero, 3.5 * cheek + 1.6 * lid, 2.2 * cheek),
        "squint": (zero, 1.8 * lid, 0.3 * lid),
    }
    return list(table), np.stack([np.stack(moves, -1) for moves in table.values()]).astype(
        np.float32
    )
