"""Terms of the loss against values by hand."""

from __future__ import annotations

import math

import pytest
import torch

from tgbench.methods.er_nerf.config import LossConfig
from tgbench.methods.er_nerf.losses import Pixels, head_loss, opacity_entropy

NONE = LossConfig(uncertainty=False, entropy=0, audio_attention=0, crossed_attention=0)
IN_FACE = torch.tensor([True, False])


def pixels(**changed: torch.Tensor) -> Pixels:
    parts = {
        "colour": torch.tensor([[0.5, 0.5, 0.5], [0.0, 0.0, 0.0]]),
        "opacity": torch.tensor([1.0, 0.0]),
        "uncertainty": torch.zeros(2),
        "attention": torch.tensor([3.0, 5.0]),
        "expression_attention": torch.tensor([2.0, 7.0]),
    }
    return Pixels(**(parts | changed))


def loss(config: LossConfig, progress: float = 0.5, **changed: torch.Tensor) -> float:
    return float(head_loss(pixels(**changed), torch.zeros(2, 3), IN_FACE, progress, config))


def test_without_other_terms_it_is_the_mean_squared_error() -> None:
    assert loss(NONE) == pytest.approx(0.25 / 2)


def test_entropy_is_a_bit_at_half_opacity_and_none_at_the_ends() -> None:
    half, ends = torch.tensor([0.5, 0.5]), torch.tensor([0.0, 1.0])
    assert float(opacity_entropy(half)) == pytest.approx(1.0)
    assert float(opacity_entropy(ends)) < 2e-4


def test_attention_counts_outside_the_face_and_crossed_attention_inside() -> None:
    outside = LossConfig(uncertainty=False, entropy=0, audio_attention=1.0, crossed_attention=0)
    crossed = LossConfig(uncertainty=False, entropy=0, audio_attention=0, crossed_attention=1.0)
    assert loss(outside) - loss(NONE) == pytest.approx(0.5 * 5.0 / 2)
    assert loss(crossed) - loss(NONE) == pytest.approx(0.5 * 3.0 * 2.0 / 2)


def test_uncertain_rays_count_more_as_training_goes_on() -> None:
    """Rays count 0.2 + 0.8 (1 - s + s N softmax(u)); in the face, by likelihood, too."""
    sure = LossConfig(uncertainty=True, entropy=0, audio_attention=0, crossed_attention=0)
    uncertainty = torch.tensor([1.0, 0.0])
    share = math.e / (1 + math.e)
    weight = 0.2 + 0.8 * (0.5 + 0.5 * 2 * share)
    likelihood = 0.25 / (2 * 4) + math.log(2) ** 2 / 2
    expected = (weight * 0.25 + 0.5 * likelihood) / 2
    assert loss(sure, 0.5, uncertainty=uncertainty) == pytest.approx(expected, rel=1e-5)
    assert loss(sure, 0.0, uncertainty=uncertainty) == pytest.approx(0.25 / 2)
