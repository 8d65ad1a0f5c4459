"""One branch of the model: persistent Gaussians and the motion field that moves them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..shared.rasterizer import Camera, Rasterization, rasterize, rasterize_batch
from .config import BranchName, TalkingGaussianConfig
from .gaussians import GaussianField
from .motion import Deformation, FaceMotion, MotionField, MouthMotion


@dataclass
class Branch:
    """All that rendering one region needs.

    Attributes:
        name: "face" or "mouth".
        field: the canonical Gaussians.
        motion: what moves them.
        moves_positions: whether the gradient of the motion reaches the canonical centres.
    """

    name: BranchName
    field: GaussianField
    motion: MotionField
    moves_positions: bool = False

    def deform(self, windows: Tensor, units: Tensor) -> Deformation:
        """Return the deformation under audio [8, channels, steps] and action units [units].

        The field is evaluated at the canonical centres. Its gradient reaches them only if
        `moves_positions` is set.
        """
        means = self.field.parameters["means"]
        return self.motion(means if self.moves_positions else means.detach(), windows, units)

    def draw(
        self,
        camera: Camera,
        deformation: Deformation | None = None,
        offset: Tensor | None = None,
        with_attention: bool = False,
    ) -> Rasterization:
        """Render the canonical or the deformed Gaussians.

        Args:
            camera: the view.
            deformation: of equation 5, or none.
            offset: zeros [N, 2] that receive the gradient of the projected means.
            with_attention: render the strength of audio and expression attention as a fourth and
                fifth channel.
        """
        primitives = self.field.primitives(camera, deformation)
        colors = primitives.colors
        attention = deformation.attention_strength if with_attention and deformation else None
        if attention is not None:
            colors = torch.cat([colors, attention], dim=1)
        return rasterize(
            primitives.means,
            primitives.quats,
            primitives.scales,
            primitives.opacities,
            colors,
            camera,
            means2d_offset=offset,
        )

    def draw_depth(self, camera: Camera, deformation: Deformation) -> Rasterization:
        """Render how far away the deformed Gaussians are along the camera's axis, one channel."""
        primitives = self.field.primitives(camera, deformation)
        axis = primitives.means.new_tensor(camera.world_to_camera[2])
        return rasterize(
            primitives.means,
            primitives.quats,
            primitives.scales,
            primitives.opacities,
            (primitives.means @ axis[:3] + axis[3])[:, None],
            camera,
        )

    def draw_batch(
        self, cameras: Sequence[Camera], deformations: Sequence[Deformation]
    ) -> Rasterization:
        """Render a deformed head for each camera; all images have one size."""
        heads = [
            self.field.primitives(camera, deformation)
            for camera, deformation in zip(cameras, deformations, strict=True)
        ]
        return rasterize_batch(
            torch.stack([head.means for head in heads]),
            torch.stack([head.quats for head in heads]),
            torch.stack([head.scales for head in heads]),
            torch.stack([head.opacities for head in heads]),
            torch.stack([head.colors for head in heads]),
            cameras,
        )

    def state(self) -> dict[str, object]:
        """Return everything that `restore` needs."""
        return {"field": self.field.state(), "motion": self.motion.state_dict()}

    @classmethod
    def restore(
        cls,
        name: BranchName,
        state: Mapping,
        channels: int,
        config: TalkingGaussianConfig,
        device: torch.device,
    ) -> Branch:
        """Return the branch whose `state` was taken; `channels` are those of the audio."""
        motion = new_motion(name, channels, config)
        motion.load_state_dict(state["motion"])
        field = GaussianField.restore(state["field"], config, device)
        return cls(name, field, motion.to(device), config.motion_field.moves_positions)


def new_motion(name: BranchName, channels: int, config: TalkingGaussianConfig) -> MotionField:
    """Return an untrained motion field."""
    return (FaceMotion if name == "face" else MouthMotion)(channels, config)
