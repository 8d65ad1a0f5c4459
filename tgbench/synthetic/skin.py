"""What is painted on the face: complexion, lips, brows, stubble, and where little light gets."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .grid import Grid, eye_corners
from .mesh import Part, Piece, Points, as_picture, colours, gauss, ramp
from .noise import fractal
from .sculpture import FaceShape, head_distance

Colour = tuple[float, float, float]
_TEXELS = 4
"""Texels across a cell of the grid."""


@dataclass(frozen=True)
class Complexion:
    """Colours of a face, sRGB 0 to 255.

    Attributes:
        skin: the mean of the face.
        blush: how much redder cheeks, nose and ears are, 1 for the mean.
        lips: the lips.
        brows: hair of the brows and lashes.
        brow_weight: how dense the brows are, 1 for the mean.
        stubble: how dark a shaved beard is, 0 for none.
        freckles: how many freckles, 0 to 1.
        liner: how dark the rim of the lids is, 0 to 1.
    """

    skin: Colour
    blush: float
    lips: Colour
    brows: Colour
    brow_weight: float
    stubble: float
    freckles: float
    liner: float


def skin_piece(grid: Grid, shape: FaceShape, look: Complexion, seed: int) -> Piece:
    """Return the painted skin at rest."""
    texture = grid.cell * _TEXELS + _TEXELS / 2.0
    return Piece(
        Part.SKIN,
        grid.points,
        grid.triangles,
        texture.astype(np.float32),
        _paint(grid, shape, look, seed),
        surrounding_light(grid.points, shape),
    )


def surrounding_light(points: Points, shape: FaceShape) -> NDArray[np.float32]:
    """Return how open to its surroundings the surface is at points [V, 3], 0 to 1.

    Compares the distance of points above the surface with what it would be on a plane
    (Evans 2006); the slope of the distance stands in for the normal.
    """
    step = 0.5
    slope = np.stack(
        [
            head_distance(points + step * axis, shape) - head_distance(points - step * axis, shape)
            for axis in np.eye(3, dtype=np.float32)
        ],
        -1,
    )
    normal = slope / np.maximum(np.linalg.norm(slope, axis=-1, keepdims=True), 1e-6)
    light = np.ones(len(points), np.float32)
    for height, strength in ((1.5, 0.14), (3.0, 0.10), (6.0, 0.07), (12.0, 0.035)):
        shade = height - head_distance(points + np.float32(height) * normal, shape)
        light -= np.float32(strength) * np.clip(shade, 0.0, None).astype(np.float32)
    return np.clip(light, 0.12, 1.0)


def _places(grid: Grid) -> Points:
    """Return where on the face every texel lies, [h, w, 3]."""
    rows, columns = grid.shape
    points = grid.points[: rows * columns].reshape(rows, columns, 3)
    size = columns * _TEXELS, rows * _TEXELS
    return cv2.resize(points, size, interpolation=cv2.INTER_LINEAR).astype(np.float32)


def _paint(grid: Grid, shape: FaceShape, look: Complexion, seed: int) -> NDArray[np.uint8]:
    places = _places(grid)
    x, y, z = np.moveaxis(places, -1, 0)
    ax = np.abs(x) / shape.width
    colour = _complexion(places, ax, y, z, shape, look, seed)
    gloss = _shine(places, ax, y, shape, seed)
    colour, gloss = _lips(places, x / shape.width, y, z, shape, look, colour, gloss, seed)
    colour = _lids(ax, y, z, shape, look, colour)
    colour = _brows(grid, shape, look, colour, seed)
    return as_picture(colour, gloss)


def _complexion(
    places: Points,
    ax: NDArray,
    y: NDArray,
    z: NDArray,
    shape: FaceShape,
    look: Complexion,
    seed: int,
) -> NDArray[np.float32]:
    blotches = fractal(places, 28.0, 3, seed)
    grain = fractal(places, 3.2, 3, seed + 20)
    pores = ramp(fractal(places, 1.5, 2, seed + 40), 0.1, 0.7)
    red = (
        0.9 * gauss(((ax - 36) / 20) ** 2 + ((y + 38) / 18) ** 2)
        + 0.9 * gauss((ax / 15) ** 2 + ((y + 42) / 13) ** 2) * (z > 85)
        + 0.4 * gauss((ax / 22) ** 2 + ((y + 106) / 13) ** 2)
        + 0.35 * gauss(((ax - shape.eye_apart) / 20) ** 2 + ((y + 6) / 11) ** 2)
    )
    red = look.blush * (red + 0.35 * blotches)
    yellow = 0.5 * ramp(y, 10.0, 50.0)
    colour = np.array(look.skin, np.float32) * (
        1.0
        + red[..., None] * colours(0.015, -0.11, -0.10)
        + yellow[..., None] * colours(0.0, 0.01, -0.03)
    )
    colour *= (1.0 + 0.028 * blotches + 0.045 * grain - 0.055 * pores)[..., None]
    tired = gauss(((ax - shape.eye_apart + 3) / 13) ** 2 + ((y + 17) / 5) ** 2)
    colour *= 1.0 - tired[..., None] * colours(0.07, 0.09, 0.06)
    nostril = gauss(
        ((ax - shape.nose_width + 10) / 3.3) ** 2
        + ((y + shape.nose_length - 1.0) / 2.6) ** 2
        + ((z - 88 - shape.nose_depth) / 5.5) ** 2
    )
    colour *= 1.0 - 0.8 * nostril[..., None]
    if look.freckles:
        spots = ramp(fractal(places, 2.6, 1, seed + 60), 0.62, 0.8)
        spots *= gauss((ax / 46) ** 2 + ((y + 28) / 24) ** 2) * look.freckles
        colour *= 1.0 - spots[..., None] * colours(0.16, 0.25, 0.30)
    if look.stubble:
        colour = _stubble(places, ax, y, shape, look, colour, seed)
    return colour


def _stubble(
    places: Points,
    ax: NDArray,
    y: NDArray,
    shape: FaceShape,
    look: Complexion,
    colour: NDArray,
    seed: int,
) -> NDArray[np.float32]:
    mouth_y = shape.mouth_height
    beard = ramp(y - 0.55 * np.maximum(ax - 34, 0), -52.0, -66.0)
    beard *= 1.0 - gauss((ax / 22) ** 2 + ((y - mouth_y) / 8) ** 2)
    moustache = gauss(((ax - 14) / 13) ** 2 + ((y - mouth_y - 13) / 5) ** 2)
    area = np.clip(np.maximum(beard, moustache), 0.0, 1.0) * look.stubble
    dots = 0.55 + 0.9 * ramp(fractal(places, 0.9, 1, seed + 80), -0.2, 0.6)
    return colour * (1.0 - (area * dots)[..., None] * colours(0.34, 0.30, 0.24))


def _shine(places: Points, ax: NDArray, y: NDArray, shape: FaceShape, seed: int) -> NDArray:
    shine = (
        0.34
        + 0.35 * gauss((ax / 26) ** 2 + ((y - 36) / 22) ** 2)
        + 0.45 * gauss((ax / 9) ** 2 + ((y + 30) / 22) ** 2)
        + 0.25 * gauss(((ax - 40) / 14) ** 2 + ((y + 24) / 12) ** 2)
        + 0.2 * gauss((ax / 14) ** 2 + ((y + 104) / 9) ** 2)
    )
    return shine * (1.0 + 0.45 * fractal(places, 1.7, 2, seed + 100))


def _lips(
    places: Points,
    x: NDArray,
    y: NDArray,
    z: NDArray,
    shape: FaceShape,
    look: Complexion,
    colour: NDArray,
    gloss: NDArray,
    seed: int,
) -> tuple[NDArray, NDArray]:
    s = np.abs(x) / (shape.mouth_width + 0.5)
    height = y - shape.mouth_height
    upper, lower = lip_edges(s, shape)
    ragged = 0.35 * fractal(places, 2.2, 2, seed + 120)
    inside = ramp(height + ragged, lower - 0.7, lower + 0.7)
    inside *= ramp(height + ragged, upper + 0.6, upper - 0.6)
    inside *= ramp(s, 1.05, 0.97) * (z > 60)
    lines = fractal(places, (0.9, 7.0, 7.0), 3, seed + 140)
    lip = np.array(look.lips, np.float32) * (1.0 + 0.13 * lines)[..., None]
    lip *= np.where(height > 0, 0.90, 1.04)[..., None]
    lip *= (1.0 - 0.32 * gauss(((height + 0.4) / 1.3) ** 2))[..., None]
    strength = (0.88 * inside)[..., None]
    rim = gauss(((height - upper - 0.8) / 0.9) ** 2) * (s < 1) * (z > 60)
    colour = colour * (1.0 + 0.05 * rim[..., None])
    return colour * (1 - strength) + lip * strength, gloss * (1 - inside) + 0.75 * inside


def lip_edges(s: NDArray, shape: FaceShape) -> tuple[NDArray, NDArray]:
    """Return how far above and below (negative) the mouth's line the red of the lips reaches.

    Args:
        s: 0 at the middle of the mouth to 1 at its corners.
        shape: the face.
    """
    s = np.clip(s, 0.0, 1.2)
    full = np.sqrt(np.maximum(1.0 - s**2.2, 0.0))
    bow = 1.0 - 0.16 * gauss((s / 0.12) ** 2) + 0.06 * gauss(((s - 0.24) / 0.12) ** 2)
    upper = 1.72 * shape.upper_lip * bow * np.maximum(1.0 - s**1.5, 0.0) ** 0.9
    lower = -1.78 * shape.lower_lip * full**1.15
    return upper, lower


def _lids(
    ax: NDArray, y: NDArray, z: NDArray, shape: FaceShape, look: Complexion, colour: NDArray
) -> NDArray[np.float32]:
    inner_x, inner_y, outer_x, outer_y = eye_corners(shape)
    s = (ax - inner_x) / (outer_x - inner_x)
    arc = np.maximum(1.0 - (2.0 * np.clip(s, 0, 1) - 1.0) ** 2, 0.0)
    line = inner_y + (outer_y - inner_y) * s - 3.0 * arc
    within = ramp(s, -0.06, 0.06) * ramp(s, 1.1, 0.96) * (z > 40)
    above = y - line
    # Lids are closed here; opening squeezes what is painted on the upper one.
    dark = gauss((above / 1.1) ** 2) * (above > -0.6) * look.liner
    shadow = ramp(above, 12.0, 3.0) * (above > 0) * 0.10
    crease = 0.28 * gauss(((above - 8.2) / 1.5) ** 2)
    low = 0.12 * gauss(((above + 1.0) / 1.2) ** 2)
    amount = within * (0.85 * dark + shadow + crease + low)
    inner = 0.3 * gauss(((ax - inner_x - 0.5) / 2.2) ** 2 + ((y - inner_y) / 2.2) ** 2) * (z > 40)
    colour = colour * (1.0 - amount[..., None] * colours(0.82, 0.9, 0.9))
    return colour * (1.0 - inner[..., None] * colours(0.05, 0.4, 0.35))


def _brows(
    grid: Grid, shape: FaceShape, look: Complexion, colour: NDArray, seed: int
) -> NDArray[np.float32]:
    """Draw the brows hair by hair."""
    generator = np.random.default_rng(seed)
    rows, columns = grid.shape
    face = grid.points[: rows * columns].reshape(rows, columns, 3)
    mask = np.zeros(colour.shape[:2], np.uint8)
    finer = 4
    for side in (-1.0, 1.0):
        for _ in range(int(420 * look.brow_weight)):
            t = float(generator.beta(1.35, 1.25))
            across = float(generator.normal(0.0, 0.42))
            x, y = brow_line(t, shape)
            thick = 3.9 * (1.0 - 0.72 * t) * look.brow_weight**0.5
            y += across * thick
            length = float(generator.uniform(5.0, 8.0)) * (1.0 - 0.25 * t)
            lean = np.radians(72 - 62 * t**0.55 - 22 * np.clip(across, -1, 1))
            lean += float(generator.normal(0.0, 0.12))
            end = (x + length * np.cos(lean), y + length * np.sin(lean))
            a, b = (_texel(face, side * px * shape.width, py) for px, py in ((x, y), end))
            start, stop = ([round(v * 2**finer) for v in place] for place in (a, b))
            shade = (float(generator.uniform(150, 255)) * min(0.45 + 4.0 * t, 1.0),)
            cv2.line(mask, start, stop, shade, 1, cv2.LINE_AA, finer)
    hair = np.minimum(mask / 255.0 + 0.55 * cv2.GaussianBlur(mask, (0, 0), 3.0) / 255.0, 1.0)
    strength = (0.92 * hair)[..., None].astype(np.float32)
    return colour * (1 - strength) + colours(*look.brows) * strength


def brow_line(t: float, shape: FaceShape) -> tuple[float, float]:
    """Return x and y of the middle of the left brow, millimetres; `t` from inner to outer end."""
    x = shape.eye_apart - 20.0 + 41.0 * t
    y = 14.5 + 6.0 * np.sin(np.pi * 0.62 * t) - 4.0 * max(t - 0.6, 0.0) / 0.4
    return x, float(y)


def _texel(face: Points, x: float, y: float) -> tuple[float, float]:
    """Return the texel of a point of the forehead given by x and y."""
    row_line = face[:, face.shape[1] // 2, 1]
    row = float(np.interp(y, row_line[40:220], np.arange(40, 220)))
    for _ in range(3):
        r = round(row)
        line = face[r]
        front = slice(40, face.shape[1] - 40)
        column = float(np.interp(x, line[front, 0], np.arange(40, face.shape[1] - 40)))
        heights = face[60:240, round(column), 1]
        row = float(np.interp(y, heights, np.arange(60, 240)))
    return column * _TEXELS + _TEXELS / 2.0 - 0.5, row * _TEXELS + _TEXELS / 2.0 - 0.5
