from __future__ import annotations

import pytest
import torch

from tgbench.configs import build
from tgbench.methods.shared import threads
from tgbench.methods.talkinggaussian import decoding
from tgbench.methods.talkinggaussian.config import TalkingGaussianConfig
from tgbench.methods.talkinggaussian.motion import Deformation, FaceMotion, MouthMotion

CHANNELS, COUNT = 5, 37


def made(kind: type, **settings: object) -> torch.nn.Module:
    small = {"grid.levels": 2, "face.hidden": 8, "mouth.hidden": 8, "audio.dim": 4}
    config = build(TalkingGaussianConfig, {**small, "face.grid_finest": 20, **settings})
    motion = kind(CHANNELS, config).double()
    motion.grid._backend = "torch"
    generator = torch.Generator().manual_seed(3)
    for parameter in motion.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator).double() * 0.3
    return motion


def gradients(motion: torch.nn.Module, deformation: Deformation, means: torch.Tensor) -> dict:
    """Return those of a sum with random weights, and the deformation itself."""
    motion.zero_grad()
    means.grad = None
    parts = {name: part for name, part in vars(deformation).items() if part is not None}
    generator = torch.Generator().manual_seed(5)
    weighted = [
        (part * torch.randn(part.shape, generator=generator)).sum() for part in parts.values()
    ]
    torch.stack(weighted).sum().backward()
    found = {name: parameter.grad for name, parameter in motion.named_parameters()}
    return {**parts, **found, "positions": means.grad}


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        (FaceMotion, {}),
        (FaceMotion, {"motion_field.biases": False, "motion_field.expression_attention": "relu"}),
        (MouthMotion, {}),
        (MouthMotion, {"motion_field.biases": False}),
    ],
)
@pytest.mark.parametrize("block", [8, 2 * COUNT])
def test_blocks_have_the_gradients_of_autograd(kind, settings, block, monkeypatch):
    monkeypatch.setattr(decoding, "_AT_ONCE", block)
    motion = made(kind, **settings)
    generator = torch.Generator().manual_seed(0)
    means = ((torch.rand(COUNT, 3, generator=generator) - 0.5) * 0.2).double().requires_grad_()
    windows = torch.randn(8, CHANNELS, 16, generator=generator).double()
    units = torch.tensor([1.0, 2.0, 0.5, 3.0, 0.0, 1.5, 4.0]).double()

    layers = motion.deform(motion.places(means), motion.drivers(windows, units))
    expected = gradients(motion, layers, means)
    found = gradients(motion, motion(means, windows, units), means)

    assert found.keys() == expected.keys()
    for name, value in expected.items():
        if value is None:
            assert found[name] is None
        else:
            torch.testing.assert_close(found[name], value, rtol=1e-9, atol=1e-12, msg=name)


def test_two_cores_decode_to_the_same_bits_as_one(monkeypatch):
    monkeypatch.setattr(decoding, "_AT_ONCE", 8)
    monkeypatch.setattr(threads, "cores", lambda: 2)
    motion = made(FaceMotion)
    generator = torch.Generator().manual_seed(0)
    means = ((torch.rand(COUNT, 3, generator=generator) - 0.5) * 0.2).double().requires_grad_()
    windows = torch.randn(8, CHANNELS, 16, generator=generator).double()
    units = torch.ones(7).double()
    alone = gradients(motion, motion(means, windows, units), means)
    with threads.with_halves():
        shared = gradients(motion, motion(means, windows, units), means)
    for name, value in alone.items():
        assert (value is None and shared[name] is None) or torch.equal(value, shared[name]), name


def test_what_nothing_depends_on_has_no_part_in_the_gradient():
    motion = made(FaceMotion)
    windows, units = torch.zeros(8, CHANNELS, 16).double(), torch.ones(7).double()
    means = torch.zeros(COUNT, 3).double()
    motion(means, windows, units).attention_strength[:, 0].sum().backward()
    assert not motion.decoder[0].weight.grad.any()
    assert not motion.expression_attention[0].weight.grad.any()
    towards = motion.places(means).attention[: -len(units)].detach()
    torch.testing.assert_close(
        motion.audio_attention[2].bias.grad, (towards / towards.norm(dim=0)).sum(dim=1)
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_attention_of_no_length_has_no_slope(dtype):
    motion = made(FaceMotion, **{"motion_field.expression_attention": "relu"}).to(dtype)
    for layers in (motion.audio_attention, motion.expression_attention):
        for parameter in layers.parameters():
            parameter.data.zero_()
    means, windows = torch.zeros(COUNT, 3, dtype=dtype), torch.zeros(8, CHANNELS, 16, dtype=dtype)
    strength = motion(means, windows, torch.ones(7, dtype=dtype)).attention_strength
    strength.sum().backward()
    assert (strength < 2e-6).all()
    assert all(not parameter.grad.any() for parameter in motion.audio_attention.parameters())
