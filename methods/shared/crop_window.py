"""Cameras that see only a rectangle of an image."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tgbench.identities import Intrinsics

from .rasterizer import Camera
from .window import Window


def window_camera(
    pose: NDArray[np.floating], lens: Intrinsics, window: Window | None = None
) -> Camera:
    """Return the camera of a pose [4, 4] (to the world, OpenGL axes), of a window or of all."""
    window = window or Window(0, 0, lens.width, lens.height)
    left, top = lens.cx - window.left, lens.cy - window.top
    return Camera.from_pose(pose, lens.focal, left, top, *window.size)
