"""Neck, shoulders and what is worn on them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .mesh import Part, Piece, Points, as_picture, gauss, ramp, sheet, sheet_texture
from .noise import fractal
from .skin import Complexion

_NECK = (
    (-45.0, 40.0, 26.0, -16.0),
    (-70.0, 52.0, 36.0, -12.0),
    (-95.0, 55.0, 50.0, -11.0),
    (-120.0, 55.0, 54.0, -14.0),
    (-140.0, 57.0, 56.0, -19.0),
    (-155.0, 66.0, 60.0, -24.0),
    (-170.0, 92.0, 66.0, -30.0),
    (-190.0, 130.0, 74.0, -34.0),
)
"""Height, half width, half depth and depth of the middle of the neck's cross-sections, mm."""

_CHEST = (
    (-146.0, 63.0, 62.0, -24.0),
    (-152.0, 76.0, 66.0, -27.0),
    (-162.0, 102.0, 73.0, -31.0),
    (-175.0, 134.0, 82.0, -34.0),
    (-188.0, 160.0, 90.0, -36.0),
    (-202.0, 181.0, 98.0, -37.0),
    (-222.0, 198.0, 106.0, -37.0),
    (-250.0, 208.0, 113.0, -35.0),
    (-330.0, 212.0, 120.0, -30.0),
)
"""The same of the chest, clothed."""

_COLUMNS = 160


@dataclass(frozen=True)
class Clothes:
    """What is worn.

    Attributes:
        colour: of the cloth, sRGB 0 to 255.
        collar: of the collar's band.
        neckline: how deep the neckline is in front, millimetres.
        width: scale of neck and shoulders.
        knit: size of the stitches, millimetres.
    """

    colour: tuple[float, float, float]
    collar: tuple[float, float, float]
    neckline: float
    width: float
    knit: float


def neck(look: Complexion, clothes: Clothes, larynx: float, seed: int) -> Piece:
    """Return the neck from inside the head down into the clothes."""
    rows = 90
    points, turn = _loft(_NECK, rows, clothes.width * 0.97, 2.1)
    front = ramp(np.cos(turn), 0.0, 1.0)
    y = points[..., 1]
    throat = larynx * gauss((points[..., 0] / 9) ** 2 + ((y + 122) / 11) ** 2) * front
    cord = np.abs(points[..., 0]) - (14.0 + 0.42 * (y + 165.0))
    muscle = 3.2 * gauss((cord / 9.0) ** 2) * front * ramp(y, -60.0, -110.0)
    notch = -5.0 * gauss((points[..., 0] / 12) ** 2 + ((y + 168) / 9) ** 2) * front
    swell = (throat + muscle + notch)[..., None]
    points = points + swell * np.stack([np.sin(turn), 0 * turn, np.cos(turn)], -1)
    places = points.astype(np.float32)
    fine = fractal(places, 3.0, 3, seed)
    blotches = fractal(places, 30.0, 3, seed + 3)
    rings = gauss(((y + 112 + 0.05 * np.abs(points[..., 0])) / 1.6) ** 2) * front
    colour = np.array(look.skin) * np.array([0.985, 0.95, 0.93])
    colour = colour * (1.0 + 0.04 * fine + 0.05 * blotches - 0.07 * rings)[..., None]
    picture = as_picture(colour, 0.18)
    # The chin keeps light off the throat.
    light = 0.34 + 0.66 * ramp(y, -108.0, -158.0)
    light = 1.0 - (1.0 - light) * (0.55 + 0.45 * front)
    return _piece(Part.NECK, places, picture, light)


def clothing(clothes: Clothes, seed: int) -> list[Piece]:
    """Return the garment and its collar."""
    rows = 120
    points, turn = _loft(_CHEST, rows, clothes.width, 2.2)
    front = ramp(np.cos(turn), 0.1, 1.0)
    top = ramp(points[..., 1], -200.0, -146.0)
    points[..., 1] -= clothes.neckline * front * top
    points[..., 2] += 0.25 * clothes.neckline * front * top
    places = points.astype(np.float32)
    folds = fractal(places, (60.0, 110.0, 60.0), 3, seed)
    outward = np.stack([np.sin(turn), 0 * turn, np.cos(turn)], -1)
    places = (places + (5.0 * folds * ramp(top, 0.9, 0.3))[..., None] * outward).astype(np.float32)
    garment = _piece(
        Part.CLOTH, places, _cloth(clothes, places, seed), np.clip(0.9 + 0.3 * folds, 0.3, 1.0)
    )
    return [garment, _collar(clothes, places[0], seed)]


def _collar(clothes: Clothes, rim: Points, seed: int) -> Piece:
    """Return a ribbed band around the neckline."""
    columns, rows = len(rim), 14
    turn = np.linspace(1.2 * np.pi, -0.4 * np.pi, rows)[:, None]
    outward = rim - rim.mean(axis=0)
    outward[:, 1] = 0.0
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    up = np.array([0.0, 1.0, 0.0])
    points = (
        rim
        + 2.8 * np.cos(turn)[..., None] * outward
        + (6.5 * np.sin(turn))[..., None] * up
        - 1.0 * up
    ).astype(np.float32)
    place = np.arange(columns * 6) / (columns * 6)
    rib = 0.86 + 0.14 * np.sin(2 * np.pi * place * 150)
    colour = np.array(clothes.collar) * np.broadcast_to(rib, (rows * 2, columns * 6))[..., None]
    light = np.broadcast_to(0.65 + 0.3 * np.sin(turn), (rows, columns))
    return _piece(Part.CLOTH, points, as_picture(colour, 0.05), light)


def _cloth(clothes: Clothes, places: Points, seed: int) -> NDArray[np.uint8]:
    enlarge = 6
    rows, columns = places.shape[:2]
    larger = columns * enlarge, rows * enlarge
    fine = np.asarray(cv2.resize(places, larger, interpolation=cv2.INTER_LINEAR), np.float32)
    angle = np.arctan2(fine[..., 0], fine[..., 2] + 40.0)
    stitch = np.sin(2 * np.pi * angle * 130.0 / clothes.knit)
    stitch = stitch * np.sin(2 * np.pi * fine[..., 1] / clothes.knit)
    worn = fractal(fine, 40.0, 4, seed + 11)
    fuzz = fractal(fine, 1.6, 2, seed + 12)
    value = 0.95 + 0.07 * stitch + 0.07 * worn + 0.08 * fuzz
    return as_picture(np.array(clothes.colour) * value[..., None], 0.04)


def _loft(
    sections: tuple[tuple[float, float, float, float], ...], rows: int, width: float, square: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return points [rows, columns, 3] over cross-sections, and the angle of each."""
    heights, wide, deep, middle = np.array(sections).T
    y = np.linspace(heights[0], heights[-1], rows)
    across, depth, centre = (
        np.interp(-y, -heights, values) for values in (wide * width, deep, middle)
    )
    turn = np.linspace(-np.pi, np.pi, _COLUMNS)
    sine, cosine = np.sin(turn), np.cos(turn)
    radius = (np.abs(sine) ** square + np.abs(cosine) ** square) ** (-1.0 / square)
    points = np.stack(
        [
            across[:, None] * radius * sine,
            np.broadcast_to(y[:, None], (rows, _COLUMNS)),
            centre[:, None] + depth[:, None] * radius * cosine,
        ],
        -1,
    )
    return points, np.broadcast_to(turn, (rows, _COLUMNS))


def _piece(part: Part, places: Points, picture: NDArray[np.uint8], light: NDArray) -> Piece:
    rows, columns = places.shape[:2]
    triangles = sheet(rows, columns)[:, ::-1].copy()
    return Piece(
        part,
        places.reshape(-1, 3),
        triangles,
        sheet_texture(rows, columns, picture),
        picture,
        np.ascontiguousarray(light, np.float32).reshape(-1),
    )
