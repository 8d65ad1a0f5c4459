"""Mesh landmarks as solid points in the head frame: expression without pose."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from . import mesh
from .pose import HeadTrack

Array = NDArray[np.float64]


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
