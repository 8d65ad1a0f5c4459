"""The latent space: orthonormal sets, and losses that reach their own half alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tgbench.configs import build
from tgbench.methods.dgtalker.config import NavigationConfig
from tgbench.methods.dgtalker.navigation import Navigation, orthonormal, start_shapes

SIZE, CHANNELS = 24, 5
CONFIG = build(NavigationConfig, {"expression_shapes": 4, "lip_shapes": 3, "audio_dim": 8})


def navigation(config: NavigationConfig = CONFIG, seed: int = 0) -> Navigation:
    torch.manual_seed(seed)
    start = start_shapes(torch.randn(9, SIZE), 4, config, torch.Generator().manual_seed(seed))
    return Navigation(config, torch.randn(SIZE), start, CHANNELS)


def sounds(count: int) -> torch.Tensor:
    return torch.randn(count, 8, CHANNELS, 16)


@given(st.integers(0, 10_000), st.integers(1, 12), st.floats(0.01, 100.0))
def test_rows_become_orthonormal_in_their_own_span(seed: int, count: int, size: float) -> None:
    rows = size * torch.randn(count, SIZE, generator=torch.Generator().manual_seed(seed))
    basis = orthonormal(rows)
    torch.testing.assert_close(basis @ basis.T, torch.eye(count), atol=1e-5, rtol=0)
    spanned = rows @ basis.T @ basis
    torch.testing.assert_close(spanned, rows, atol=2e-4 * size, rtol=1e-3)
    # Gram-Schmidt: the first row keeps its direction, sign included.
    assert torch.nn.functional.cosine_similarity(rows[0], basis[0], dim=0) > 0.999


def test_both_sets_stay_orthonormal_at_every_step() -> None:
    model = navigation()
    optimiser = torch.optim.Adam(model.parameters(), lr=0.05)
    for _ in range(5):
        found = model.coefficients(sounds(2), sounds(2), torch.rand(2, 1))
        loss = sum(part.square().sum() + part.sum() for part in model.displacements(found))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        both = torch.cat(model.shapes())
        torch.testing.assert_close(both @ both.T, torch.eye(7), atol=1e-5, rtol=0)


def gradients(part: int) -> dict[str, bool]:
    """Return which parameters a loss on expression (0) or lips (1) reaches."""
    model = navigation()
    displacements = model.displacements(model.coefficients(sounds(2), sounds(2), torch.rand(2, 1)))
    displacements[part].square().sum().backward()
    return {
        name: parameter.grad is not None and bool((parameter.grad != 0).any())
        for name, parameter in model.named_parameters()
    }


@pytest.mark.parametrize(("part", "own"), [(0, "expression"), (1, "lip")])
def test_no_gradient_crosses_to_the_other_set_or_encoder(part: int, own: str) -> None:
    reached = gradients(part)
    assert not [name for name, there in reached.items() if there and not name.startswith(own)]
    assert reached[f"{own}_shapes"]
    assert any(there for name, there in reached.items() if name.startswith(f"{own}_encoder.audio"))


def test_without_disentanglement_one_encoder_moves_all_blendshapes() -> None:
    config = build(
        NavigationConfig, {"disentangled": False, "expression_shapes": 4, "lip_shapes": 3}
    )
    model = navigation(config)
    assert model.lip_encoder is None
    found = model.coefficients(sounds(1), sounds(1), torch.zeros(1, 1))
    assert (found.expression.shape, found.lips.shape) == ((1, 4), (1, 3))
    _, lips = model.displacements(found)
    lips.square().sum().backward()
    assert model.expression_encoder.head[0].weight.grad.abs().sum() > 0


def test_a_sound_gives_the_same_coefficients_whole_as_frame_by_frame() -> None:
    model = navigation()
    features, rows = torch.randn(11, 16, CHANNELS), torch.randint(0, 11, (6, 8))
    blink = torch.rand(6, 1)
    whole = model.sequence(features, rows, blink)
    each = features[rows].transpose(2, 3)
    single = model.coefficients(each, each, blink)
    torch.testing.assert_close(whole.expression, single.expression, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(whole.lips, single.lips, atol=1e-5, rtol=1e-5)
    encoder = model.lip_encoder
    heard = torch.stack([encoder.audio(windows) for windows in each])
    torch.testing.assert_close(whole.lips, encoder.head(heard), atol=1e-5, rtol=1e-5)


def test_starts_are_the_priors_directions_filled_up_with_random_ones() -> None:
    directions = torch.randn(9, SIZE)
    random = torch.Generator().manual_seed(0)
    expression, lips = start_shapes(directions, 4, CONFIG, random)
    assert torch.equal(expression, directions[:4])
    assert torch.equal(lips, directions[5:8])
    more = build(NavigationConfig, {"expression_shapes": 6, "lip_shapes": 3, "start": "random"})
    expression, lips = start_shapes(directions, 4, more, random)
    assert expression.shape == (6, SIZE)
    assert not np.isin(lips.numpy(), directions.numpy()).any()
