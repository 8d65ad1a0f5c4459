"""What each branch must reproduce of a frame, and what it is charged for (equations 10 and 11)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tgbench.errors import TgbenchError

from .config import TalkingGaussianConfig
from .frames import FACE, HAIRS, IGNORED, MOUTH, Crop, TrainingFrames
from .fusion import over
from .motion import Deformation
from .perceptual import LARGE_PATCH, SMALL_PATCH, Perceptual
from .rasterizer import Rasterization
from .ssim import l1_ssim_loss
from .windows import Window

TRAINING_BACKGROUND = (0.0, 1.0, 0.0)
"""Behind every branch while it trains: a colour that no head has, so that holes show."""

AUDIO_CHANNEL, EXPRESSION_CHANNEL = 3, 4
"""Channels of a rendering, after the colours, that hold the region attention."""

_FACE_LIPS_WEIGHT, _FACE_PATCH_WEIGHT, _MOUTH_PATCH_WEIGHT = 0.01, 0.2, 0.5
"""Of the LPIPS terms in motion learning, which the official code has and the paper has not."""

Terms = dict[str, Tensor]


class Objective(Protocol):
    """The region of the image that a branch learns."""

    def crop(self, position: int, iteration: int) -> Crop:
        """Return the part of a training frame that the branch renders in an iteration."""

    def terms(
        self,
        position: int,
        crop: Crop,
        drawn: Rasterization,
        background: Tensor,
        perceptual: Perceptual | None = None,
    ) -> Terms:
        """Return the weighted terms of the loss of a rendering over a colour [3]."""


@dataclass(frozen=True)
class FaceObjective:
    """All of the head but the inside of the mouth, where the face must leave a hole.

    Without the decomposition into face and mouth there is no hole, and all of the head is learned.
    """

    frames: TrainingFrames
    config: TalkingGaussianConfig

    @property
    def _region(self) -> list[int]:
        return [FACE, HAIRS] if self.config.face_mouth_decomposition else [FACE, HAIRS, MOUTH]

    def crop(self, position: int, iteration: int) -> Crop:
        """Return the part of a training frame with the head; often without the hair.

        Hair moves as neither sound nor expression tells, and there is much of it: motion is
        learned from the skin alone but in every `hair_every`-th iteration.
        """
        config = self.config
        if iteration < config.static_iterations or iteration % config.hair_every == 0:
            return self.frames.head(position)
        return without_hair(self.frames.skin(position))

    def terms(
        self,
        position: int,
        crop: Crop,
        drawn: Rasterization,
        background: Tensor,
        perceptual: Perceptual | None = None,
    ) -> Terms:
        """Compare with the branch's region over the training background."""
        mask = torch.from_numpy(np.isin(crop.labels, self._region))
        target = torch.where(mask[..., None], unit_image(crop.image), background)
        prediction, alpha_error = over(drawn, background), (drawn.alpha - mask.float()).abs()
        ignored = torch.from_numpy(crop.labels == IGNORED)
        if bool(ignored.any()):
            prediction = torch.where(ignored[..., None], background, prediction)
            alpha_error = alpha_error * ~ignored
        terms = {
            "photometric": photometric(prediction, target, self.config.ssim_weight),
            "alpha": self.config.alpha_weight * alpha_error.mean(),
        }
        if drawn.colors.shape[-1] > EXPRESSION_CHANNEL:
            terms["attention"] = self._attention(position, crop, drawn.colors)
        if perceptual is not None:
            lips = _lips_in(crop, self.frames, position)
            terms["lpips"] = face_lpips(prediction, target, lips, background, perceptual)
        return terms

    def _attention(self, position: int, crop: Crop, colors: Tensor) -> Tensor:
        """Expression must leave the lips alone, and nothing but the pose moves the hair."""
        audio, expression = colors[..., AUDIO_CHANNEL], colors[..., EXPRESSION_CHANNEL]
        lips = _lips_in(crop, self.frames, position)
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

    def crop(self, position: int, iteration: int) -> Crop:
        """Return the part of a training frame about the mouth."""
        return self.frames.mouth(position)

    def terms(
        self,
        position: int,
        crop: Crop,
        drawn: Rasterization,
        background: Tensor,
        perceptual: Perceptual | None = None,
    ) -> Terms:
        """Compare inside the mask alone; charge what would show outside the lips."""
        mask = torch.from_numpy(crop.labels == MOUTH)
        target = torch.where(mask[..., None], unit_image(crop.image), background)
        prediction = torch.where(mask[..., None], over(drawn, background), background)
        outside = torch.ones_like(drawn.alpha)
        outside[_lips_in(crop, self.frames, position).rows_columns] = 0.0
        terms = {
            "photometric": photometric(prediction, target, self.config.ssim_weight),
            "alpha": self.config.alpha_weight * (drawn.alpha * outside).mean(),
        }
        if perceptual is not None:
            on_patch = perceptual.of_patch(prediction, target, SMALL_PATCH)
            terms["lpips"] = _MOUTH_PATCH_WEIGHT * on_patch
        return terms


def without_hair(crop: Crop) -> Crop:
    """Return a crop whose hair is not asked for, and not forbidden either."""
    return replace(crop, labels=np.where(crop.labels == HAIRS, np.uint8(IGNORED), crop.labels))


def face_lpips(
    prediction: Tensor, target: Tensor, lips: Window, background: Tensor, perceptual: Perceptual
) -> Tensor:
    """Return the LPIPS of the lips and of a patch that does not see them, weighted."""
    on_lips = perceptual.of(prediction, target, lips)
    inside = torch.zeros(prediction.shape[:2], dtype=torch.bool)
    inside[lips.rows_columns] = True
    hidden = [torch.where(inside[..., None], background, image) for image in (prediction, target)]
    on_patch = perceptual.of_patch(hidden[0], hidden[1], LARGE_PATCH)
    return _FACE_LIPS_WEIGHT * on_lips + _FACE_PATCH_WEIGHT * on_patch


def _lips_in(crop: Crop, frames: TrainingFrames, position: int) -> Window:
    return frames.lips(position).relative_to(crop.window).clipped(crop.window.size)


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
