"""A face model with random components, in the files of AD-NeRF's tracker, and films of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from tgbench.faces.bfm import FaceModel

Array = NDArray[np.float64]

_VERTICES = 900


def write_model(folder: Path, seed: int = 0) -> Path:
    """Write `3DMM_info.npy` and `keys_info.npy`: half an ellipsoid that varies smoothly."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    place = rng.uniform(-1.0, 1.0, (4 * _VERTICES, 2))
    place = place[(place**2).sum(axis=1) < 0.98][:_VERTICES]
    depth = np.sqrt(1.0 - (place**2).sum(axis=1))
    nose = 0.25 * np.exp(-8.0 * (place**2).sum(axis=1))
    mean = np.column_stack([0.75 * place[:, 0], 1.0 * place[:, 1], 0.8 * depth + nose])
    np.savez(folder / "place.npz", place=place)
    content = {
        "mu_shape": (1e5 * mean).ravel(),
        "mu_exp": np.zeros(mean.size),
        "b_shape": _without_pose(_waves(rng, place, 199), mean),
        "b_exp": _without_pose(_waves(rng, place, 79), mean),
        "sig_shape": 1e5 * 0.012 / np.sqrt(1.0 + np.arange(199)),
        "sig_exp": 1e5 * 0.012 / np.sqrt(1.0 + np.arange(79)),
        "mu_tex": np.zeros(mean.size),
        "b_tex": np.zeros((199, 3)),
        "sig_tex": np.ones(199),
    }
    np.save(folder / "3DMM_info.npy", np.array(content, object), allow_pickle=True)
    np.save(folder / "keys_info.npy", np.array(_keys(place), object), allow_pickle=True)
    return folder


def _waves(rng: np.random.Generator, place: Array, count: int) -> Array:
    """Components [count, 3 V] that change slowly over the face, about 1 in size."""
    parts = []
    for number in range(count):
        wave = rng.normal(0, 1.0 + 0.05 * number, (3, 2))
        parts.append(np.sqrt(2.0) * np.cos(place @ wave.T + rng.uniform(0, 2 * np.pi, 3)))
    return np.stack(parts).reshape(count, -1)


def _without_pose(components: Array, mean: Array) -> Array:
    """Take out what moves, turns or enlarges the face: a model learns from aligned scans."""
    centred = mean - mean.mean(axis=0)
    ways = [np.cross(axis, centred) for axis in np.eye(3)] + [centred]
    ways += [np.broadcast_to(axis, mean.shape) for axis in np.eye(3)]
    basis, _ = np.linalg.qr(np.stack([way.ravel() for way in ways]).T)
    return components - components @ basis @ basis.T


def _keys(place: Array) -> dict[str, NDArray[np.int64]]:
    def nearest(wanted: Array) -> NDArray[np.int64]:
        return np.linalg.norm(place[None] - wanted[:, None], axis=-1).argmin(axis=1)

    down = np.linspace(0.1, -0.9, 8)
    inner = nearest(np.random.default_rng(1).uniform(-0.6, 0.6, (51, 2)))
    sides = {}
    for name, sign in (("left_contour", -1.0), ("right_contour", 1.0)):
        across = sign * np.linspace(0.55, 0.97, 9)
        rows = [nearest(np.column_stack([across * np.sqrt(1 - y**2), np.full(9, y)])) for y in down]
        sides[name] = np.stack(rows if sign < 0 else rows[::-1])
    jaw = np.concatenate(
        [
            sides["left_contour"][:, 4],
            nearest(np.array([[0.0, -0.97]])),
            sides["right_contour"][:, 4],
        ]
    )
    rigid = nearest(np.random.default_rng(2).uniform(-0.5, 0.8, (60, 2)))
    return {"keyinds": np.concatenate([jaw, inner]), "rigid_ids": rigid, **sides}


@dataclass(frozen=True)
class FilmedFace:
    """Landmarks [N, 68, 2], and the truth: poses [N, 4, 4] in metres and the rest."""

    landmarks: Array
    poses: Array
    focal: float
    identity: Array
    expression: Array


def film_face(
    model: FaceModel, frames: int, noise: float, focal: float, person: float, speech: float
) -> FilmedFace:
    """Film a turning, speaking person with a camera of 512 pixels, vertex by vertex.

    Args:
        model: the face.
        frames: how many, at 25 a second.
        noise: of landmarks, pixels.
        focal: pixels.
        person: standard deviations of the coefficients of the identity; 0 is the mean face.
        speech: amplitude of the coefficients of expressions; 0 is a calm face.
    """
    rng = np.random.default_rng(1)
    time = np.arange(frames) / 25.0
    turn = np.stack([9 * np.sin(2 * time), 22 * np.sin(1.3 * time + 1), 6 * np.sin(time)], 1)
    place = np.stack(
        [0.3 * np.sin(time), 0.2 * np.cos(1.7 * time), -8 + 0.3 * np.sin(0.7 * time)], 1
    )
    identity = person * rng.normal(0, 1, 100)
    rate, phase = rng.uniform(1, 6, 79), rng.uniform(0, 6, 79)
    expression = speech * np.sin(time[:, None] * rate + phase)
    landmarks, poses = np.zeros((frames, 68, 2)), np.tile(np.eye(4), (frames, 1, 1))
    for frame in range(frames):
        rotation = Rotation.from_euler("xyz", turn[frame], degrees=True).as_matrix()
        shape = model.mean + sum(a * b for a, b in zip(identity, model.identity, strict=True))
        shape = shape + sum(a * b for a, b in zip(expression[frame], model.expression, strict=True))
        camera = shape @ rotation.T + place[frame]
        seen = 256.0 + focal * camera[:, :2] / camera[:, 2:] * (-1.0, 1.0)
        rows = model.keys.copy()
        for i in range(8):
            rows[i] = min(model.left[i], key=lambda row: seen[row, 0])
            rows[9 + i] = max(model.right[i], key=lambda row: seen[row, 0])
        landmarks[frame] = seen[rows]
        poses[frame, :3, :3] = rotation.T
        poses[frame, :3, 3] = -rotation.T @ place[frame] / 10.0
    landmarks += rng.normal(0, noise, landmarks.shape)
    return FilmedFace(landmarks, poses, focal, identity, expression)
