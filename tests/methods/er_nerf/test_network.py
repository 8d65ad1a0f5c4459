"""The field: its size, what drives it, and harmonics of degree 3."""

from __future__ import annotations

import math

import pytest
import torch

from tgbench.configs import build
from tgbench.methods.er_nerf.config import ErNerfConfig
from tgbench.methods.er_nerf.network import HeadField, truncated_exp
from tgbench.methods.shared.spherical_harmonics import harmonics_basis

SEVEN = {"head.expression": "seven"}


def field(**settings: object) -> HeadField:
    torch.manual_seed(0)
    return HeadField(29, build(ErNerfConfig, {"audio_input": "raw"} | settings))


def test_it_has_as_many_parameters_as_the_official_network() -> None:
    """../shared/facts/baselines.md, 3.8: counted from its shapes, with DeepSpeech's 29 channels."""
    assert sum(parameter.numel() for parameter in field().parameters()) == 587_989


def test_more_action_units_widen_what_takes_them() -> None:
    """A network of 6 to 16 to 6, attention to 7, and as many more inputs of the density."""
    plain, more = (
        sum(
            parameter.numel() for parameter in field(**{"head.expression": expression}).parameters()
        )
        for expression in ("blink", "seven")
    )
    assert more - plain == 2 * 6 * 16 + 16 * (7 - 1) + 64 * (7 - 1)


@pytest.mark.parametrize(("closed", "expected"), [(0.5, 0.25), (2.0, 1.0), (5.0, 1.0)])
def test_closed_eyes_drive_from_nought_to_one(closed: float, expected: float) -> None:
    given = field().conditions(torch.zeros(8, 29, 16), torch.tensor([closed]))
    assert given.expression.tolist() == pytest.approx([expected])


def test_the_last_action_unit_does_not_pass_the_network() -> None:
    head = field(**SEVEN)
    units = torch.tensor([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.5])
    assert head.conditions(torch.zeros(8, 29, 16), units).expression.tolist() == [0.0] * 6 + [1.5]


def test_a_point_has_density_colour_and_attention() -> None:
    head = field()
    given = head.conditions(torch.randn(8, 29, 16), torch.tensor([1.0]))
    positions = 0.4 * torch.rand(5, 3)
    along = torch.nn.functional.normalize(torch.randn(5, 3), dim=1)
    at = head(positions, along, given)
    assert [tuple(part.shape) for part in at] == [(5,), (5, 3), (5,), (5,), (5,)]
    density, shape = head.shapes(positions, given)
    assert torch.equal(density, at.density)
    assert torch.equal(head.colours(shape, along, given), at.colour)


def test_the_exponential_has_a_finite_gradient() -> None:
    logits = torch.tensor([-1.0, 3.0, 40.0], requires_grad=True)
    truncated_exp(logits).sum().backward()
    assert logits.grad is not None
    assert logits.grad.tolist() == pytest.approx(
        [math.exp(-1), math.exp(3), math.exp(15)], rel=1e-5
    )


def test_harmonics_of_degree_three_are_orthonormal() -> None:
    """Gauss-Legendre times a uniform rule integrates their products exactly."""
    import numpy as np

    nodes, weights = np.polynomial.legendre.leggauss(8)
    turns = np.arange(16) * 2 * np.pi / 16
    z, turn = (part.ravel() for part in np.meshgrid(nodes, turns, indexing="ij"))
    flat = np.sqrt(1 - z**2)
    directions = torch.from_numpy(np.stack([flat * np.cos(turn), flat * np.sin(turn), z], 1))
    basis = harmonics_basis(directions, 3).numpy()
    area = np.repeat(weights, 16) * 2 * np.pi / 16
    assert np.allclose((basis * area[:, None]).T @ basis, np.eye(16), atol=1e-12)
