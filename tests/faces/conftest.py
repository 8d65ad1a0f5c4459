"""A head made of points, seen by an exact camera: what tracking and action units are held to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from tgbench.faces import mesh
from tgbench.faces.head import head_frame

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Film:
    """A filmed head with its truth.

    Attributes:
        landmarks: [N, 478, 3] as a detector would give them.
        flow: [N - 1, K, 2] of the rigid vertices.
        poses: [N, 4, 4] camera to world.
        focal: pixels.
        size: of the square image.
        shape: the rigid vertices, metres.
    """

    landmarks: Array
    flow: Array
    poses: Array
    focal: float
    size: int
    shape: Array


def rigid_shape(rng: np.random.Generator) -> Array:
    """Mirrored points on half an ellipsoid, in the head frame."""
    count = len(mesh.RIGID)
    shape = np.zeros((count, 3))
    free = sorted(set(range(count)) - {i for pair in mesh.RIGID_PAIRS for i in pair})
    shape[free, 1] = rng.uniform(-0.08, 0.08, len(free))
    for right, left in mesh.RIGID_PAIRS:
        x, y = rng.uniform(0.01, 0.07), rng.uniform(-0.08, 0.08)
        shape[right, :2], shape[left, :2] = (-x, y), (x, y)
    shape[mesh.RIGID.index(10), 1], shape[mesh.RIGID.index(2), 1] = 0.08, -0.02
    shape[:, 2] = 0.09 * np.sqrt(1.0 - (shape[:, 0] / 0.09) ** 2 - (shape[:, 1] / 0.13) ** 2)
    return head_frame(shape)(shape)


def film_head(
    frames: int = 60,
    noise: float = 0.0,
    together: float = 0.0,
    flow_noise: float = 0.0,
    seed: int = 0,
) -> Film:
    """Film a turning head.

    Args:
        frames: how many.
        noise: of each landmark by itself, pixels.
        together: of all landmarks of a frame alike, pixels.
        flow_noise: of each flow vector, pixels.
        seed: of all that is random.
    """
    rng = np.random.default_rng(seed)
    size, focal = 512, 1400.0
    shape = rigid_shape(rng)
    time = np.arange(frames) / 25.0
    angles = np.stack(
        [8 * np.sin(2.1 * time), 16 * np.sin(1.3 * time + 1), 5 * np.sin(0.9 * time)], axis=1
    )
    rotations = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
    place = np.stack(
        [0.02 * np.sin(time), 0.01 * np.cos(1.7 * time), -0.85 + 0.02 * np.sin(0.7 * time)], axis=1
    )
    camera = np.einsum("nij,kj->nki", rotations, shape) + place[:, None]
    image = np.stack(
        [
            size / 2 - focal * camera[..., 0] / camera[..., 2],
            size / 2 + focal * camera[..., 1] / camera[..., 2],
        ],
        axis=-1,
    )
    landmarks = np.zeros((frames, 478, 3))
    noisy = image + rng.normal(0, noise, image.shape) + rng.normal(0, together, (frames, 1, 2))
    landmarks[:, mesh.RIGID, :2] = noisy
    depth = camera[..., 2] - camera[..., 2].mean(axis=1, keepdims=True)
    landmarks[:, mesh.RIGID, 2] = -depth * focal / 0.85
    poses = np.tile(np.eye(4), (frames, 1, 1))
    poses[:, :3, :3] = np.swapaxes(rotations, 1, 2)
    poses[:, :3, 3] = -np.einsum("nji,nj->ni", rotations, place)
    flow = np.diff(image, axis=0)
    flow = flow + rng.normal(0, flow_noise, flow.shape)
    return Film(landmarks, flow, poses, focal, size, shape)


@pytest.fixture(scope="session")
def film() -> object:
    """The function that films a head."""
    return film_head
