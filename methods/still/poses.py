"""Distance of two head poses in the image."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tgbench.identities import Intrinsics


def outline(poses: NDArray[np.floating], head_radius: float) -> NDArray[np.float64]:
    """Return six points on a sphere about the head's origin, float64 [6, 3].

    Args:
        poses: [N, 4, 4] camera to world.
        head_radius: of the sphere, as a share of the median distance of the cameras; relative,
            because trackers of the field scale the world differently.
    """
    distance = float(np.median(np.linalg.norm(poses[:, :3, 3], axis=1)))
    return np.concatenate([np.eye(3), -np.eye(3)]) * head_radius * distance


def project(
    poses: NDArray[np.floating], points: NDArray[np.float64], intrinsics: Intrinsics
) -> NDArray[np.float64]:
    """Return points [P, 3] as cameras [N, 4, 4] see them, float64 [N, P, 2] in pixels."""
    rotations = poses[:, :3, :3].astype(np.float64)
    offsets = points[None] - poses[:, None, :3, 3]
    in_camera = np.einsum("nij,npi->npj", rotations, offsets)
    depth = -in_camera[..., 2]
    across = intrinsics.cx + intrinsics.focal * in_camera[..., 0] / depth
    down = intrinsics.cy - intrinsics.focal * in_camera[..., 1] / depth
    return np.stack([across, down], axis=-1)


def nearest_poses(
    wanted: NDArray[np.floating],
    known: NDArray[np.floating],
    intrinsics: Intrinsics,
    head_radius: float,
) -> NDArray[np.int64]:
    """Return for each wanted pose the index of the nearest known one, int [T].

    The distance of two poses is how far they move a rigid head in the image: the root mean square
    displacement, in pixels, of six points on its surface. So rotation and translation need no
    relative weight.

    Args:
        wanted: [T, 4, 4] camera to world.
        known: [N, 4, 4].
        intrinsics: the camera of both.
        head_radius: see `outline`.
    """
    points = outline(known, head_radius)
    targets = project(wanted, points, intrinsics).reshape(len(wanted), -1)
    candidates = project(known, points, intrinsics).reshape(len(known), -1)
    return np.array(
        [int(((candidates - target) ** 2).sum(axis=1).argmin()) for target in targets], np.int64
    )
