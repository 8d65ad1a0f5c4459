"""The head frame: where its origin and axes lie in a face, and how large the face is.

x points to the image's right in a frontal view (the person's left), y up, z out of the face. The
origin lies between the ears, level with the bridge of the nose. Units are metres.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from . import mesh
from .rotations import nearest_rotation

Array = NDArray[np.float64]

EYES_APART = 0.0889
"""Metres between the outer corners of the eyes of an average adult.

A camera cannot tell a small head nearby from a large one far off: this sets the scale.
"""

_PROFILE_LEAN = np.radians(8.7)
"""How far the line from the nose's base to the top of the forehead leans back in a frontal view,
as in MediaPipe's canonical face model."""

_RIGHT_EYE, _LEFT_EYE = mesh.RIGID.index(33), mesh.RIGID.index(263)
_RIGHT_EAR, _LEFT_EAR = mesh.RIGID.index(234), mesh.RIGID.index(454)
_BRIDGE, _NOSE_BASE, _FOREHEAD = (mesh.RIGID.index(vertex) for vertex in (168, 2, 10))


@dataclass(frozen=True)
class Similarity:
    """The map x -> scale * rotation @ (x - origin)."""

    scale: float
    rotation: Array
    origin: Array

    def __call__(self, points: Array) -> Array:
        """Map points [..., 3]."""
        return self.scale * (points - self.origin) @ self.rotation.T


def head_frame(shape: Array) -> Similarity:
    """Return the map from the frame in which `shape` is given to the head frame.

    Args:
        shape: the vertices `mesh.RIGID` [K, 3] in any right-handed frame and unit.
    """
    right, left = np.array(mesh.RIGID_PAIRS).T
    x = (shape[left] - shape[right]).sum(axis=0)
    x /= np.linalg.norm(x)
    profile = shape[_FOREHEAD] - shape[_NOSE_BASE]
    profile -= x * (profile @ x)
    profile /= np.linalg.norm(profile)
    out = np.cross(x, profile)
    y = np.cos(_PROFILE_LEAN) * profile + np.sin(_PROFILE_LEAN) * out
    rotation = nearest_rotation(np.stack([x, y, np.cross(x, y)]))
    ears = (shape[_RIGHT_EAR] + shape[_LEFT_EAR]) / 2.0
    origin = ears + y * ((shape[_BRIDGE] - ears) @ y)
    scale = EYES_APART / float(np.linalg.norm(shape[_LEFT_EYE] - shape[_RIGHT_EYE]))
    return Similarity(scale, rotation, origin)


def align(source: Array, target: Array) -> tuple[Array, Array, Array]:
    """Return scales [N], rotations [N, 3, 3], offsets [N, 3] that map each source on the target.

    Least squares (Umeyama 1991): target ~ scale * rotation @ source + offset.

    Args:
        source: [N, K, 3].
        target: [K, 3].
    """
    source_mean, target_mean = source.mean(axis=1), target.mean(axis=0)
    a, b = source - source_mean[:, None], target - target_mean
    u, values, vt = np.linalg.svd(np.einsum("ki,nkj->nij", b, a))
    sign = np.sign(np.linalg.det(u @ vt))
    u[:, :, 2] *= sign[:, None]
    values[:, 2] *= sign
    rotations = u @ vt
    scales = values.sum(axis=1) / (a**2).sum(axis=(1, 2))
    offsets = target_mean - scales[:, None] * np.einsum("nij,nj->ni", rotations, source_mean)
    return scales, rotations, offsets


def mean_shape(shapes: Array, rounds: int = 5) -> Array:
    """Return the mean of shapes [N, K, 3] after aligning them (generalised Procrustes)."""
    mean = shapes[0] - shapes[0].mean(axis=0)
    size = np.linalg.norm(mean)
    for _ in range(rounds):
        scales, rotations, offsets = align(shapes, mean)
        aligned = scales[:, None, None] * np.einsum("nij,nkj->nki", rotations, shapes)
        mean = np.median(aligned + offsets[:, None], axis=0)
        mean -= mean.mean(axis=0)
        mean *= size / np.linalg.norm(mean)
    return mean
