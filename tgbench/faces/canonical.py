"""Faces in a head frame, without their pose: each by itself, or along a tracked clip."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from . import mesh
from .head import align, head_frame
from .head_track import HeadTrack

Array = NDArray[np.float64]

_MIDDLE = (
    *((3.27, 5.24), (2.47, 5.79), (1.73, 6.32), (1.06, 6.77), (0.37, 7.24), (-0.46, 7.59)),
    *((-1.13, 7.48), (-2.09, 6.06), (8.26, 4.48), (6.55, 5.03), (4.89, 5.39)),
)
"""Height and depth in centimetres of the vertices in the middle of `mesh.RIGID`, in MediaPipe's
canonical face model (Apache-2.0)."""

_LEFT = (
    *((0.56, 2.31, 5.57), (0.52, 1.58, 6.15), (0.46, 0.96, 6.63), (0.88, 0.66, 6.23)),
    *((1.25, 0.23, 5.68), (1.33, -0.28, 6.10), (0.92, 0.07, 6.67), (0.48, 0.30, 7.10)),
    *((0.50, -0.48, 7.44), (1.31, -0.67, 6.42), (0.92, -0.53, 7.00), (4.45, 2.66, 3.17)),
    *((1.86, 2.59, 3.76), (4.67, 2.66, 3.08), (5.26, 0.95, 2.97), (4.43, 0.72, 3.52)),
    *((3.30, 0.86, 3.87), (2.43, 1.13, 4.04), (1.82, 1.47, 4.22), (6.41, 2.24, 1.56)),
    *((5.80, 2.35, 2.20), (5.17, 2.54, 2.67), (6.47, 0.94, 1.69), (6.34, -0.53, 1.88)),
    *((7.30, 0.76, -0.05), (7.21, 2.26, 0.07), (6.85, 3.66, 0.72), (6.13, 3.40, 2.04)),
    *((7.74, 2.36, -2.01), (7.56, 4.11, -0.99), (7.09, 5.43, 0.10), (7.66, 0.67, -2.44)),
    *((7.54, -1.05, -2.43), (1.89, 8.24, 4.27), (3.52, 8.01, 3.73), (5.13, 7.49, 2.66)),
    *((6.28, 6.62, 1.43), (1.62, 6.60, 4.92), (3.06, 6.57, 4.53), (4.54, 6.32, 3.68)),
    (5.60, 5.72, 2.72),
)
"""The same, with how far to the side, of the person's left one of each mirrored pair."""


def in_common_frame(landmarks: NDArray[np.floating]) -> Array:
    """Return faces as if the canonical head wore them, without its pose and distance.

    Every face by itself: its rigid vertices are laid on the canonical head by the similarity of
    least squares, so turning, moving or enlarging a face as a whole changes nothing. For poses
    over time, and millimetres of the person, see `in_head_frame`.

    Args:
        landmarks: [N, 478, 3] as `LandmarkDetector` returns them.

    Returns:
        float64 [N, 478, 3], metres in the frame of `tgbench.faces.head`.
    """
    solid = _upright(landmarks)
    scales, rotations, offsets = align(solid[:, mesh.RIGID], _CANONICAL)
    turned = solid @ np.swapaxes(rotations, 1, 2)
    return np.asarray(scales[:, None, None] * turned + offsets[:, None])


def head_angles(landmarks: NDArray[np.floating]) -> Array:
    """Return how heads are turned, every face by itself, by the depth that its network gives.

    Args:
        landmarks: [N, 478, 3] as `LandmarkDetector` returns them.

    Returns:
        [N, 3]: yaw, pitch and roll in degrees; 0 where the canonical head looks at the camera.
    """
    from scipy.spatial.transform import Rotation

    turned = Rotation.from_matrix(head_rotations(landmarks))
    return np.asarray(turned.as_euler("YXZ", degrees=True))


def head_rotations(landmarks: NDArray[np.floating]) -> Array:
    """Return rotations from the head frame to the axes of the camera (x right, y up, z towards it).

    Args:
        landmarks: [N, 478, 3] as `LandmarkDetector` returns them.

    Returns:
        float64 [N, 3, 3].
    """
    _, rotations, _ = align(_upright(landmarks)[:, mesh.RIGID], _CANONICAL)
    return np.asarray(np.swapaxes(rotations, 1, 2))


def _upright(landmarks: NDArray[np.floating]) -> Array:
    """Return mesh points with the axes of the head frame: y up, z towards the camera."""
    return np.asarray(landmarks, np.float64) * np.array([1.0, -1.0, -1.0])


def in_head_frame(
    landmarks: NDArray[np.floating], size: tuple[int, int], track: HeadTrack
) -> NDArray[np.float32]:
    """Return mesh points in the head frame, float32 [N, 478, 3], metres.

    What the image shows is exact; depth is the landmark network's own, hung on the tracked head.

    Args:
        landmarks: [N, 478, 3] as `LandmarkDetector` returns them.
        size: (width, height) of the images, pixels.
        track: of the same frames.
    """
    points = np.empty((len(landmarks), landmarks.shape[1], 3), np.float32)
    middle = np.array([size[0] / 2.0, size[1] / 2.0])
    rotations, rigid = track.motion.rotations, list(mesh.RIGID)
    frames = zip(landmarks, rotations, track.motion.place, strict=True)
    for i, (seen, rotation, place) in enumerate(frames):
        depth = (track.shape @ rotation.T + place)[:, 2]
        metres = -depth.mean() / track.focal
        z = depth.mean() - (seen[:, 2] - seen[rigid, 2].mean()) * metres
        image = np.asarray(seen[:, :2], np.float64) - middle
        camera = np.column_stack([-image[:, 0] * z / track.focal, image[:, 1] * z / track.focal, z])
        head = (camera - place) @ rotation
        # Landmarks shift as a whole from frame to frame, which is no expression.
        points[i] = head - (head[rigid] - track.shape).mean(axis=0)
    return points


def _canonical() -> Array:
    """Return the vertices `mesh.RIGID` [K, 3] of the canonical head in the head frame, metres."""
    middle = [(0.0, *place) for place in _MIDDLE]
    pairs = [place for x, y, z in _LEFT for place in ((-x, y, z), (x, y, z))]
    shape = np.array([*middle, *pairs])
    return head_frame(shape)(shape)


_CANONICAL = _canonical()
