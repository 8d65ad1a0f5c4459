"""Ears."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .mesh import Part, Piece, as_picture, gauss, ramp, sheet, sheet_texture
from .noise import fractal
from .sculpture import FaceShape
from .skin import Complexion

_RINGS, _SPOKES = 30, 56
_SIZE = (15.5, 29.0)
_PLACE = (65.5, -14.0, -2.0)
_FLARE = np.radians(17.0)


def ear(shape: FaceShape, look: Complexion, side: float, seed: int) -> Piece:
    """Return an ear: a shell with rim, inner ridge, bowl and tragus; `side` +1 for the left."""
    reach, turn = np.meshgrid(
        np.linspace(0.0, 1.0, _RINGS), np.linspace(0.0, 2 * np.pi, _SPOKES), indexing="ij"
    )
    # Seen from the person's side: u to the back, v up; narrower at the lobe.
    narrow = 1.0 - 0.28 * ramp(-np.sin(turn), 0.2, 1.0)
    u = _SIZE[0] * narrow * reach * np.cos(turn) + 1.5 * np.sin(turn) * reach
    v = _SIZE[1] * reach * np.sin(turn)
    relief = _relief(reach, turn, u, v)
    out, back = np.sin(_FLARE), np.cos(_FLARE)
    lift = 8.0 + relief
    x = _PLACE[0] * shape.width + (u + _SIZE[0]) * out + lift * back
    z = _PLACE[2] - u * back + lift * out
    y = _PLACE[1] + v
    points = np.stack([side * x, y, z], -1).reshape(-1, 3)
    red = 1.0 + 0.35 * look.blush
    colour = np.array(look.skin) * np.array([1.0, 1.0 - 0.07 * red, 1.0 - 0.06 * red])
    rough = 1.0 + 0.05 * fractal(points, 6.0, 3, seed).reshape(reach.shape)
    bowl = gauss(((u + 3) / 8) ** 2 + ((v + 5) / 11) ** 2)
    light = np.clip(0.55 + 0.07 * relief - 0.4 * bowl, 0.15, 1.0)
    picture = as_picture(colour * rough[..., None], 0.35)
    triangles = sheet(_RINGS, _SPOKES)
    if side > 0:
        triangles = triangles[:, ::-1].copy()
    return Piece(
        Part.EAR,
        points.astype(np.float32),
        triangles,
        sheet_texture(_RINGS, _SPOKES, picture),
        picture,
        light.reshape(-1).astype(np.float32),
    )


def _relief(reach: NDArray, turn: NDArray, u: NDArray, v: NDArray) -> NDArray:
    """Return how far the shell stands out, millimetres."""
    upper_back = ramp(np.cos(turn - np.radians(65)), -0.75, 0.1)
    helix = 4.2 * gauss(((reach - 0.88) / 0.10) ** 2) * upper_back
    fold = np.hypot((u - 1.0) / 9.5, (v - 2.0) / 17.0)
    ridge = 3.0 * gauss(((fold - 0.95) / 0.22) ** 2) * ramp(u, -6.0, 2.0)
    bowl = -7.5 * gauss(((u + 3.0) / 7.5) ** 2 + ((v + 5.0) / 9.5) ** 2)
    tragus = 4.0 * gauss(((u + 12.0) / 3.5) ** 2 + ((v + 4.0) / 5.0) ** 2)
    lobe = 1.5 * gauss((u / 8) ** 2 + ((v + 24) / 7) ** 2)
    edge = -6.0 * ramp(reach, 0.95, 1.0)
    return helix + ridge + bowl + tragus + lobe + edge
