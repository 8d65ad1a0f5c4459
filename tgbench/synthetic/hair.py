"""Hair: a shell over the skull that dips under the skin where the hairline is, and strands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .grid import CENTRE, directions, on_surface
from .mesh import Part, Piece, Points, as_picture, gauss, ramp, sheet, sheet_texture
from .noise import fractal
from .sculpture import FaceShape

_ROWS, _COLUMNS = 120, 220
_PICTURE = (720, 1100)

_HAIRLINE = (
    (-95.0, -60.0),
    (-70.0, -40.0),
    (-40.0, -24.0),
    (-26.0, 2.0),
    (-20.0, 14.0),
    (5.0, 24.0),
    (25.0, 38.0),
    (42.0, 52.0),
    (55.0, 66.0),
    (63.0, 84.0),
    (72.0, 130.0),
)
"""Height y, and how far forward (z) hair grows at it: nape, sideburn, temple, forehead."""


@dataclass(frozen=True)
class HairStyle:
    """How hair is worn.

    Attributes:
        colour: of the strands in light, sRGB 0 to 255.
        top: thickness on the crown, millimetres.
        sides: thickness above the ears.
        line: how much higher than the mean the hairline of the forehead is, millimetres.
        length: how far below the ears it hangs, millimetres; 0 for short hair.
        wave: how far strands swing, millimetres.
        parting: where the parting is, millimetres to the person's left.
    """

    colour: tuple[float, float, float]
    top: float
    sides: float
    line: float
    length: float
    wave: float
    parting: float


def within_hairline(points: Points, style: HairStyle) -> NDArray[np.float64]:
    """Return how far inside the hair points of the scalp lie, millimetres, negative outside."""
    heights, fronts = np.array(_HAIRLINE).T
    raised = heights + style.line * ramp(heights, 20.0, 60.0)
    y = points[..., 1] + 0.03 * np.abs(points[..., 0])
    return np.interp(y, raised, fronts) - points[..., 2]


def cap(shape: FaceShape, style: HairStyle, seed: int) -> Piece:
    """Return the hair on the skull."""
    azimuth, elevation = np.meshgrid(
        np.linspace(-np.pi, np.pi, _COLUMNS), np.radians(np.linspace(-48.0, 90.0, _ROWS))
    )
    scalp = on_surface(azimuth, elevation, shape)
    rays = directions(azimuth, elevation)
    inside = within_hairline(scalp, style)
    high = ramp(scalp[..., 1], 10.0, 85.0)
    strands = fractal(_combed(scalp, style), (2.2, 2.2, 26.0), 3, seed)
    locks = fractal(_combed(scalp, style), (13.0, 13.0, 90.0), 2, seed + 7)
    thick = style.sides + (style.top - style.sides) * high
    ragged = inside + 3.5 * strands + 2.5 * locks
    lift = thick * ramp(ragged, -1.0, 16.0) + 2.6 * ramp(ragged, -2.0, 2.0) - 2.6
    lift = lift * (1.0 + 0.16 * locks) + 0.7 * strands * (lift > 0)
    part = gauss(((scalp[..., 0] - style.parting) / 3.0) ** 2) * ramp(scalp[..., 2], -30, 20)
    lift = lift - 0.5 * thick * part * high
    points = scalp + lift[..., None].astype(np.float32) * rays
    picture = _picture(style, seed)
    depth = np.clip(0.62 + 0.25 * locks + 0.3 * strands - 0.35 * part * high, 0.2, 1.0)
    depth *= 0.55 + 0.45 * ramp(lift, 0.0, 0.5 * thick)
    return Piece(
        Part.HAIR,
        points.reshape(-1, 3).astype(np.float32),
        _hairy(sheet(_ROWS, _COLUMNS), ragged),
        sheet_texture(_ROWS, _COLUMNS, picture),
        picture,
        depth.reshape(-1).astype(np.float32),
    )


def _hairy(triangles: NDArray[np.int32], inside: NDArray) -> NDArray[np.int32]:
    """Return the triangles that hair may grow on: elsewhere a moving face would dip through."""
    return triangles[(inside.reshape(-1)[triangles] > -4.0).any(axis=1)]


def _combed(scalp: Points, style: HairStyle) -> Points:
    """Return coordinates whose third runs along the strands, from the parting outwards."""
    x = scalp[..., 0] - style.parting
    along = np.abs(x) + 0.4 * (90.0 - scalp[..., 1])
    across = scalp[..., 2] + 0.25 * np.abs(x)
    return np.stack([across, np.sign(x) * 40.0, along], -1).astype(np.float32)


def _picture(style: HairStyle, seed: int) -> NDArray[np.uint8]:
    height, width = _PICTURE
    y, x = np.mgrid[:height, :width].astype(np.float32)
    place = np.stack([x, y, np.zeros_like(x)], -1)
    fine = fractal(place, (3.0, 90.0, 1.0), 3, seed + 30)
    coarse = fractal(place, (22.0, 260.0, 1.0), 2, seed + 31)
    value = 0.80 + 0.42 * fine + 0.22 * coarse
    colour = np.array(style.colour) * np.clip(value, 0.15, 1.6)[..., None]
    return as_picture(colour, np.clip(0.5 + 0.5 * fine, 0.0, 1.0))
