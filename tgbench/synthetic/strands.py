"""Strands of hair that lie over the shell: thin ribbons that follow the way it is combed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from .grid import CENTRE
from .hair import HairStyle, Shell
from .mesh import Part, Piece, as_picture, ramp

Array = NDArray[np.float64]

_SHORT, _LONG = (7, 5.0), (20, 8.5)
"""How many steps a strand has, and how long each is in millimetres."""

_STRAY = -2.5
"""How far outside the hair's outline a strand may reach, millimetres, negative."""

_WIDTH = 0.75
_TONES = 48


def strands_piece(shell: Shell, style: HairStyle, seed: int) -> Piece:
    """Return the strands."""
    generator = np.random.default_rng(seed)
    steps, stride = _SHORT if style.hang is None else _LONG
    place = _roots(shell, style, generator)
    count = len(place)
    length = stride * generator.uniform(0.6, 1.15, (count, 1))
    side = np.where(place[:, :1] > style.parting, 1.0, -1.0)
    lean = generator.normal(0.0, 0.16, (count, 3))
    lift = generator.uniform(-0.3, 1.5, count)
    path, across = [], []
    for k in range(steps + 1):
        along = k / steps
        way = _flow(place, side, style) + lean
        outward = place - np.array(CENTRE)
        outward /= np.linalg.norm(outward, axis=1, keepdims=True)
        way -= outward * (way * outward).sum(axis=1, keepdims=True)
        way /= np.linalg.norm(way, axis=1, keepdims=True)
        path.append(place)
        across.append(np.cross(way, outward))
        ahead = place + length * way
        # A strand that would leave the hair for the face ends there.
        growing = _sample(shell, ahead, shell.inside)[:, None] > _STRAY
        arch = np.sin(np.pi * min(along + 0.15, 1.0))
        place = np.where(growing, _laid(shell, ahead, lift * arch), place)
        length = length * growing
    return _ribbons(np.stack(path, 1), np.stack(across, 1), style, generator)


def _roots(shell: Shell, style: HairStyle, generator: np.random.Generator) -> Array:
    """Return where strands begin, evenly over the hair of front, top and sides."""
    points = shell.points
    weight = np.where(shell.inside > 0.0, np.cos(shell.elevation), 0.0)
    weight = weight * ramp(points[..., 2], -75.0, -10.0)
    if style.hang is not None:
        weight = weight * (0.15 + ramp(points[..., 1], -10.0, 30.0))
    # Many begin at the hairline, where each can be seen.
    weight = weight * (1.0 + 4.5 * np.exp(-((shell.inside / 7.0) ** 2)))
    share = (weight / weight.sum()).reshape(-1)
    chosen = generator.choice(share.size, style.strands, p=share)
    jitter = generator.normal(0.0, 1.2, (style.strands, 3))
    return _laid(shell, points.reshape(-1, 3)[chosen] + jitter, np.zeros(style.strands))


def _flow(place: Array, side: Array, style: HairStyle) -> Array:
    """Return which way the hair runs."""
    top = ramp(place[:, 1:2], 25.0, 80.0)
    swept = np.array(style.sweep) * np.concatenate([side, side * side, side * side], axis=1)
    if style.hang is None:
        return top * swept + (1.0 - top) * np.array([0.0, -1.0, -0.18])
    # Long hair is drawn aside before it falls.
    aside = 0.9 * ramp(place[:, 1:2], -20.0, 40.0) * ramp(place[:, 2:3], 20.0, 70.0)
    falling = np.concatenate([side * aside, np.full_like(side, -1.0), -0.5 * aside], axis=1)
    return top * swept + (1.0 - top) * falling


def _laid(shell: Shell, place: Array, lift: Array) -> Array:
    """Return places moved along their direction from `CENTRE` onto the hair, `lift` above it."""
    ray = place - np.array(CENTRE)
    ray /= np.linalg.norm(ray, axis=1, keepdims=True)
    reach, skin = (_sample(shell, place, field) for field in (shell.reach, shell.skin))
    return np.array(CENTRE) + np.maximum(reach + lift, skin + 0.6)[:, None] * ray


def _sample(shell: Shell, place: Array, field: Array) -> Array:
    """Return a field of the shell in the directions of places [n, 3]."""
    x, y, z = (place - np.array(CENTRE)).T
    rows, columns = field.shape
    lowest, highest = shell.elevation[0, 0], shell.elevation[-1, 0]
    row = (np.arctan2(y, np.hypot(x, z)) - lowest) / (highest - lowest) * (rows - 1)
    column = (np.arctan2(x, z) + np.pi) / (2 * np.pi) * (columns - 1)
    return map_coordinates(field, [row, column], order=1, mode="nearest")


def _ribbons(path: Array, across: Array, style: HairStyle, generator: np.random.Generator) -> Piece:
    count, length = path.shape[:2]
    along = np.linspace(0.0, 1.0, length)
    taper = _WIDTH * (1.0 - 0.75 * along**2)[None, :, None]
    taper = taper * generator.uniform(0.6, 1.3, (count, 1, 1))
    points = np.stack([path - taper * across, path + taper * across], axis=2)
    first = (np.arange(count) * 2 * length)[:, None] + 2 * np.arange(length - 1)
    a, b, c, d = first, first + 1, first + 2, first + 3
    triangles = np.concatenate([np.stack([a, b, d], -1), np.stack([a, d, c], -1)], 1)
    tone = generator.uniform(0.5, _TONES - 0.5, (count, 1, 1))
    texture = np.broadcast_to(
        np.concatenate([tone + 0 * along[:, None], 0 * tone + 0.5 + 15 * along[:, None]], -1)[
            :, :, None
        ],
        (count, length, 2, 2),
    )
    light = np.broadcast_to((0.5 + 0.45 * ramp(along, 0.0, 0.4))[None, :, None], points.shape[:3])
    shade = generator.uniform(0.62, 1.0, (count, 1, 1))
    return Piece(
        Part.HAIR,
        points.reshape(-1, 3).astype(np.float32),
        triangles.reshape(-1, 3).astype(np.int32),
        texture.reshape(-1, 2).astype(np.float32),
        _tones(style),
        (light * shade).reshape(-1).astype(np.float32),
    )


def _tones(style: HairStyle) -> NDArray[np.uint8]:
    """Return strands side by side, from root to tip: dark to light ones."""
    tone = np.linspace(0.72, 1.28, _TONES)[None, :, None]
    along = np.linspace(0.0, 1.0, 16)[:, None, None]
    colour = np.array(style.colour) * tone * (0.82 + 0.22 * along)
    return as_picture(colour, np.broadcast_to(0.4 + 0.5 * (tone[..., 0] - 0.72), (16, _TONES)))
