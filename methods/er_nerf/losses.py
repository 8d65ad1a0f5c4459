"""What the field minimises (paper, section 3.4, and the official code)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from .config import LossConfig

_LEAST_WEIGHT, _MOST_WEIGHT = 0.2, 10.0
_OUTSIDE_UNCERTAINTY = 1e-3
_OPACITY_EDGE = 1e-5


class Pixels(NamedTuple):
    """What R rays came to.

    Attributes:
        colour: [R, 3], over what is behind.
        opacity: [R].
        uncertainty: [R], by the samples' shares.
        attention: [R], to the sound, summed over the samples.
        expression_attention: [R], to the expression, the mean over the most samples of a ray.
    """

    colour: Tensor
    opacity: Tensor
    uncertainty: Tensor
    attention: Tensor
    expression_attention: Tensor


def head_loss(
    pixels: Pixels, target: Tensor, in_face: Tensor, progress: float, config: LossConfig
) -> Tensor:
    """Return the loss of rays over the whole image.

    Args:
        pixels: of R rays.
        target: [R, 3], the true colours.
        in_face: bool [R], whether a ray goes through the rectangle of the face.
        progress: share of the training that is done; most terms grow with it.
        config: weights.
    """
    error = ((pixels.colour - target) ** 2).mean(dim=1)
    outside = ~in_face
    if config.uncertainty:
        loss = (error * _certainty(pixels.uncertainty, progress)).mean()
        spread = 1.0 + pixels.uncertainty
        likelihood = error.detach() / (2.0 * spread**2) + torch.log(spread) ** 2 / 2.0
        loss = loss + progress * _mean(likelihood, in_face)
        loss = loss + progress * _OUTSIDE_UNCERTAINTY * _mean(pixels.uncertainty, outside)
    else:
        loss = error.mean()
    loss = loss + config.entropy * opacity_entropy(pixels.opacity)
    loss = loss + config.audio_attention * progress * _mean(pixels.attention, outside)
    crossed = pixels.expression_attention * pixels.attention.detach()
    return loss + config.crossed_attention * progress * _mean(crossed, in_face)


def opacity_entropy(opacity: Tensor) -> Tensor:
    """Return the mean entropy in bits of pixels being covered or not, [R] to a scalar."""
    share = opacity.clamp(_OPACITY_EDGE, 1.0 - _OPACITY_EDGE)
    return (-share * torch.log2(share) - (1.0 - share) * torch.log2(1.0 - share)).mean()


def _certainty(uncertainty: Tensor, progress: float) -> Tensor:
    """Return how much rays count: the uncertain ones more, as training goes on."""
    share = torch.softmax(uncertainty.detach(), dim=0) * len(uncertainty)
    blended = (1.0 - progress) + progress * share
    return (_LEAST_WEIGHT + (1.0 - _LEAST_WEIGHT) * blended).clamp_max(_MOST_WEIGHT)


def _mean(values: Tensor, where: Tensor) -> Tensor:
    """Return the sum of the chosen values by the number of all, 0 where none is chosen."""
    return torch.where(where, values, 0.0).mean()
