from __future__ import annotations

import math

import pytest
import torch

from tgbench.methods.shared.rasterizer import Camera
from tgbench.methods.talkinggaussian.config import TalkingGaussianConfig
from tgbench.methods.talkinggaussian.densification import DensityControl, DensityLimits, resembling
from tgbench.methods.talkinggaussian.gaussians import GaussianField, inverse_softplus

CONFIG = TalkingGaussianConfig()
LIMITS = DensityLimits(gradient=0.5, dense_size=0.01, opacity=0.05, size=float("inf"), count=1000)


def field_of(count: int, scale: float = 0.005, opacity: float = 0.5) -> GaussianField:
    generator = torch.Generator().manual_seed(0)
    cloud = (torch.rand(count, 3, generator=generator) - 0.5) * 0.2
    field = GaussianField.random(cloud, CONFIG, generator)
    with torch.no_grad():
        field.parameters["scales"].fill_(float(inverse_softplus(torch.tensor(scale))))
        field.parameters["opacities"].fill_(math.log(opacity / (1 - opacity)))
    return field


def trained_once(field: GaussianField) -> None:
    """Give every Gaussian moments that name it."""
    rows = torch.arange(1.0, len(field) + 1)
    for value in field.parameters.values():
        value.grad = rows.reshape(-1, *(1,) * (value.ndim - 1)) * torch.ones_like(value)
    field.step()


def observed(field: GaussianField, strong: list[int]) -> DensityControl:
    control = DensityControl(len(field))
    gradient = torch.zeros(len(field), 2)
    gradient[strong, 0] = 1.0
    control.observe(gradient, torch.ones(len(field), dtype=torch.int32))
    return control


def moments(field: GaussianField, name: str) -> torch.Tensor:
    return field.optimizer.state[field.parameters[name]]["exp_avg"].flatten(1)[:, 0]


def test_small_gaussians_are_cloned_in_place():
    field = field_of(6)
    trained_once(field)
    before = {name: value.detach().clone() for name, value in field.parameters.items()}
    observed(field, [1, 4]).densify(field, LIMITS, torch.Generator())
    assert len(field) == 8
    for name, value in field.parameters.items():
        assert torch.equal(value[:6], before[name])
        assert torch.equal(value[6:], before[name][[1, 4]])


def test_large_gaussians_are_split_within_themselves():
    field = field_of(400, scale=0.02)
    trained_once(field)
    before = {name: value.detach().clone() for name, value in field.parameters.items()}
    chosen = list(range(0, 400, 2))
    observed(field, chosen).densify(field, LIMITS, torch.Generator().manual_seed(1))
    assert len(field) == 600
    kept, parts = 200, {n: v.detach()[200:] for n, v in field.parameters.items()}
    assert torch.equal(field.parameters["means"][:kept], before["means"][1::2])
    for name in ("quats", "opacities", "color", "harmonics"):
        halves = parts[name].chunk(2)
        assert torch.equal(halves[0], before[name][chosen])
        assert torch.equal(halves[1], before[name][chosen])
    sizes = torch.nn.functional.softplus(parts["scales"])
    old = torch.nn.functional.softplus(before["scales"][chosen]).repeat(2, 1)
    torch.testing.assert_close(sizes, old / 1.6, rtol=1e-4, atol=1e-7)
    offsets = parts["means"] - before["means"][chosen].repeat(2, 1)
    # The parts are drawn from the Gaussian itself: its deviation, no drift.
    assert offsets.std().item() == pytest.approx(old.mean().item(), rel=0.1)
    assert abs(offsets.mean().item()) < 3 * old.mean().item() / math.sqrt(offsets.numel())


def test_faint_and_oversized_gaussians_go():
    field = field_of(5)
    trained_once(field)
    with torch.no_grad():
        field.parameters["opacities"][2] = math.log(0.01 / 0.99)
        field.parameters["scales"][3, 1] = float(inverse_softplus(torch.tensor(0.2)))
    control = observed(field, [])
    means = field.parameters["means"].detach().clone()
    limits = DensityLimits(0.5, 0.01, 0.05, size=0.1, count=1000)
    control.densify(field, limits, torch.Generator())
    assert torch.equal(field.parameters["means"], means[[0, 1, 4]])


def test_a_field_is_never_emptied():
    field = field_of(4, opacity=0.01)
    observed(field, []).densify(field, LIMITS, torch.Generator())
    assert len(field) == 4


def test_moments_stay_with_their_gaussians():
    field = field_of(6)
    trained_once(field)
    with torch.no_grad():
        field.parameters["opacities"][0] = -20.0
    expected = {name: moments(field, name) for name in ("means", "quats", "scales", "color")}
    observed(field, [3]).densify(field, LIMITS, torch.Generator())
    for name, old in expected.items():
        new = moments(field, name)
        assert torch.equal(new[:5], old[1:])
        assert new[5:].abs().max() == 0.0
    for group in field.optimizer.param_groups:
        assert group["params"] == [field.parameters[group["name"]]]
    assert len(field.optimizer.state) == len(field.parameters)
    trained_once(field)


def test_growth_stops_at_the_limit_with_the_neediest():
    field = field_of(5)
    control = DensityControl(5)
    gradient = torch.tensor([[1.0, 0], [3.0, 0], [2.0, 0], [0.1, 0], [4.0, 0]])
    control.observe(gradient, torch.ones(5, dtype=torch.int32))
    means = field.parameters["means"].detach().clone()
    control.densify(field, DensityLimits(0.5, 0.01, 0.05, float("inf"), count=7), torch.Generator())
    assert len(field) == 7
    assert torch.equal(field.parameters["means"][5:], means[[1, 4]])


def test_gradients_are_averaged_over_the_frames_that_show_a_gaussian():
    field = field_of(2)
    control = DensityControl(2)
    for radii in ([1, 1], [1, 0], [1, 0]):
        drawn = torch.tensor(radii, dtype=torch.int32)
        control.observe(torch.tensor([[0.0, 0.3], [0.6, 0.0]]) * drawn[:, None], drawn)
    control.densify(field, LIMITS, torch.Generator())
    assert len(field) == 3


def test_background_colours_are_told_by_their_farthest_channel():
    green = torch.tensor([0.0, 1.0, 0.0])
    colors = torch.tensor([[0.0, 1.0, 0.0], [0.1, 0.9, 0.1], [0.2, 1.0, 0.0], [0.8, 0.6, 0.5]])
    assert resembling(colors, green, 0.15).tolist() == [True, True, False, False]


def test_weakened_gaussians_are_faint_and_small():
    field = field_of(3, scale=0.02)
    field.weaken(torch.tensor([False, True, False]), opacity=0.1, shrink=10.0)
    drawn = field.primitives(Camera.from_pose(torch.eye(4), 50.0, 8.0, 8.0, 16, 16))
    torch.testing.assert_close(drawn.opacities, torch.tensor([0.5, 0.1, 0.5]))
    torch.testing.assert_close(drawn.scales[:, 0], torch.tensor([0.02, 0.002, 0.02]))


def test_the_official_mouth_blows_green_gaussians_up_for_the_size_rule_to_find():
    """What was seen: 0.012 m became 0.50 m, for the division acts before the softplus."""
    field = field_of(3, scale=0.012)
    trained_once(field)
    with torch.no_grad():
        field.parameters["scales"].fill_(float(inverse_softplus(torch.tensor(0.012))))
    field.blow_up(torch.tensor([False, True, False]), opacity=0.1, divisor=10.0)
    drawn = field.primitives(Camera.from_pose(torch.eye(4), 50.0, 8.0, 8.0, 16, 16))
    torch.testing.assert_close(drawn.opacities[1], torch.tensor(0.1))
    torch.testing.assert_close(
        drawn.scales[:, 0], torch.tensor([0.012, 0.497, 0.012]), atol=2e-3, rtol=0
    )
    limits = DensityLimits(0.5, 0.01, 0.05, size=0.03, count=1000)
    observed(field, []).densify(field, limits, torch.Generator())
    assert len(field) == 2
