"""Eyeballs, the margins of the lids, and lashes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .grid import Slit
from .mesh import Part, Picture, Piece, Points, as_picture, plain, ramp, sheet
from .noise import fractal
from .sculpture import EYE_RADIUS, FaceShape

_RINGS, _SPOKES = 40, 48
_REACH = np.radians(100.0)
_IRIS = 5.9
_SIDE = 256
_LASHES_PER_LID = 46


def eyeball(shape: FaceShape, side: float, iris: tuple[float, float, float], seed: int) -> Piece:
    """Return one eye looking straight ahead; `side` is +1 for the person's left."""
    polar, turn = np.meshgrid(
        np.linspace(0.0, _REACH, _RINGS), np.linspace(0.0, 2 * np.pi, _SPOKES), indexing="ij"
    )
    ball = np.stack([np.sin(polar) * np.cos(turn), np.sin(polar) * np.sin(turn), np.cos(polar)], -1)
    x, y, z = shape.eye
    points = np.array([side * x * shape.width, y, z]) + EYE_RADIUS * ball.reshape(-1, 3)
    radius = (polar / _REACH * (_SIDE / 2 - 1)).reshape(-1)
    texture = _SIDE / 2 + radius[:, None] * np.stack([np.cos(turn), -np.sin(turn)], -1).reshape(
        -1, 2
    )
    return Piece(
        Part.EYE,
        points.astype(np.float32),
        sheet(_RINGS, _SPOKES),
        texture.astype(np.float32),
        _eye_picture(iris, seed),
        np.ones(len(points), np.float32),
    )


def _eye_picture(iris: tuple[float, float, float], seed: int) -> Picture:
    """Paint an eye seen from the front: polar angle grows with the distance from the middle."""
    row, column = np.mgrid[:_SIDE, :_SIDE] + 0.5 - _SIDE / 2
    angle = np.hypot(row, column) / (_SIDE / 2 - 1) * _REACH
    distance = EYE_RADIUS * np.sin(np.minimum(angle, np.pi / 2))
    spoke = np.arctan2(row, column)
    around = np.stack([np.cos(spoke) * 3, np.sin(spoke) * 3, distance * 0.12], -1)
    fibres = fractal(around, 0.55, 4, seed)
    space = np.stack([row, column, np.zeros_like(row)], -1)
    veins = ramp(1.0 - np.abs(fractal(space, 26.0, 4, seed + 9)) * 7.0, 0.0, 1.0)
    white = np.array([226, 218, 212]) - veins[..., None] * np.array([4, 26, 24])
    white = white - ramp(distance, 7.0, 12.0)[..., None] * np.array([26, 46, 48])
    colour = np.array(iris) * (1.0 + 0.55 * fibres)[..., None]
    ring = np.exp(-(((distance - 2.6) / 0.9) ** 2))[..., None]
    colour = colour * (1 - 0.25 * ring) + ring * 0.35 * np.array([150, 110, 60])
    colour = colour * (1.0 - 0.75 * ramp(distance, _IRIS - 1.5, _IRIS)[..., None])
    pupil = ramp(distance, 2.35, 2.0)[..., None]
    colour = colour * (1 - pupil) + 8 * pupil
    inside = ramp(distance, _IRIS + 0.35, _IRIS - 0.25)[..., None]
    return as_picture(white * (1 - inside) + colour * inside, 1.0)


def eye_light(ball: Points, skin: Points, slit: Slit) -> NDArray[np.float32]:
    """Return how much light reaches the points of an eye between its lids, 0 to 1."""
    edge = skin[slit.upper]
    order = np.argsort(edge[:, 0])
    lid = np.interp(ball[:, 0], edge[order, 0], edge[order, 1])
    low, high = edge[order[0], 0], edge[order[-1], 0]
    from_corner = np.minimum(ball[:, 0] - low, high - ball[:, 0])
    shade = 0.42 + 0.58 * ramp(lid - ball[:, 1], 0.0, 4.0)
    return (shade * (0.55 + 0.45 * ramp(from_corner, 0.0, 7.0))).astype(np.float32)


def eye_directions(gaze: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the rotation [3, 3] of eyes that look `gaze` = (left, up) radians off ahead."""
    left, up = float(gaze[0]), float(gaze[1])
    turn = np.array([[np.cos(left), 0, np.sin(left)], [0, 1, 0], [-np.sin(left), 0, np.cos(left)]])
    lift = np.array([[1, 0, 0], [0, np.cos(up), np.sin(up)], [0, -np.sin(up), np.cos(up)]])
    return turn @ lift


def lid_margin(slit: Slit) -> Piece:
    """Return the wet edge between the skin of both lids and the eyeball, two strips."""
    count = len(slit.upper)
    triangles = np.concatenate([sheet(2, count), sheet(2, count, 2 * count)])
    picture = plain((196, 128, 116), 0.55)
    points = np.zeros((4 * count, 3), np.float32)
    light = np.full(4 * count, 0.75, np.float32)
    light[:count] = 0.45
    return Piece(Part.LID, points, triangles, _middle(len(points)), picture, light)


def lid_margin_points(skin: Points, slit: Slit, centre: Points) -> Points:
    """Return where `lid_margin` is for a posed skin."""
    strips = []
    for edge in (skin[slit.upper], skin[slit.lower]):
        inward = edge - centre
        inward *= (EYE_RADIUS - 0.25) / np.linalg.norm(inward, axis=1, keepdims=True)
        strips += [edge, centre + inward]
    return np.concatenate(strips)


def lashes(slit: Slit, colour: tuple[float, float, float]) -> Piece:
    """Return the lashes of an eye's upper lid: thin triangles, three vertices a lash."""
    count = 3 * _LASHES_PER_LID
    triangles = np.arange(count, dtype=np.int32).reshape(-1, 3)
    light = np.full(count, 0.6, np.float32)
    points = np.zeros((count, 3), np.float32)
    return Piece(Part.LASH, points, triangles, _middle(count), plain(colour), light)


def lash_points(
    skin: Points, slit: Slit, side: float, length: float, generator: np.random.Generator
) -> Points:
    """Return where `lashes` are for a posed skin; the same generator state, the same lashes."""
    edge = skin[slit.upper]
    place = np.linspace(0.06, 0.97, _LASHES_PER_LID) * (len(edge) - 1)
    place = place + generator.uniform(-0.3, 0.3, len(place))
    lower = np.clip(place.astype(int), 0, len(edge) - 2)
    share = (place - lower)[:, None]
    root = edge[lower] * (1 - share) + edge[lower + 1] * share
    outward = (place / (len(edge) - 1) - 0.35) * side
    if side < 0:
        outward = -(1.0 - place / (len(edge) - 1) - 0.35)
    reach = length * generator.uniform(0.7, 1.1, len(place))
    reach *= 0.6 + 0.4 * np.abs(outward) / 0.65
    lean = outward + generator.uniform(-0.12, 0.12, len(place))
    tip = root + reach[:, None] * np.stack(
        [0.7 * lean, np.full_like(lean, 0.25), 0.9 + 0 * lean], 1
    )
    thick = np.array([0.22, 0.1, 0.0])
    return np.stack([root - thick, root + thick, tip], 1).reshape(-1, 3).astype(np.float32)


def _middle(count: int) -> NDArray[np.float32]:
    """Texture positions on a picture of one colour."""
    return np.ones((count, 2), np.float32)
