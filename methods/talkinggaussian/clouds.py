"""Random initial clouds, drawn where the masks of several frames allow a Gaussian to be."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .rasterizer import Camera

View = tuple[Camera, NDArray[np.bool_]]
"""A camera and the mask [h, w] of what it sees of a region."""

_ROUNDS = 64
_AGREEMENT = 0.75
"""Share of the views in whose mask a point must lie: masks move with the face."""


def random_cloud(
    count: int, extent: float, views: Sequence[View], generator: torch.Generator
) -> Tensor:
    """Draw points [count, 3] evenly from the part of a cube that projects into the masks.

    Args:
        count: points to draw.
        extent: half side of the cube about the origin.
        views: of the region; where they leave no room the whole cube is used.
        generator: of the random numbers.
    """
    kept: list[Tensor] = []
    missing = count
    for _ in range(_ROUNDS):
        points = (2.0 * torch.rand(4 * count, 3, generator=generator) - 1.0) * extent
        inside = points[torch.from_numpy(_agreed(points.numpy(), views))]
        kept.append(inside[:missing])
        missing -= len(kept[-1])
        if missing == 0:
            break
    if missing:
        kept.append((2.0 * torch.rand(missing, 3, generator=generator) - 1.0) * extent)
    return torch.cat(kept)


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
