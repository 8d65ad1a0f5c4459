"""Pieces of a body: points, triangles and the picture on them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from ..arrays import Points

Picture = NDArray[np.uint8]


class Part(IntEnum):
    """What a triangle is of. The first ones stand on the shoulders, not on the head."""

    CLOTH = 0
    NECK = 1
    SKIN = 2
    EAR = 3
    LID = 4
    LASH = 5
    EYE = 6
    LIP = 7
    CAVITY = 8
    TEETH = 9
    TONGUE = 10
    HAIR = 11


BODY_PARTS = (Part.CLOTH, Part.NECK)
CLOSED_PARTS = (Part.CLOTH, Part.SKIN)
"""Parts whose back is never seen."""

INSIDE_MOUTH = (Part.CAVITY, Part.TEETH, Part.TONGUE)


@dataclass(frozen=True)
class Piece:
    """A part of the body at rest.

    Attributes:
        part: what it is.
        points: float32 [V, 3] millimetres.
        triangles: int32 [T, 3].
        texture: float32 [V, 2], x and y in pixels of `picture`.
        picture: uint8 [h, w, 4]: sRGB colour, and in the last channel how shiny it is.
        light: float32 [V], share of the surrounding light that gets there, 0 to 1.
    """

    part: Part
    points: Points
    triangles: NDArray[np.int32]
    texture: NDArray[np.float32]
    picture: Picture
    light: NDArray[np.float32]


def sheet(rows: int, columns: int, first: int = 0) -> NDArray[np.int32]:
    """Return the triangles [2 (rows - 1) (columns - 1), 3] of a grid of vertices row by row."""
    numbers = first + np.arange(rows * columns, dtype=np.int32).reshape(rows, columns)
    a, b, c, d = numbers[:-1, :-1], numbers[:-1, 1:], numbers[1:, :-1], numbers[1:, 1:]
    return np.concatenate(
        [np.stack([a, b, d], -1).reshape(-1, 3), np.stack([a, d, c], -1).reshape(-1, 3)]
    ).astype(np.int32)


def sheet_texture(rows: int, columns: int, picture: Picture) -> NDArray[np.float32]:
    """Return texture positions [rows * columns, 2] that spread a picture over a grid."""
    height, width = picture.shape[:2]
    x, y = np.meshgrid(np.linspace(0.5, width - 0.5, columns), np.linspace(0.5, height - 0.5, rows))
    return np.stack([x, y], -1).reshape(-1, 2).astype(np.float32)


def colours(*values: float) -> NDArray[np.float32]:
    """Return an array of single precision, so that painting stays in it."""
    return np.array(values, np.float32)


def plain(colour: tuple[float, float, float], gloss: float = 0.0) -> Picture:
    """Return a picture of one colour, sRGB 0 to 255, with a shine of 0 to 1."""
    return np.full((2, 2, 4), (*colour, 255 * gloss), np.float32).astype(np.uint8)


def as_picture(colour: NDArray[np.floating], gloss: NDArray[np.floating] | float) -> Picture:
    """Return a picture from sRGB colour [h, w, 3] in 0..255 and shine [h, w] in 0..1."""
    shine = np.broadcast_to(np.asarray(gloss, np.float32) * 255.0, colour.shape[:2])
    return np.clip(np.dstack([colour, shine]) + 0.5, 0, 255).astype(np.uint8)


def gauss(square: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return exp(-square)."""
    return np.exp(-square)


def ramp(
    values: NDArray[np.floating],
    start: float | NDArray[np.floating],
    end: float | NDArray[np.floating],
) -> NDArray[np.floating]:
    """Return 0 before `start`, 1 after `end`, a smooth step between; `end` may be smaller."""
    s = np.clip((values - start) / (end - start), 0.0, 1.0)
    return s * s * (3.0 - 2.0 * s)
