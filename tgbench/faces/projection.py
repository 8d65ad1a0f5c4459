"""The pinhole camera of head tracking: residuals and derivatives for many frames at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .rotations import left_jacobians, rotation_matrices

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
    near = focal / camera[..., 2]
    by_camera = np.zeros((*image.shape, 3))
    by_camera[..., 0, 0] = -near
    by_camera[..., 1, 1] = near
    by_camera[..., 2] = -image / camera[..., 2:]
    x, y, z = np.moveaxis(camera - motion.place[:, None], -1, 0)
    across, down = by_camera[..., 0, 2], by_camera[..., 1, 2]
    # (x, y, z) cross each row of `by_camera`.
    by_turn = np.empty_like(by_camera)
    by_turn[..., 0, 0], by_turn[..., 1, 0] = y * across, y * down - z * near
    by_turn[..., 0, 1], by_turn[..., 1, 1] = -z * near - x * across, -x * down
    by_turn[..., 0, 2], by_turn[..., 1, 2] = y * near, x * near
    by_pose = np.empty((*image.shape, 6))
    by_pose[..., :3] = _times(by_turn, left_jacobians(motion.turn))
    by_pose[..., 3:] = by_camera
    return Linearised(image, by_pose, _times(by_camera, rotations), image)


def _times(rows: Array, matrices: Array) -> Array:
    """Return row vectors [N, K, 2, 3] times the matrix [3, 3] of each frame."""
    frames, count = rows.shape[:2]
    return (rows.reshape(frames, 2 * count, 3) @ matrices).reshape(frames, count, 2, 3)


def _to_camera(shape: Array, motion: Motion) -> Array:
    return np.asarray(shape) @ np.swapaxes(motion.rotations, 1, 2) + motion.place[:, None]


def _onto_image(camera: Array, focal: float) -> Array:
    return focal * camera[..., :2] / camera[..., 2:] * np.array([-1.0, 1.0])
