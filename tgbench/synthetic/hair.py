"""Hair: a shell over the head that dips under the skin where no hair grows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .grid import CENTRE, directions, on_surface
from .mesh import Part, Piece, Points, as_picture, ramp, sheet, sheet_texture
from .noise import fractal
from .sculpture import FaceShape

_ROWS, _COLUMNS = 130, 220
_PICTURE = (520, 880)
_LOWEST = -62.0

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
    """How hair is worn. Lengths are in millimetres.

    Attributes:
        colour: of the strands in light, sRGB 0 to 255.
        top: thickness on the crown.
        sides: thickness above the ears.
        line: how much higher than the mean the hairline of the forehead is.
        frame: how much lower it is for every millimetre away from the parting.
        hang: how far down long hair hangs, as a height y; None for short hair.
        parting: where the parting is, to the person's left.
        sweep: direction of the hair beside the parting: outwards, up, forwards.
        strands: how many strands are drawn one by one.
    """

    colour: tuple[float, float, float]
    top: float
    sides: float
    line: float
    frame: float
    hang: float | None
    parting: float
    sweep: tuple[float, float, float]
    strands: int


@dataclass(frozen=True)
class Shell:
    """The outside of the hair as distances from `grid.CENTRE` over a grid of directions.

    Attributes:
        azimuth: [rows, columns] radians.
        elevation: [rows, columns] radians.
        reach: [rows, columns] millimetres, below the skin where there is no hair.
        skin: [rows, columns] millimetres, of the skin.
        inside: [rows, columns] millimetres within the hair's outline, negative outside.
        locks: [rows, columns] noise of about [-1, 1], alike along strands.
    """

    azimuth: NDArray[np.float64]
    elevation: NDArray[np.float64]
    reach: NDArray[np.float64]
    skin: NDArray[np.float64]
    inside: NDArray[np.float64]
    locks: NDArray[np.float64]

    @property
    def points(self) -> NDArray[np.float64]:
        """The shell's points [rows, columns, 3], millimetres."""
        return CENTRE + self.reach[..., None] * directions(self.azimuth, self.elevation)


def within_hairline(points: Points, style: HairStyle) -> NDArray[np.float64]:
    """Return how far inside the hairline points of the scalp lie, millimetres."""
    heights, fronts = np.array(_HAIRLINE).T
    raised = heights + style.line * ramp(heights, 20.0, 60.0)
    aside = np.abs(points[..., 0] - style.parting) * ramp(points[..., 1], 10.0, 40.0)
    y = points[..., 1] + style.frame * aside
    return np.interp(y, raised, fronts) - points[..., 2]


def build_shell(shape: FaceShape, style: HairStyle, seed: int) -> Shell:
    """Lay the hair over a head."""
    azimuth, elevation = np.meshgrid(
        np.linspace(-np.pi, np.pi, _COLUMNS), np.radians(np.linspace(_LOWEST, 90.0, _ROWS))
    )
    scalp = on_surface(azimuth, elevation, shape)
    skin = np.linalg.norm(scalp - np.array(CENTRE, np.float32), axis=-1).astype(np.float64)
    locks = fractal(_combed(scalp, style), (13.0, 13.0, 80.0), 2, seed + 7).astype(np.float64)
    wisps = fractal(_combed(scalp, style), (3.0, 3.0, 40.0), 2, seed).astype(np.float64)
    high = ramp(scalp[..., 1], 10.0, 85.0)
    thick = style.sides + (style.top - style.sides) * high
    away = np.abs(scalp[..., 0] - style.parting)
    part = np.exp(-((away / 3.5) ** 2)) * ramp(scalp[..., 2], -30, 20) * high
    reach, inside = skin + thick * (1.0 - 0.55 * part), within_hairline(scalp, style)
    if style.hang is not None:
        hanging, covered = _hanging(azimuth, elevation, style.hang, locks)
        low = ramp(scalp[..., 1], 25.0, -15.0)
        reach = reach * (1 - low) + np.maximum(hanging, reach) * low
        inside = np.where(covered > inside, covered, inside)
        floor = (reach * np.sin(elevation) + CENTRE[1]) - style.hang
        inside = np.minimum(inside, floor + 5.0 * wisps)
    inside = inside + 3.0 * wisps + 2.5 * locks
    lift = (reach - skin) * ramp(inside, -2.0, 15.0 + 14.0 * high) * (
        1.0 + 0.14 * locks
    ) + 0.6 * wisps
    lift = np.where(inside > -1.0, lift, 0.0) - 3.0 * ramp(inside, 2.0, -2.0)
    return Shell(azimuth, elevation, skin + lift, skin, inside, locks)


def _hanging(
    azimuth: NDArray, elevation: NDArray, hang: float, locks: NDArray
) -> tuple[NDArray, NDArray]:
    """Return reach and coverage of hair that hangs down around the neck."""
    across, depth = 85.0, 96.0
    level = 1.0 / np.hypot(np.sin(azimuth) / across, np.cos(azimuth) / depth)
    y = CENTRE[1] + level * np.tan(np.minimum(elevation, 0.3))
    # The tips turn in towards the neck.
    level = level * (1.0 - 0.20 * ramp(y, hang + 60.0, hang - 10.0) + 0.025 * locks)
    front = np.radians(61.0) + 0.10 * ramp(y, -20.0, -100.0)
    covered = (np.abs(azimuth) - front) * 85.0
    return level / np.cos(np.minimum(elevation, 0.3)), covered


def shell_piece(shell: Shell, style: HairStyle, seed: int) -> Piece:
    """Return the painted shell."""
    picture = _picture(style, seed)
    lift = shell.reach - shell.skin
    deep = 0.5 + 0.25 * shell.locks
    light = np.clip(deep * (0.45 + 0.55 * ramp(lift, 0.0, 6.0)), 0.12, 1.0)
    triangles = sheet(_ROWS, _COLUMNS)
    # Where no hair grows the shell is left out: a moving face would dip through it.
    hairy = (shell.inside.reshape(-1)[triangles] > -4.0).any(axis=1)
    return Piece(
        Part.HAIR,
        shell.points.reshape(-1, 3).astype(np.float32),
        triangles[hairy],
        sheet_texture(_ROWS, _COLUMNS, picture),
        picture,
        light.reshape(-1).astype(np.float32),
    )


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
    fine = fractal(place, (2.5, 90.0, 1.0), 2, seed + 30)
    value = np.clip(0.72 + 0.45 * fine, 0.15, 1.6)
    return as_picture(np.array(style.colour) * value[..., None], np.clip(0.3 + 0.4 * fine, 0, 1))
