"""Losses of the branches in static initialisation and motion learning (equations 10 and 11)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor

from ..shared.perceptual import LARGE_TILES, SMALL_TILES, Perceptual
from ..shared.pixel_labels import BEHIND, FACE, HAIRS, IGNORED, INSIDE, TEETH
from ..shared.rasterizer import Rasterization
from ..shared.ssim import l1_ssim_loss
from ..shared.window import Window
from .config import TalkingGaussianConfig
from .frames import Crop, TrainingFrames
from .motion import Deformation
from .pixel_losses import EXPRESSION_CHANNEL, LossRegion, compare

TRAINING_BACKGROUND = (0.0, 1.0, 0.0)
"""Behind every branch in training: a colour that no head has, so that holes show."""

FINISH_BACKGROUND = (0.0, 0.0, 0.0)
"""Behind the mouth in its last iterations, so that its gaps show dark instead of green."""

_PIXEL_MEANS = ("photometric", "alpha", "lpips_tiles")
"""Terms that are means over the drawn window."""

_FACE_LIPS_WEIGHT, _FACE_TILES_WEIGHT, _MOUTH_TILES_WEIGHT = 0.01, 0.2, 0.5
"""Weights of the LPIPS terms in motion learning, which only the official code has."""

_COMPARED = (BEHIND, FACE, HAIRS, *INSIDE)
_SURFACE = LossRegion((FACE, HAIRS), _COMPARED, (FACE, HAIRS), _COMPARED)
_WITH_TEETH = LossRegion((FACE, HAIRS), _COMPARED, (FACE, HAIRS, TEETH), _COMPARED)
_HEAD = LossRegion((FACE, HAIRS, *INSIDE), _COMPARED, (FACE, HAIRS, *INSIDE), _COMPARED)

Terms = dict[str, Tensor]


class BranchLoss(Protocol):
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
class FaceLoss:
    """All of the head but the inside of the mouth, where the face must leave a hole.

    Without the decomposition into face and mouth there is no hole: it learns all of the head.
    """

    frames: TrainingFrames
    config: TalkingGaussianConfig

    @property
    def _region(self) -> LossRegion:
        if not self.config.face_mouth_decomposition:
            return _HEAD
        return _SURFACE if self.config.face.teeth_alpha == "hole" else _WITH_TEETH

    def crop(self, position: int, iteration: int) -> Crop:
        """Return the part of a training frame with the head; often without the hair.

        Neither sound nor expression moves hair, and it covers much of the image: motion is learned
        from the skin alone, except in every `hair_every`-th iteration and at the end.
        """
        face, left = self.config.face, self.config.branch_iterations - iteration
        with_hair = iteration % face.hair_every == 0 or left <= face.hair_last_iterations
        if iteration < self.config.schedule.static_iterations or with_hair:
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
        lips = _lips_in(crop, self.frames, position)
        seen = compare(drawn, background, crop, lips, self._region)
        weights = self.config.loss
        terms = {
            "photometric": photometric(seen.prediction, seen.target, weights.ssim_weight),
            "alpha": weights.alpha_weight * seen.alpha_error,
        }
        if drawn.colors.shape[-1] > EXPRESSION_CHANNEL:
            # Expression must not move the lips, and only the pose may move the hair.
            terms["attention"] = (
                weights.lips_attention_weight * seen.lips_attention
                + weights.hair_attention_weight * seen.hair_attention
            )
        if perceptual is not None:
            terms |= face_lpips(seen.prediction, seen.target, lips, background, perceptual)
        return terms


@dataclass(frozen=True)
class MouthLoss:
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
        """Compare inside the mask; charge what would show outside the lips."""
        lips = _lips_in(crop, self.frames, position)
        region = LossRegion(
            INSIDE,
            INSIDE,
            (),
            (*_COMPARED, IGNORED),
            "free" if self.config.mouth.alpha == "free" else "opaque",
            seen_beside_lips=self.config.mouth.pixels == "outside_lips",
        )
        seen = compare(drawn, background, crop, lips, region)
        weights = self.config.loss
        terms = {
            "photometric": photometric(seen.prediction, seen.target, weights.ssim_weight),
            "alpha": weights.alpha_weight * seen.alpha_error,
        }
        if perceptual is not None:
            on_tiles = perceptual.of_tiles(seen.prediction, seen.target, SMALL_TILES)
            terms["lpips_tiles"] = _MOUTH_TILES_WEIGHT * on_tiles
        return terms


def without_hair(crop: Crop) -> Crop:
    """Return a crop whose hair is ignored."""
    return replace(crop, labels=crop.labels.masked_fill(crop.labels == HAIRS, IGNORED))


def face_lpips(
    prediction: Tensor, target: Tensor, lips: Window, background: Tensor, perceptual: Perceptual
) -> Terms:
    """Return the LPIPS of the lips and of tiles that do not see them, weighted."""
    on_lips = perceptual.of(prediction, target, lips)
    inside = torch.zeros(prediction.shape[:2], dtype=torch.bool, device=prediction.device)
    inside[lips.rows_columns] = True
    hidden = [torch.where(inside[..., None], background, image) for image in (prediction, target)]
    on_tiles = perceptual.of_tiles(hidden[0], hidden[1], LARGE_TILES)
    return {
        "lpips_lips": _FACE_LIPS_WEIGHT * on_lips,
        "lpips_tiles": _FACE_TILES_WEIGHT * on_tiles,
    }


def _lips_in(crop: Crop, frames: TrainingFrames, position: int) -> Window:
    return frames.lips(position).relative_to(crop.window).clipped(crop.window.size)


def photometric(prediction: Tensor, target: Tensor, weight: float) -> Tensor:
    """Return L1 + weight * D-SSIM of two images [H, W, 3], D-SSIM = 1 - SSIM."""
    # The kernel mixes both with weights that add to one.
    return (1.0 + weight) * l1_ssim_loss(prediction, target, weight / (1.0 + weight))


def over_image(terms: Terms, share: float) -> Terms:
    """Turn means over a window into means over the image of which it is a share.

    Outside the window prediction and truth are the background.
    """
    return {name: term * share if name in _PIXEL_MEANS else term for name, term in terms.items()}


def deformation_terms(deformation: Deformation, config: TalkingGaussianConfig) -> Terms:
    """Return the regulariser that keeps deformations small."""
    return {"deformation": config.loss.deformation_weight * deformation.magnitude()}


def unit_image(image: Tensor) -> Tensor:
    """Return uint8 [H, W, 3] as float32 in [0, 1]."""
    return image.float().div_(255.0)
