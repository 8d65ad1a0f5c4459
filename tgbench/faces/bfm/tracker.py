"""Focal length, identity, expressions and head poses of a clip, as AD-NeRF's tracker finds them.

Its steps: a search over focal lengths on every 40th frame; a coarse fit of all frames; a fine one
in which poses are smooth in time. What it adds to the landmarks in the last step, the colours of a
rendered face, is left out: see docs/prepare.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import block_diag, diags, eye, kron
from scipy.sparse.linalg import spsolve

from ..projection import Motion
from ..rotations import cross_matrix, left_jacobians
from .fitting import Face, LandmarkFit, _chunks
from .model import FaceModel

Array = NDArray[np.float64]

_FOCALS = np.arange(600.0, 1500.0, 100.0) / 512.0
"""In sides of the image: the tracker looks at 600 to 1400 pixels, of frames of 512."""

_EVERY, _LEAST_FRAMES, _MOST_FRAMES = 40, 12, 100
_POSE_ROUNDS, _ROUNDS, _FINE_ROUNDS = 12, 12, 3
_ALIKE = 1e-4
"""Share of the cost by which another round has to lower it."""

_SMOOTH = 1e5 / 1.5
"""Weight of the mean squared bend of rigid vertices (tenths of a metre) over that of landmarks."""


@dataclass(frozen=True)
class BfmTrack:
    """A tracked face.

    Attributes:
        identity: [100], standard deviations.
        expression: [N, 79], standard deviations.
        motion: of the head before the camera, metres.
        raw: the same before smoothing.
        focal: pixels.
        residual: root mean square distance of landmarks to their projections, pixels.
    """

    identity: Array
    expression: Array
    motion: Motion
    raw: Motion
    focal: float
    residual: float


def track_face(
    landmarks: NDArray[np.floating], size: tuple[int, int], model: FaceModel
) -> BfmTrack:
    """Fit the model to a clip.

    Args:
        landmarks: iBUG points [N, 68, 2] of every frame, pixels.
        size: (width, height) of the images; the principal point is their middle.
        model: the face model.
    """
    image = np.asarray(landmarks, np.float64) - np.array(size) / 2.0
    searched = LandmarkFit(model, image[_some_frames(len(image))])
    key = _search_focal(searched, max(size))
    every = LandmarkFit(model, image)
    coarse = _coarse(every, key)
    fine = _fine(every, coarse)
    error = every.residuals(fine)
    return BfmTrack(
        fine.identity,
        fine.expression,
        _in_metres(fine.motion),
        _in_metres(coarse.motion),
        fine.focal,
        float(np.sqrt((error**2).sum(axis=-1).mean())),
    )


def _some_frames(count: int) -> NDArray[np.int64]:
    wanted = int(np.clip(count // _EVERY, min(_LEAST_FRAMES, count), _MOST_FRAMES))
    return np.unique(np.linspace(0, count - 1, wanted).round().astype(np.int64))


def _search_focal(fit: LandmarkFit, side: int) -> Face:
    """Return the best fit over focal lengths: of a grid, then between its best and neighbours."""
    focals = _FOCALS * side
    faces = [_fitted(fit, focal) for focal in focals]
    costs = np.array([fit.cost(face) for face in faces])
    best = int(np.clip(costs.argmin(), 1, len(focals) - 2))
    near = slice(best - 1, best + 2)
    bend, slope, _ = np.polyfit(focals[near] - focals[best], costs[near], 2)
    if bend <= 0.0:
        return faces[int(costs.argmin())]
    shift = np.clip(-slope / (2.0 * bend), focals[0] - focals[best], focals[-1] - focals[best])
    between = _fitted(fit, float(focals[best] + shift))
    return min(between, faces[int(costs.argmin())], key=fit.cost)


def _fitted(fit: LandmarkFit, focal: float) -> Face:
    face = fit.start(focal)
    for _ in range(_POSE_ROUNDS):
        face = fit.pose(face)
    cost = fit.cost(face)
    for _ in range(_ROUNDS):
        better = fit.together(face)
        lower = fit.cost(better)
        if lower > cost:
            break
        done = lower > (1.0 - _ALIKE) * cost
        face, cost = better, lower
        if done:
            break
    return face


def _coarse(fit: LandmarkFit, key: Face) -> Face:
    face = replace(fit.start(key.focal), identity=key.identity)
    for _ in range(_POSE_ROUNDS):
        face = fit.pose(face)
    for _ in range(_ROUNDS // 2):
        face = fit.frames(face)
    return face


def _fine(fit: LandmarkFit, face: Face) -> Face:
    if len(fit.image) < 3:
        return face
    for _ in range(_FINE_ROUNDS):
        for _ in range(2):
            face = replace(face, motion=_smoother(fit, face))
        face = fit.frames(face, move=False)
    return face


def _smoother(fit: LandmarkFit, face: Face) -> Motion:
    """Return the poses after a step towards landmarks and a path without bends."""
    frames = len(fit.image)
    equations = [fit.pose_equations(face, part) for part in _chunks(frames)]
    normal = block_diag([block for blocks, _ in equations for block in blocks])
    right = np.concatenate([values.ravel() for _, values in equations])
    places, moves = _rigid_moves(fit.model, face)
    second = diags([-0.5, 1.0, -0.5], [0, 1, 2], shape=(frames - 2, frames))
    bends = kron(second, eye(places.shape[1]))
    by_pose = bends @ block_diag([*moves])
    weight = _SMOOTH * fit.image[0].size / 3.0
    matrix = (normal + weight * (by_pose.T @ by_pose)).tocsc()
    right = right - weight * (by_pose.T @ (bends @ places.ravel()))
    step = np.asarray(spsolve(matrix, right)).reshape(-1, 6)
    return face.motion.stepped(step)


def _rigid_moves(model: FaceModel, face: Face) -> tuple[Array, Array]:
    """Return where rigid vertices are, [N, 12], and derivatives by the pose, [N, 12, 6].

    Four points stand for all vertices: sums of squares of what is linear in a vertex depend only
    on the vertices' second moments, which the four share.
    """
    person = model.mean + np.tensordot(face.identity, model.identity, 1)
    rigid = np.column_stack([person[model.rigid], np.ones(len(model.rigid))])
    moments = rigid.T @ rigid / len(rigid)
    values, vectors = np.linalg.eigh(moments)
    points = (vectors * np.sqrt(np.maximum(values, 0.0))).T
    motion = face.motion
    turned = points[:, :3] @ np.swapaxes(motion.rotations, 1, 2)
    places = turned + points[:, 3:] * motion.place[:, None]
    by_turn = -cross_matrix(turned) @ left_jacobians(motion.turn)[:, None]
    by_place = np.broadcast_to(points[:, 3, None, None] * np.eye(3), by_turn.shape)
    moves = np.concatenate([by_turn, by_place], axis=-1)
    return places.reshape(len(places), -1), moves.reshape(len(places), -1, 6)


def _in_metres(motion: Motion) -> Motion:
    return replace(motion, place=motion.place / 10.0)
