"""The pinhole camera that the rasterizers project into."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

CameraNumbers = tuple[float, ...]
"""What compiled kernels need of a camera; see :meth:`Camera.numbers`."""

_OPENGL_TO_OPENCV = np.array([1.0, -1.0, -1.0])
"""Signs of the camera's axes."""

_RIGID_TOLERANCE = 1e-2


@dataclass(frozen=True, eq=False)
class Camera:
    """A pinhole camera without distortion; pixel centres lie at half integers.

    Attributes:
        world_to_camera: ``[4, 4]`` float64, rigid, OpenCV axes (x right, y down, z forward).
        fx: Horizontal focal length in pixels.
        fy: Vertical focal length in pixels.
        cx: Horizontal principal point in pixels, measured from the image's left edge.
        cy: Vertical principal point in pixels, measured from the image's top edge.
        width: Image width in pixels.
        height: Image height in pixels.
    """

    world_to_camera: NDArray[np.float64]
    fx: float
    fy: float
    cx: float
    cy: float
    width: int
    height: int

    def __post_init__(self) -> None:
        """Check the shape and the size.

        Raises:
            ValueError: The pose is not a finite 4x4 matrix, or the image is empty.
        """
        pose = np.asarray(self.world_to_camera, dtype=np.float64)
        if pose.shape != (4, 4) or not np.isfinite(pose).all():
            raise ValueError(f"world_to_camera must be a finite 4x4 matrix, got {pose!r}")
        if self.width < 1 or self.height < 1:
            raise ValueError(f"the image is empty: {self.width}x{self.height}")
        object.__setattr__(self, "world_to_camera", pose)

    @classmethod
    def from_pose(
        cls,
        camera_to_world_opengl: ArrayLike,
        focal: float,
        cx: float,
        cy: float,
        width: int,
        height: int,
    ) -> Camera:
        """Build from an OpenGL camera-to-world pose, as ``transforms_*.json`` stores it.

        Args:
            camera_to_world_opengl: ``[4, 4]``, rigid (x right, y up, z towards the viewer).
            focal: Focal length in pixels, both axes.
            cx: Principal point in pixels.
            cy: Principal point in pixels.
            width: Image width in pixels.
            height: Image height in pixels.

        Raises:
            ValueError: The pose is not a finite rigid motion.
        """
        pose = np.asarray(camera_to_world_opengl, dtype=np.float64)
        # The inverse is written out: NumPy's solver would wake a pool of threads that then spin,
        # and take a core from training, for each 4 x 4 matrix.
        axes = pose[:3, :3] * _OPENGL_TO_OPENCV
        products = (axes[:, :, None] * axes[:, None, :]).sum(axis=0)
        if not np.abs(products - np.eye(3)).max() < _RIGID_TOLERANCE:
            raise ValueError(f"a camera's pose must be a rigid motion, got {pose!r}")
        world_to_camera = np.eye(4)
        world_to_camera[:3, :3] = axes.T
        world_to_camera[:3, 3] = -(axes * pose[:3, 3, None]).sum(axis=0)
        return cls(world_to_camera, focal, focal, cx, cy, width, height)

    @cached_property
    def position(self) -> NDArray[np.float64]:
        """Centre of projection in world coordinates, ``[3]``."""
        rotation, translation = self.world_to_camera[:3, :3], self.world_to_camera[:3, 3]
        return -rotation.T @ translation

    @cached_property
    def slope_limits(self) -> tuple[float, float, float, float]:
        """Bounds of ``x/z`` and ``y/z`` (min x, max x, min y, max y) in the projection's Jacobian.

        Gaussians far outside the view would have unbounded footprints under the affine
        approximation, so the field clamps the slope 30 % of half a view beyond the image.
        """
        margin_x = 0.3 * 0.5 * self.width / self.fx
        margin_y = 0.3 * 0.5 * self.height / self.fy
        return (
            -(self.cx / self.fx + margin_x),
            (self.width - self.cx) / self.fx + margin_x,
            -(self.cy / self.fy + margin_y),
            (self.height - self.cy) / self.fy + margin_y,
        )

    def numbers(self) -> CameraNumbers:
        """Return what the compiled kernels need: a tuple, whose values cannot change meanwhile.

        Rotation row by row (9), translation (3), fx, fy, cx, cy, slope limits (4).
        """
        rotation, translation = self.world_to_camera[:3, :3], self.world_to_camera[:3, 3]
        intrinsics = self.fx, self.fy, self.cx, self.cy, *self.slope_limits
        return tuple(map(float, (*rotation.flat, *translation, *intrinsics)))
