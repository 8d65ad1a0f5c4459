"""Least squares between a face model's projected landmarks and those of images.

The objective is that of AD-NeRF's tracker: squared distances in pixels, with means of squared
coefficients weighted 0.5 (identity) and 0.4 (expression), both against the mean squared distance
of a coordinate. Minimised by Gauss and Newton, which takes a dozen steps where gradient descent
takes thousands.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..projection import Linearised, Motion, linearise, project
from .model import FaceModel

Array = NDArray[np.float64]

_COORDINATES = 2 * 68
_IDENTITY_WEIGHT, _EXPRESSION_WEIGHT = 0.5, 0.4
_CHUNK = 64
_LONGEST_TURN, _LONGEST_MOVE = 0.3, 2.0
"""Of a step, radians and tenths of a metre: far from the solution the linear model is wrong."""


@dataclass(frozen=True)
class Face:
    """A face model's parameters over frames.

    Attributes:
        identity: [100].
        expression: [N, 79].
        motion: of the head before the camera, tenths of a metre.
        focal: pixels.
    """

    identity: Array
    expression: Array
    motion: Motion
    focal: float

    def at(self, frames: slice | NDArray[np.int64]) -> Face:
        """Return the parameters of some frames."""
        return replace(self, expression=self.expression[frames], motion=self.motion.at(frames))


class LandmarkFit:
    """Landmarks of frames, and the model that is fitted to them."""

    def __init__(self, model: FaceModel, image: Array) -> None:
        """Take landmarks [N, 68, 2], pixels from the image's middle, y down."""
        self.model, self.image = model, image
        self._expression = np.ascontiguousarray(model.expression.transpose(1, 2, 0))
        self._identity = np.ascontiguousarray(model.identity.transpose(1, 2, 0))
        self._identity_weight = _IDENTITY_WEIGHT / len(model.identity) * _COORDINATES * len(image)
        self._expression_weight = _EXPRESSION_WEIGHT / len(model.expression) * _COORDINATES

    def start(self, focal: float) -> Face:
        """Return the mean face, seen from the front, where the landmarks are."""
        size = np.ptp(self.model.mean[self.model.keys], axis=0)[:2].max()
        depth = focal * size / np.ptp(self.image, axis=1).max(axis=1)
        middle = self.image.mean(axis=1) * depth[:, None] / focal
        place = np.column_stack([middle[:, 0], -middle[:, 1], -depth])
        motion = Motion(np.zeros((len(depth), 3)), place, np.eye(3))
        nobody, calm = np.zeros(len(self.model.identity)), len(self.model.expression)
        return Face(nobody, np.zeros((len(depth), calm)), motion, focal)

    def residuals(self, face: Face) -> Array:
        """Return projections minus landmarks, [N, 68, 2]."""
        parts = [
            project(self._points(part, face)[1], face.motion.at(part), face.focal)
            for part in _chunks(len(self.image))
        ]
        return np.concatenate(parts) - self.image

    def cost(self, face: Face) -> float:
        """Return the objective."""
        return float(
            (self.residuals(face) ** 2).sum()
            + self._identity_weight * (face.identity**2).sum()
            + self._expression_weight * (face.expression**2).sum()
        )

    def pose(self, face: Face) -> Face:
        """Return the face after a step of the poses alone."""
        step = np.concatenate(
            [
                np.linalg.solve(normal, right[..., None])[..., 0]
                for normal, right in (
                    self.pose_equations(face, part) for part in _chunks(len(self.image))
                )
            ]
        )
        return replace(face, motion=face.motion.stepped(_bounded(step)))

    def pose_equations(self, face: Face, part: slice) -> tuple[Array, Array]:
        """Return normal equations [n, 6, 6] and right sides [n, 6] of the poses of some frames."""
        _, at, error = self._linearised(part, face)
        rows = at.by_pose.reshape(len(error), _COORDINATES, 6)
        return _normal(rows, error)

    def frames(self, face: Face, move: bool = True) -> Face:
        """Return the face after a step of expressions, and of the poses if `move`."""
        steps = []
        for part in _chunks(len(self.image)):
            rows, error = self._own_rows(part, face)
            normal, right = _normal(rows, error)
            self._hold(normal, right, face, part)
            if not move:
                normal, right = normal[:, 6:, 6:], right[:, 6:]
            steps.append(np.linalg.solve(normal, right[..., None])[..., 0])
        step = np.concatenate(steps)
        if not move:
            return replace(face, expression=face.expression + step)
        return _stepped(face, step)

    def together(self, face: Face) -> Face:
        """Return the face after a step of identity, expressions and poses (Schur complement)."""
        count = len(face.identity)
        shared = self._identity_weight * np.eye(count)
        shared_right = -self._identity_weight * face.identity
        kept = []
        for part in _chunks(len(self.image)):
            rows, error = self._own_rows(part, face)
            normal, right = _normal(rows, error)
            self._hold(normal, right, face, part)
            common = self._identity_rows(part, face)
            cross = np.swapaxes(rows, 1, 2) @ common
            flat = common.reshape(-1, count)
            solved = np.linalg.solve(normal, np.concatenate([cross, right[..., None]], axis=2))
            shared += flat.T @ flat - np.einsum("nia,nib->ab", cross, solved[..., :-1])
            shared_right -= flat.T @ error.ravel()
            shared_right -= np.einsum("nia,ni->a", cross, solved[..., -1])
            kept.append(solved)
        step = np.linalg.solve(shared, shared_right)
        own = np.concatenate(kept)
        moved = _stepped(face, own[..., -1] - own[..., :-1] @ step)
        return replace(moved, identity=face.identity + step)

    def _hold(self, normal: Array, right: Array, face: Face, part: slice) -> None:
        """Add what draws expressions to the mean."""
        place = np.arange(6, normal.shape[1])
        normal[:, place, place] += self._expression_weight
        right[:, 6:] -= self._expression_weight * face.expression[part]

    def _own_rows(self, part: slice, face: Face) -> tuple[Array, Array]:
        """Return derivatives [n, 136, 6 + 79] by pose and expression, and errors [n, 136]."""
        used, at, error = self._linearised(part, face)
        by_expression = at.by_point @ self._expression[used]
        rows = np.concatenate([at.by_pose, by_expression], axis=-1)
        return rows.reshape(len(error), _COORDINATES, -1), error

    def _identity_rows(self, part: slice, face: Face) -> Array:
        used, at, error = self._linearised(part, face)
        return (at.by_point @ self._identity[used]).reshape(len(error), _COORDINATES, -1)

    def _linearised(self, part: slice, face: Face) -> tuple[NDArray[np.int64], Linearised, Array]:
        used, points = self._points(part, face)
        at = linearise(points, face.motion.at(part), face.focal)
        return used, at, (at.image - self.image[part]).reshape(len(used), _COORDINATES)

    def _points(self, part: slice, face: Face) -> tuple[NDArray[np.int64], Array]:
        """Return rows of the model [n, 68] that are the landmarks in each frame, and points."""
        model = self.model
        person = model.mean + np.tensordot(face.identity, model.identity, 1)
        spoken = np.tensordot(face.expression[part], model.expression, 1)
        points = np.asarray(person + spoken, np.float64)
        motion = face.motion.at(part)
        used = np.tile(model.keys, (len(points), 1))
        for rows, first, farthest in ((model.left, 0, np.argmin), (model.right, 9, np.argmax)):
            across = project(points[:, rows.ravel()], motion, face.focal)[..., 0]
            chosen = farthest(across.reshape(len(points), *rows.shape), axis=2)
            used[:, first : first + len(rows)] = rows[np.arange(len(rows)), chosen]
        return used, points[np.arange(len(points))[:, None], used]


def _normal(rows: Array, error: Array) -> tuple[Array, Array]:
    turned = np.swapaxes(rows, 1, 2)
    return turned @ rows, -(turned @ error[..., None])[..., 0]


def _stepped(face: Face, step: Array) -> Face:
    return replace(
        face,
        motion=face.motion.stepped(_bounded(step[:, :6])),
        expression=face.expression + step[:, 6:],
    )


def _bounded(step: Array) -> Array:
    bounds = np.repeat([_LONGEST_TURN, _LONGEST_MOVE], 3)
    return np.clip(step, -bounds, bounds)


def _chunks(count: int) -> Iterator[slice]:
    return (slice(first, min(first + _CHUNK, count)) for first in range(0, count, _CHUNK))
