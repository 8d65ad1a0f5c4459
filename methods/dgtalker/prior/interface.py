"""What a head prior is: from codes to heads of 3D Gaussians."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from ...shared.rasterizer import Camera, Rasterization, rasterize_batch


@dataclass(frozen=True)
class Heads:
    """B heads of N Gaussians in the head frame, metres; see `rasterize_batch`.

    Attributes:
        means: [B, N, 3].
        quats: [B, N, 4].
        scales: [B, N, 3].
        opacities: [B, N].
        colors: [B, N, 3], 0 to 1, the same from all sides.
    """

    means: Tensor
    quats: Tensor
    scales: Tensor
    opacities: Tensor
    colors: Tensor

    def draw(self, cameras: list[Camera]) -> Rasterization:
        """Draw each head with a camera of its own."""
        return rasterize_batch(
            self.means, self.quats, self.scales, self.opacities, self.colors, cameras
        )

    def draw_depth(self, cameras: list[Camera]) -> Rasterization:
        """Draw how far away heads are along their cameras' axes, one channel."""
        axes = torch.stack([torch.from_numpy(each.world_to_camera[2]) for each in cameras])
        axes = axes.to(self.means)
        depth = (self.means * axes[:, None, :3]).sum(dim=-1) + axes[:, None, 3]
        return rasterize_batch(
            self.means, self.quats, self.scales, self.opacities, depth[..., None], cameras
        )


class HeadPrior(Protocol):
    """Knows heads: any code near those that it was trained with gives one, seen from anywhere."""

    name: str

    fingerprint: str
    """Differs where weights do."""

    @property
    def code_size(self) -> int:
        """Length of a code."""

    @property
    def network(self) -> nn.Module:
        """Return what tuning around a person changes."""

    def mean_code(self) -> Tensor:
        """Return the code of the mean head at rest, [code_size]."""

    def directions(self) -> Tensor:
        """Return the changes of a code that the prior takes for expressions, [E, code_size].

        Upper-face ones come first, then those of the lower face; E may be 0.
        """

    def lip_directions(self) -> int:
        """Return how many of `directions`, the last ones, move the lower face."""

    def landmarks(self) -> Tensor:
        """Return the numbers of the Gaussians at the 68 landmarks of iBUG."""

    def heads(self, codes: Tensor) -> Heads:
        """Return the heads of codes [B, code_size]."""
