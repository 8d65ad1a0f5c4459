"""How large the scene is: the unit of position rates and of the sizes of Gaussians, as in 3DGS."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_MARGIN = 1.1
LEAST_EXTENT = 0.05
"""Metres. Cameras that never move would otherwise let no Gaussian move, and prune them all."""


def camera_extent(poses: NDArray[np.floating]) -> float:
    """Return 1.1 times the largest distance of a camera from the mean of all, metres.

    Args:
        poses: [N, 4, 4], to the world, metres; of the training frames.
    """
    centres = np.asarray(poses, np.float64)[:, :3, 3]
    distances = np.linalg.norm(centres - centres.mean(axis=0), axis=1)
    return _MARGIN * float(distances.max())
