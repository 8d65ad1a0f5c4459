"""The shape of a head as one signed distance, in millimetres of the head frame.

x to the person's left, y up, z out of the face; the origin between the ears, level with the
bridge of the nose. Distances between features follow adult anthropometric means (Farkas 1994).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .distance import Distances, Points, carve, cone, ellipsoid, mirrored, union

EYE_RADIUS = 12.0
LID_THICKNESS = 1.1


@dataclass(frozen=True)
class FaceShape:
    """What makes one face differ from another. Lengths are in millimetres.

    Attributes:
        width: scale of everything across, 1 for the mean.
        jaw_width: half distance of the jaw's angles.
        chin_drop: how much lower than the mean the chin is.
        chin_width: half width of the chin's flat part.
        brow_ridge: radius of the ridge under the brows.
        cheekbone: how far the cheekbones stand out beyond the mean.
        cheek_fullness: radius of the fat under the cheekbones.
        eye_apart: half distance of the pupils.
        eye_open: height of the open eye between the lids.
        eye_tilt: how much higher the outer corner is than the inner.
        nose_length: from the bridge to the base.
        nose_width: half width over the wings.
        nose_depth: how far the tip stands out from the lips' plane.
        nose_bridge: radius of the bridge.
        mouth_width: half width of the mouth.
        upper_lip: radius of the upper lip.
        lower_lip: radius of the lower lip.
    """

    width: float = 1.0
    jaw_width: float = 50.0
    chin_drop: float = 0.0
    chin_width: float = 11.0
    brow_ridge: float = 8.0
    cheekbone: float = 0.0
    cheek_fullness: float = 27.0
    eye_apart: float = 31.5
    eye_open: float = 10.5
    eye_tilt: float = 2.0
    nose_length: float = 50.0
    nose_width: float = 17.0
    nose_depth: float = 15.0
    nose_bridge: float = 6.0
    mouth_width: float = 25.5
    upper_lip: float = 4.6
    lower_lip: float = 5.4

    @property
    def eye(self) -> tuple[float, float, float]:
        """Centre of the left eyeball."""
        return (self.eye_apart, -6.0, 73.0)

    @property
    def mouth_height(self) -> float:
        """Height y of the line between the lips."""
        return -75.0


def head_distance(points: Points, shape: FaceShape) -> Distances:
    """Return the signed distance of points [..., 3] from a head without hair, ears and neck."""
    p = mirrored(points)
    p[..., 0] /= np.float32(shape.width)
    solid = _skull(p, shape)
    solid = _cheeks_and_jaw(p, shape, solid)
    solid = _nose(p, shape, solid)
    solid = _mouth(p, shape, solid)
    return _eyes(p, shape, solid)


def _skull(p: Points, shape: FaceShape) -> Distances:
    solid = ellipsoid(p, (0, 24, -2), (73, 82, 91))
    forehead = ellipsoid(p, (0, 38, 40), (56, 44, 54))
    solid = union(solid, forehead, 18)
    middle = ellipsoid(p, (0, -38, 42), (55, 58, 52))
    solid = union(solid, middle, 22)
    ridge = cone(p, (6, 10, 86), (44, 12, 67), shape.brow_ridge, shape.brow_ridge - 1.5)
    return union(solid, ridge, 14)


def _cheeks_and_jaw(p: Points, shape: FaceShape, solid: Distances) -> Distances:
    drop = shape.chin_drop
    angle, chin = (shape.jaw_width - 12, -66, 14), (shape.chin_width, -99 - drop, 74)
    solid = union(solid, cone(p, angle, chin, 16, 16), 22)
    solid = union(solid, ellipsoid(p, (0, -103 - drop, 82), (shape.chin_width + 7, 14, 16)), 14)
    bone = ellipsoid(p, (42 + shape.cheekbone, -27, 56), (21, 14, 23))
    solid = union(solid, bone, 22)
    full = shape.cheek_fullness
    return union(solid, ellipsoid(p, (29, -58, 56), (full, 30, full + 5)), 18)


def _nose(p: Points, shape: FaceShape, solid: Distances) -> Distances:
    base, tip = -shape.nose_length, 103 + shape.nose_depth
    wing = shape.nose_width - 6.5
    solid = union(
        solid,
        cone(p, (0, 4, 84), (0, base + 12, tip - 9), shape.nose_bridge, shape.nose_bridge + 2.2),
        9,
    )
    solid = union(solid, ellipsoid(p, (0, base + 9.5, tip - 9.5), (9.5, 8.5, 9.5)), 6)
    solid = union(solid, ellipsoid(p, (wing, base + 7, tip - 18), (6.6, 7.4, 10)), 4.5)
    solid = union(solid, cone(p, (0, base + 1.5, tip - 14), (0, base + 5, tip - 6), 3.6, 4.4), 4)
    nostril = ellipsoid(p, (wing - 3.6, base + 1.2, tip - 15.5), (3.5, 4.2, 6.2))
    return carve(solid, nostril, 2.5)


def _mouth(p: Points, shape: FaceShape, solid: Distances) -> Distances:
    y, half = shape.mouth_height, shape.mouth_width
    solid = union(solid, ellipsoid(p, (0, y + 4, 78), (30, 29, 25)), 16)
    solid = carve(solid, cone(p, (0, y + 20, 108.5), (0, y + 11, 109.5), 2.4, 3.4), 5)
    up, low = shape.upper_lip, shape.lower_lip
    upper = cone(p, (3.5, y + 3.6, 102.6), (half - 3, y + 1.2, 91.5), up, up * 0.45)
    upper = union(upper, ellipsoid(p, (0, y + 2.8, 102.6), (5, up * 0.9, up * 1.05)), 4)
    lower = cone(p, (6, y - 5.0, 101.2), (half - 4, y - 2.0, 90.6), low, low * 0.4)
    lower = union(lower, ellipsoid(p, (0, y - 5.2, 101.4), (9, low, low * 0.98)), 5)
    solid = union(solid, upper, 3.5)
    solid = carve(solid, cone(p, (0, y - 15, 107.5), (14, y - 14, 103), 3.2, 2.5), 8)
    solid = union(solid, lower, 3.5)
    corner = ellipsoid(p, (half + 2.0, y, 93.5), (2.2, 2.2, 3.0))
    return carve(solid, corner, 6)


def _eyes(p: Points, shape: FaceShape, solid: Distances) -> Distances:
    x, y, z = shape.eye
    socket = ellipsoid(p, (x - 0.5, y + 1.0, z + 23), (19, 12.5, 13.5))
    solid = carve(solid, socket, 12)
    inner = ellipsoid(p, (x - 15, y + 1, z + 21), (6, 9, 9))
    solid = carve(solid, inner, 7)
    ball = ellipsoid(p, (x, y, z), (EYE_RADIUS + LID_THICKNESS,) * 3)
    return union(solid, ball, 5.0)


def surface_along(
    origin: tuple[float, float, float],
    directions: Points,
    shape: FaceShape,
    start: float = 190.0,
) -> NDArray[np.float32]:
    """Return how far from `origin` rays leave the head, walking inwards from `start`.

    Args:
        origin: a point inside the head.
        directions: unit vectors [..., 3].
        shape: the face.
        start: distance from which to walk in, outside the head.

    Returns:
        float32 [...], millimetres.
    """
    rays = directions.reshape(-1, 3)
    reach = np.full(len(rays), start, np.float32)
    walking = np.arange(len(rays))
    for _ in range(_STEPS):
        points = np.array(origin, np.float32) + reach[walking, None] * rays[walking]
        gap = head_distance(points, shape)
        reach[walking] -= np.float32(_CAUTION) * gap
        walking = walking[np.abs(gap) > _CLOSE_ENOUGH]
        if len(walking) == 0:
            break
    return reach.reshape(directions.shape[:-1])


_STEPS, _CAUTION, _CLOSE_ENOUGH = 60, 0.85, 0.01
