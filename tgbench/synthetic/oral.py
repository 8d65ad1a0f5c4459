"""What open lips show: their wet side, teeth, tongue and the dark behind."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .grid import Grid
from .mesh import Part, Piece, Points, as_picture, plain, ramp, sheet, sheet_texture
from .noise import fractal
from .rig import turn_jaw
from .sculpture import FaceShape

_LIP_DEPTHS = (
    (0.0, 0.0, 0.0),
    (0.5, 0.5, -1.6),
    (1.6, 1.6, -3.6),
    (3.4, 3.4, -6.0),
    (6.5, 5.0, -9.0),
    (11.0, 5.0, -13.0),
    (13.0, 2.5, -26.0),
)
"""Rows that line the lips and lead to the bowl behind: away from the slit at its middle, away at
its corners, out of the face; millimetres."""

_LIP_ROWS = 4
"""How many of these rows count as lip."""

_TOOTH_WIDTHS = {
    "upper": (8.6, 6.8, 7.8, 7.0, 6.8, 9.0),
    "lower": (5.4, 5.9, 6.8, 7.0, 7.1, 9.5),
}
_PER_TOOTH = 8
_ARCHES = {"upper": (97.5, 24.5), "lower": (94.0, 22.0)}
"""Front (z) and half width of the rows of teeth, millimetres."""

_TOOTH_ROWS = 14


def lip_lining(grid: Grid) -> tuple[Piece, Piece]:
    """Return the wet side of the lips and the dark skin behind it; see `lip_lining_points`."""
    count = len(grid.mouth.upper)
    rows = len(_LIP_DEPTHS)
    size = rows * count
    shades = np.linspace(1.0, 0.12, rows) ** 1.5
    light = np.tile(np.repeat(shades, count), 2).astype(np.float32)
    points = np.zeros((2 * size, 3), np.float32)
    texture = np.ones((2 * size, 2), np.float32)
    near = np.concatenate([sheet(_LIP_ROWS, count), sheet(_LIP_ROWS, count, size)])
    skip = (_LIP_ROWS - 1) * count
    far = np.concatenate([sheet(rows - _LIP_ROWS + 1, count, first + skip) for first in (0, size)])
    lip = Piece(Part.LIP, points, near, texture, plain((176, 88, 84), 0.8), light)
    back = Piece(Part.CAVITY, points, far, texture, plain((92, 34, 32), 0.1), light)
    return lip, back


def lip_lining_points(skin: Points, grid: Grid) -> Points:
    """Return where `lip_lining` is for a posed skin."""
    count = len(grid.mouth.upper)
    s = np.linspace(-1.0, 1.0, count)
    full = np.sqrt(np.maximum(1.0 - s * s, 0.0))
    rows = []
    for edge, sign in ((skin[grid.mouth.upper], 1.0), (skin[grid.mouth.lower], -1.0)):
        for away, aside, out in _LIP_DEPTHS:
            # Away from the middle of the opening, so that no view into the mouth is blocked.
            offset = np.stack([aside * s**3, sign * away * full, np.full(count, out)], axis=1)
            rows.append(edge + offset)
    return np.concatenate(rows).astype(np.float32)


def cavity(shape: FaceShape) -> Piece:
    """Return a dark bowl behind the teeth that closes the mouth off from the head's inside."""
    rows, columns = 16, 24
    polar, turn = np.meshgrid(
        np.linspace(0.0, np.pi / 2, rows), np.linspace(0.0, 2 * np.pi, columns), indexing="ij"
    )
    bowl = np.stack(
        [
            26 * np.sin(polar) * np.cos(turn),
            -4 + 21 * np.sin(polar) * np.sin(turn) + shape.mouth_height,
            80 - 36 * np.cos(polar),
        ],
        -1,
    ).reshape(-1, 3)
    light = np.repeat(np.linspace(0.25, 0.5, rows), columns).astype(np.float32)
    return Piece(
        Part.CAVITY,
        bowl.astype(np.float32),
        sheet(rows, columns),
        np.ones((len(bowl), 2), np.float32),
        plain((84, 28, 26), 0.0),
        light,
    )


def cavity_points(rest: Points, jaw: float, rounding: float) -> Points:
    """Return the bowl with its floor on the jaw, narrower behind rounded lips."""
    narrowed = rest * np.array([1.0 - 0.3 * rounding, 1.0, 1.0])
    return turn_jaw(narrowed, jaw, ramp(rest[:, 1:2], -70.0, -90.0))


def teeth(row: str, shape: FaceShape, tint: tuple[float, float, float]) -> Piece:
    """Return the "upper" or "lower" row of teeth with its gum, jaw closed."""
    widths = _TOOTH_WIDTHS[row]
    front, half = _ARCHES[row]
    place, across, number = [], [], []
    start = 0.0
    for k, width in enumerate(widths):
        t = (np.arange(_PER_TOOTH) + 0.5) / _PER_TOOTH
        place.append(start + width * t)
        across.append(2.0 * t - 1.0)
        number.append(np.full(_PER_TOOTH, k))
        start += width
    arc = np.concatenate([-np.concatenate(place)[::-1], np.concatenate(place)])
    side = np.concatenate([-np.concatenate(across)[::-1], np.concatenate(across)])
    tooth = np.concatenate([np.concatenate(number)[::-1], np.concatenate(number)])
    x = half * np.sin(arc / start * 1.35) / np.sin(1.35)
    z = front - 22.0 * (np.abs(x) / half) ** 2.3
    down = np.linspace(0.0, 1.0, _TOOTH_ROWS)[:, None]
    length = np.array([10.2, 9.5, 10.1, 9.3, 8.9, 8.6])[tooth]
    if row == "lower":
        length = length * 0.86
    bulge = 1.1 * (1.0 - side**2) * np.minimum(1.0, (1.05 - down) * 3) * ramp(down, 0.25, 0.5)
    # The biting edge is rounded at its corners, most on the canines.
    edge = length * (1.0 - (0.05 + 0.1 * (tooth == 2)) * side**4)
    gum = 6.0
    height = gum + (edge + gum) * -down
    sign, level = (1.0, -68.6) if row == "upper" else (-1.0, -88.2)
    points = np.stack(
        [
            np.broadcast_to(x, bulge.shape),
            level + (shape.mouth_height + 75.0) + sign * height,
            z + bulge - 1.5 * (down - 0.5),
        ],
        -1,
    ).reshape(-1, 3)
    picture = _teeth_picture(side, down, length / (length + gum), tint)
    rows, columns = bulge.shape
    shade = 1.0 - 0.5 * (np.abs(x) / half) ** 2
    light = (np.broadcast_to(shade, bulge.shape) * (0.75 + 0.25 * down)).reshape(-1)
    return Piece(
        Part.TEETH,
        points.astype(np.float32),
        sheet(rows, columns),
        sheet_texture(rows, columns, picture),
        picture,
        (0.9 * light).astype(np.float32),
    )


def _teeth_picture(
    side: NDArray, down: NDArray, share: NDArray, tint: tuple[float, float, float]
) -> NDArray[np.uint8]:
    """Paint enamel, gaps and gum over a row of teeth, three texels a vertex each way."""
    enlarge = 3
    across = np.repeat(side, enlarge)[None]
    along = np.linspace(0.0, 1.0, _TOOTH_ROWS * enlarge)[:, None]
    gum_line = np.repeat(1.0 - share, enlarge)[None] + 0.10 * across**2 - 0.02
    enamel = np.array(tint) * (1.0 - 0.16 * ramp(along, 0.75, 0.3))[..., None]
    enamel = enamel * (1.0 - 0.5 * ramp(np.abs(across), 0.78, 1.0))[..., None]
    translucent = ramp(along, 0.9, 1.0)[..., None] * (1 - across**2)[..., None]
    enamel = enamel * (1 - 0.12 * translucent)
    flesh = np.array([176.0, 92.0, 92.0]) * np.ones((*along.shape[:1], across.shape[1], 1))
    share_of_gum = ramp(along, gum_line + 0.03, gum_line - 0.03)[..., None]
    return as_picture(enamel * (1 - share_of_gum) + flesh * share_of_gum, 0.9)


def tongue(shape: FaceShape, seed: int) -> Piece:
    """Return the tongue at rest on the floor of the mouth."""
    rows, columns = 26, 28
    along, turn = np.meshgrid(
        np.linspace(0.0, 1.0, rows), np.linspace(0.0, 2 * np.pi, columns), indexing="ij"
    )
    width = 20.0 * np.sqrt(np.maximum(1.0 - np.clip((along - 0.55) / 0.45, 0, 1) ** 2.4, 0.0))
    thick = 2.0 + 6.0 * np.sqrt(np.maximum(1.0 - along**3, 0.0))
    x = width * np.cos(turn)
    groove = 1.8 * np.exp(-((x / 4.0) ** 2)) * (np.sin(turn) > 0)
    y = shape.mouth_height - 11.5 + thick * np.sin(turn) - groove - 2.5 * along**2
    z = 50.0 + 41.0 * along
    points = np.stack([x, y, z], -1).reshape(-1, 3).astype(np.float32)
    rough = fractal(points, 1.8, 3, seed).reshape(rows, columns)
    colour = np.array([186.0, 94.0, 92.0]) * (1.0 + 0.12 * rough)[..., None]
    picture = as_picture(colour, 0.6)
    light = (0.25 + 0.6 * along).reshape(-1).astype(np.float32)
    return Piece(
        Part.TONGUE,
        points,
        sheet(rows, columns),
        sheet_texture(rows, columns, picture),
        picture,
        light,
    )


def tongue_points(rest: Points, tip: float, front: float) -> Points:
    """Return the tongue with its tip raised and its body forward (1) or back (0)."""
    along = np.clip((rest[:, 2] - 50.0) / 41.0, 0.0, 1.0)
    moved = rest.copy()
    moved[:, 1] += 9.0 * tip * along**2.5 + 5.0 * (front - 0.3) * np.exp(
        -(((along - 0.6) / 0.3) ** 2)
    )
    moved[:, 2] += (5.0 * (front - 0.5) + 1.5 * tip) * (0.4 + 0.6 * along)
    return moved
