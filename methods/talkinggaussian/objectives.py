"""What each branch must reproduce of a frame, and what it is charged for (equations 10 and 11)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tgbench.errors import TgbenchError

from .config import TalkingGaussianConfig
from .frames import FACE, HAIRS, MOUTH, Crop, TrainingFrames
from .fusion import over
from .motion import Deformation
from .rasterizer import Rasterization
from .ssim import l1_ssim_loss

TRAINING_BACKGROUND = (0.0, 1.0, 0.0)
"""Behind every branch while it trains: a colour that no head has, so that holes show."""

AUDIO_CHANNEL, EXPRESSION_CHANNEL = 3, 4
"""Channels of a rendering, after the colours, that hold the region attention."""

Terms = dict[str, Tensor]


class Objective(Protocol):
    """The region of the image that a branch learns."""

    def crop(self, position: int) -> Crop:
        """Return the part of a training frame that the branch renders."""

    def terms(self, position: int, crop: Crop, drawn: Rasterization, background: Tensor) -> Terms:
        """Return the weighted terms of the loss of a rendering over a colour [3]."""


@dataclass(frozen=True)
class FaceObjective:
    """All of the head but the inside of the mouth, where the face must leave a hole."""

    frames: TrainingFrames
    config: TalkingGaussianConfig

    def crop(self, position: int) -> Crop:
        """Return the part of a training frame that shows the head."""
        return self.frames.head(position)

    def terms(self, position: int, crop: Crop, drawn: Rasterization, background: Tensor) -> Terms:
        """Compare with head and hair over the training background."""
        mask = torch.from_numpy((crop.labels == FACE) | (crop.labels == HAIRS))
        target = torch.where(mask[..., None], unit_image(crop.image), background)
        terms = {
            "photometric": photometric(over(drawn, background), target, self.config.ssim_weight),
            "alpha": self.config.alpha_weight * (drawn.alpha - mask.float()).abs().mean(),
        }
        if drawn.colors.shape[-1] > EXPRESSION_CHANNEL:
            terms["attention"] = self._attention(position, crop, drawn.colors)
        return terms

    def _attention(self, position: int, crop: Crop, colors: Tensor) -> Tensor:
        """Expression must leave the lips alone, and nothing but the pose moves the hair."""
        audio, expression = colors[..., AUDIO_CHANNEL], colors[..., EXPRESSION_CHANNEL]
        lips = self.frames.lips(position).relative_to(crop.window).clipped(crop.window.size)
        hair = torch.from_numpy(crop.labels == HAIRS)
        on_lips = expression[lips.rows_columns].sum() / expression.numel()
        on_hair = ((audio + expression) * hair).mean()
        config = self.config
        return config.lips_attention_weight * on_lips + config.hair_attention_weight * on_hair


@dataclass(frozen=True)
class MouthObjective:
    """The inside of the mouth; what lips hide of it is free."""

    frames: TrainingFrames
    config: TalkingGaussianConfig

    def crop(self, position: int) -> Crop:
        """Return the part of a training frame about the mouth."""
        return self.frames.mouth(position)

    def terms(self, position: int, crop: Crop, drawn: Rasterization, background: Tensor) -> Terms:
        """Compare inside the mask alone; charge what would show outside the lips."""
        mask = torch.from_numpy(crop.labels == MOUTH)
        target = torch.where(mask[..., None], unit_image(crop.image), background)
        prediction = torch.where(mask[..., None], over(drawn, background), background)
        lips = self.frames.lips(position).relative_to(crop.window).clipped(crop.window.size)
        outside = torch.ones_like(drawn.alpha)
        outside[lips.rows_columns] = 0.0
        return {
            "photometric": photometric(prediction, target, self.config.ssim_weight),
            "alpha": self.config.alpha_weight * (drawn.alpha * outside).mean(),
        }


def photometric(prediction: Tensor, target: Tensor, weight: float) -> Tensor:
    """Return L1 + weight * D-SSIM of two images [H, W, 3], D-SSIM = 1 - SSIM."""
    # The kernel mixes both with weights that add to one.
    return (1.0 + weight) * l1_ssim_loss(prediction, target, weight / (1.0 + weight))


def deformation_terms(deformation: Deformation, config: TalkingGaussianConfig) -> Terms:
    """Return the regulariser that keeps deformations small."""
    return {"deformation": config.deformation_weight * deformation.magnitude()}


def unit_image(image: NDArray[np.uint8]) -> Tensor:
    """Return uint8 [H, W, 3] as float32 in [0, 1]."""
    return torch.from_numpy(np.ascontiguousarray(image)).float().div_(255.0)


def total(terms: Mapping[str, Tensor], where: str) -> Tensor:
    """Add the terms of a loss.

    Raises:
        TgbenchError: a term is NaN or infinite; the message names it and `where`.
    """
    for name, term in terms.items():
        if not math.isfinite(term.item()):
            raise TgbenchError(
                f"the {name} loss is {term.item()} {where}; look at this frame, or lower the "
                "learning rates; the last checkpoint is kept"
            )
    return torch.stack(list(terms.values())).sum()
