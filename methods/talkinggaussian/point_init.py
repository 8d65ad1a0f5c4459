"""Random initial points, drawn where the masks of several frames allow them; scene extent."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..shared.pixel_labels import FACE, HAIRS, INSIDE
from ..shared.rasterizer import Camera
from .config import BranchName, TalkingGaussianConfig
from .frames import Crop, TrainingFrames

View = tuple[Camera, NDArray[np.bool_]]
"""A camera and the mask [h, w] of what it sees of a region."""

_VIEWS = 12
_ROUNDS = 64
_RIDGE = 1e-4
_AGREEMENT = 0.75
"""Share of the views in whose mask a point must lie: masks move with the face."""

_MARGIN = 1.1
LEAST_EXTENT = 0.05
"""Metres. With the extent 0 of a still camera no Gaussian could move, and all would be pruned."""


def initial_cloud(
    name: BranchName,
    frames: TrainingFrames,
    config: TalkingGaussianConfig,
    generator: torch.Generator,
) -> Tensor:
    """Draw the points [N, 3] that a branch starts from.

    With masks, points of the face fill the head as evenly spread frames show it; points of the
    mouth lie around the lips, where the frames with the widest mouths show its inside.
    """
    count = config.initial_count(name)
    if config.gaussians.cloud == "cube":
        return random_cloud(count, config.gaussians.extent, (), generator)
    if name == "face":
        region = (FACE, HAIRS) if config.face_mouth_decomposition else (FACE, HAIRS, *INSIDE)
        spread = np.unique(np.linspace(0, len(frames) - 1, _VIEWS).round().astype(int))
        views = [_view(frames.head(int(i)), *region) for i in spread]
        return random_cloud(count, config.gaussians.extent, views, generator)
    widest = np.argsort(frames.mouth_pixels, kind="stable")[-_VIEWS:]
    views = [_view(frames.mouth(int(i)), *INSIDE) for i in widest]
    lips = triangulated(*frames.lips_rays())
    return random_cloud(count, config.mouth.extent, views, generator, lips)


def random_cloud(
    count: int,
    extent: float,
    views: Sequence[View],
    generator: torch.Generator,
    centre: tuple[float, float, float] = (0.0, 0.0, 0.0),
) -> Tensor:
    """Draw points [count, 3] evenly from the part of a cube that projects into the masks.

    Args:
        count: points to draw.
        extent: half side of the cube.
        views: masks of the region; if they leave no room, the whole cube is used.
        generator: of the random numbers.
        centre: of the cube.
    """

    def cube(size: int) -> Tensor:
        unit = 2.0 * torch.rand(size, 3, generator=generator) - 1.0
        return torch.tensor(centre) + extent * unit

    kept: list[Tensor] = []
    missing = count
    for _ in range(_ROUNDS):
        points = cube(4 * count)
        inside = points[torch.from_numpy(_agreed(points.numpy(), views))]
        kept.append(inside[:missing])
        missing -= len(kept[-1])
        if missing == 0:
            break
    if missing:
        kept.append(cube(missing))
    return torch.cat(kept)


def triangulated(
    cameras: Sequence[Camera], pixels: NDArray[np.floating]
) -> tuple[float, float, float]:
    """Return the point that is nearest to the rays through one pixel [2] of each camera.

    Views from one direction leave the depth open; a weak pull to the origin then decides.
    """
    system, right = _RIDGE * len(cameras) * np.eye(3), np.zeros(3)
    for camera, (column, row) in zip(cameras, pixels, strict=True):
        local = np.array([(column - camera.cx) / camera.fx, (row - camera.cy) / camera.fy, 1.0])
        ray = camera.world_to_camera[:3, :3].T @ (local / np.linalg.norm(local))
        across = np.eye(3) - np.outer(ray, ray)
        system += across
        right += across @ camera.position
    x, y, z = np.linalg.solve(system, right)
    return float(x), float(y), float(z)


def camera_extent(poses: NDArray[np.floating]) -> float:
    """Return 1.1 times the largest distance of a camera from the mean of all, metres.

    Args:
        poses: [N, 4, 4], to the world, metres; of the training frames.
    """
    centres = np.asarray(poses, np.float64)[:, :3, 3]
    distances = np.linalg.norm(centres - centres.mean(axis=0), axis=1)
    return _MARGIN * float(distances.max())


def _view(crop: Crop, *labels: int) -> View:
    return crop.camera, np.isin(crop.labels.cpu().numpy(), labels)


def _agreed(points: NDArray[np.float32], views: Sequence[View]) -> NDArray[np.bool_]:
    votes = np.zeros(len(points))
    for camera, mask in views:
        local = points @ camera.world_to_camera[:3, :3].T + camera.world_to_camera[:3, 3]
        depth = np.maximum(local[:, 2], 1e-6)
        column = np.floor(camera.fx * local[:, 0] / depth + camera.cx).astype(np.int64)
        row = np.floor(camera.fy * local[:, 1] / depth + camera.cy).astype(np.int64)
        seen = (column >= 0) & (column < camera.width) & (row >= 0) & (row < camera.height)
        seen &= local[:, 2] > 0
        votes[seen] += mask[row[seen], column[seen]]
    return votes >= _AGREEMENT * len(views)
