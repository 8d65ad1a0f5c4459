"""Cameras in the units of the field, and the rays of their pixels."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from numpy.typing import ArrayLike
from torch import Tensor

from tgbench.identities import Intrinsics


@dataclass(frozen=True)
class Pinhole:
    """A camera without distortion; pixel centres lie at half integers.

    Attributes:
        axes: [3, 3], columns are the camera's axes in the field: right, up, backwards.
        centre: [3].
        focal: in pixels.
        cx, cy: principal point in pixels.
        width, height: of the image in pixels.
    """

    axes: Tensor
    centre: Tensor
    focal: float
    cx: float
    cy: float
    width: int
    height: int

    @classmethod
    def of_pose(
        cls, pose: ArrayLike, intrinsics: Intrinsics, scale: float, device: torch.device
    ) -> Pinhole:
        """Build from an OpenGL camera-to-world pose [4, 4] of an identity.

        Args:
            pose: of the camera.
            intrinsics: of the clip.
            scale: units of the field for one of the pose.
            device: where rays are wanted.
        """
        matrix = torch.as_tensor(pose, dtype=torch.float32, device=device)
        return cls(
            matrix[:3, :3],
            matrix[:3, 3] * scale,
            intrinsics.focal,
            intrinsics.cx,
            intrinsics.cy,
            intrinsics.width,
            intrinsics.height,
        )

    def rays(self, columns: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Return origins [R, 3] and unit directions [R, 3] of pixels."""
        x = (columns + 0.5 - self.cx) / self.focal
        y = (rows + 0.5 - self.cy) / self.focal
        local = torch.stack([x, -y, -torch.ones_like(x)], dim=-1)
        directions = torch.nn.functional.normalize(local @ self.axes.T, dim=-1)
        return self.centre.expand_as(directions), directions

    def sees(self, points: Tensor, radius: float) -> Tensor:
        """Whether balls of this radius about points [..., 3] touch the image, bool [...]."""
        x, y, z = ((points.to(self.axes) - self.centre) @ self.axes).unbind(-1)
        depth = -z
        margin = radius * self.focal / depth.clamp_min(1e-6)
        column, row = self.focal * x / depth + self.cx, -self.focal * y / depth + self.cy
        inside = (column > -margin) & (column < self.width + margin)
        return inside & (row > -margin) & (row < self.height + margin) & (depth > 0)
