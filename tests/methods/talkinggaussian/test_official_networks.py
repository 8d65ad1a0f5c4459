"""The networks of the preset `official`, against what was counted in the official code.

facts/baselines.md 3.13a: parameters without grids with 29 audio channels: face 45,413, mouth 38,341
of which 2,176 are never used; grid entries 28,392 and 139,800, one feature each; norms of a fresh
network's attention 5e-5 (audio) and 1.4e-5 (expression).
"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tgbench.configs import build
from tgbench.methods.talkinggaussian.branch import Branch, new_motion
from tgbench.methods.talkinggaussian.config import TalkingGaussianConfig
from tgbench.methods.talkinggaussian.gaussians import GaussianField
from tgbench.methods.talkinggaussian.spec import SPEC
from tgbench.methods.talkinggaussian.training import motion_optimizer

OFFICIAL = build(TalkingGaussianConfig, SPEC.presets["official"])
CHANNELS = 29


def branch_of(name: str, config: TalkingGaussianConfig = OFFICIAL, seed: int = 0) -> Branch:
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    cloud = 0.2 * torch.rand(400, 3, generator=generator) - 0.1
    field = GaussianField.random(cloud, config, generator)
    motion = new_motion(name, CHANNELS, config)  # type: ignore[arg-type]
    return Branch(name, field, motion, config.motion_field.moves_positions)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "networks", "entries"), [("face", 45_413, 28_392), ("mouth", 38_341 - 2_176, 139_800)]
)
def test_numbers_of_parameters(name: str, networks: int, entries: int):
    motion = branch_of(name).motion
    assert motion.grid.table.numel() == entries
    assert sum(p.numel() for p in motion.parameters()) - entries == networks


def test_the_attention_starts_as_faint_as_there():
    audio, expression = [], []
    for seed in range(12):
        branch = branch_of("face", seed=seed)
        places = branch.motion.places(branch.field.parameters["means"].detach())
        dim = branch.motion.audio_attention[-1].out_features
        audio.append(places.attention[:dim].norm(dim=0).mean().item())
        expression.append(places.attention[dim:].norm(dim=0).mean().item())
    # The facts are of one seed; between ours the expression's differs by a half.
    assert np.mean(audio) == pytest.approx(5e-5, rel=0.2)
    assert min(expression) < 1.4e-5 < max(expression)


def test_the_motion_pulls_on_the_positions_and_on_no_other_parameter():
    units, windows = torch.rand(6), torch.randn(8, CHANNELS, 16)
    for name in ("face", "mouth"):
        for config, pulled in ((OFFICIAL, True), (TalkingGaussianConfig(), False)):
            branch = branch_of(name, config)
            with torch.no_grad():
                for parameter in branch.motion.parameters():
                    parameter.normal_(0.0, 0.3)
            driven = units if config is OFFICIAL else torch.rand(7)
            branch.deform(windows, driven).means.square().sum().backward()
            gradient = branch.field.parameters["means"].grad
            assert (gradient is not None and gradient.abs().max().item() > 0) == pulled
            others = [v for n, v in branch.field.parameters.items() if n != "means"]
            assert all(parameter.grad is None for parameter in others)


def test_outside_the_box_nothing_is_known_of_a_place():
    motion = branch_of("face").motion
    with torch.no_grad():
        motion.grid.table.normal_()
    inside = torch.tensor([[0.15, -0.15, 0.15], [0.1, 0.02, -0.149]])
    outside = torch.tensor([[0.1501, 0.0, 0.0], [0.0, -0.2, 0.0], [0.1, 0.1, 5.0]])
    assert (motion.encode(outside) == 0).all()
    assert (motion.encode(inside) != 0).all()


def test_an_opacity_is_decoded_and_charged_but_not_used():
    branch = branch_of("face")
    torch.nn.init.normal_(branch.motion.decoder[-1].weight)
    deformation = branch.deform(1e3 * torch.randn(8, CHANNELS, 16), torch.rand(6))
    assert branch.motion.decoder[-1].out_features == 11
    assert deformation.opacities is None
    assert deformation.unused_opacities is not None
    parts = (deformation.means, deformation.scales, deformation.quats, deformation.unused_opacities)
    expected = sum(np.abs(part.detach().numpy()).mean() for part in parts)
    assert deformation.magnitude().item() == pytest.approx(expected, rel=1e-5)
    assert branch_of("mouth").motion.decoder[-1].out_features == 3


def test_rates_and_weight_decays_of_the_parts():
    branch = branch_of("face")
    found = {
        id(parameter): (group["initial_lr"], group["weight_decay"])
        for group in motion_optimizer(branch, OFFICIAL).param_groups
        for parameter in group["params"]
    }
    motion = branch.motion
    expected = {
        motion.grid: (5e-3, 0.01),
        motion.audio.net: (5e-4, 0.0),
        motion.audio.attention: (2.5e-3, 1e-4),
        motion.decoder: (5e-4, 0.0),
        motion.audio_attention: (5e-4, 0.0),
        motion.expression_attention: (5e-4, 0.0),
        motion.expression: (5e-4, 0.0),
    }
    for module, (rate, decay) in expected.items():
        for parameter in module.parameters():
            assert found.pop(id(parameter)) == pytest.approx((rate, decay))
    assert not found
