"""The pinhole camera of head tracking: residuals and derivatives for many frames at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .rotations import cross_matrix, left_jacobians, rotation_matrices

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Motion:
    """A rigid head before a fixed OpenGL camera (x right, y up, scene at z < 0).

    Frame t sees the point X at exp(turn[t]) @ base @ X + place[t].

    Attributes:
        turn: axis-angle [N, 3], radians, relative to `base`.
        place: [N, 3], metres.
        base: rotation [3, 3] near which all frames are, so that `turn` stays small.
    """

    turn: Array
    place: Array
    base: Array

    def at(self, frames: slice | NDArray[np.int64]) -> Motion:
        """Return the motion in some frames only."""
        return Motion(self.turn[frames], self.place[frames], self.base)

    @property
    def rotations(self) -> Array:
        """Head to camera, [N, 3, 3]."""
        return rotation_matrices(self.turn) @ self.base

    def stepped(self, step: Array) -> Motion:
        """Return the motion after a step [N, 6] of (turn, place)."""
        return Motion(self.turn + step[:, :3], self.place + step[:, 3:], self.base)

    def camera_to_world(self) -> Array:
        """Return the camera's poses [N, 4, 4] as seen from the head, the layout's transforms."""
        rotations = self.rotations
        poses = np.tile(np.eye(4), (len(rotations), 1, 1))
        poses[:, :3, :3] = np.swapaxes(rotations, 1, 2)
        poses[:, :3, 3] = -np.einsum("nji,nj->ni", rotations, self.place)
        return poses


@dataclass(frozen=True)
class Linearised:
    """Projections [N, K, 2] in pixels from the image's middle (y down), and their derivatives.

    Attributes:
        image: projections.
        by_pose: [N, K, 2, 6], by (turn, place).
        by_point: [N, K, 2, 3], by the point in the head frame.
        by_log_focal: [N, K, 2].
    """

    image: Array
    by_pose: Array
    by_point: Array
    by_log_focal: Array


def project(shape: Array, motion: Motion, focal: float) -> Array:
    """Return where points [K, 3] or [N, K, 3] are seen, [N, K, 2], relative to the middle."""
    return _onto_image(_to_camera(shape, motion), focal)


def linearise(shape: Array, motion: Motion, focal: float) -> Linearised:
    """Project points [K, 3] and differentiate."""
    rotations = motion.rotations
    camera = _to_camera(shape, motion)
    image = _onto_image(camera, focal)
    x, y, z = np.moveaxis(camera, -1, 0)
    zero = np.zeros_like(x)
    by_camera = (focal / z)[..., None, None] * np.stack(
        [
            np.stack([-np.ones_like(x), zero, x / z], -1),
            np.stack([zero, np.ones_like(x), -y / z], -1),
        ],
        axis=-2,
    )
    turned = camera - motion.place[:, None]
    by_turn = -cross_matrix(turned) @ left_jacobians(motion.turn)[:, None]
    by_pose = np.concatenate([by_camera @ by_turn, by_camera], axis=-1)
    return Linearised(image, by_pose, by_camera @ rotations[:, None], image)


def _to_camera(shape: Array, motion: Motion) -> Array:
    return np.asarray(shape) @ np.swapaxes(motion.rotations, 1, 2) + motion.place[:, None]


def _onto_image(camera: Array, focal: float) -> Array:
    return focal * camera[..., :2] / camera[..., 2:] * np.array([-1.0, 1.0])
