from __future__ import annotations

import numpy as np
import pytest
import torch

from tgbench.audio_encoders.mel import SPEC as MEL
from tgbench.configs import build
from tgbench.identities import Identity
from tgbench.methods.shared.audio_network import (
    AudioNetwork,
    window_rows,
)
from tgbench.methods.shared.conditions import Conditions
from tgbench.methods.talkinggaussian.config import TalkingGaussianConfig
from tgbench.methods.talkinggaussian.motion import FaceMotion, MouthMotion, expression_units

CHANNELS, STEPS, UNITS = 5, 16, 7
SMALL = build(
    TalkingGaussianConfig,
    {
        "grid.levels": 2,
        "face.hidden": 8,
        "mouth.hidden": 8,
        "audio.dim": 4,
        "face.grid_finest": 20,
    },
)


def randomised(module: torch.nn.Module) -> torch.nn.Module:
    generator = torch.Generator().manual_seed(3)
    for parameter in module.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator) * 0.3
    return module


def dense(layer: torch.nn.Linear, x: np.ndarray) -> np.ndarray:
    return x @ layer.weight.detach().double().numpy().T + layer.bias.detach().double().numpy()


def relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0.0)


@pytest.fixture
def inputs() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    means = (torch.rand(11, 3, generator=generator) - 0.5) * 0.2
    windows = torch.randn(8, CHANNELS, STEPS, generator=generator)
    return means, windows, torch.tensor([1.0, 2.0, 0.5, 3.0, 0.0, 1.5, 4.0])


def test_face_deformation_is_equation_7(inputs):
    means, windows, units = inputs
    motion = randomised(FaceMotion(CHANNELS, SMALL))
    deformation = motion(means, windows, units)

    grid = motion.grid(means).detach().double().numpy()
    audio = motion.audio(windows).detach().double().numpy()
    u = units.double().numpy()
    e = dense(motion.expression[2], relu(dense(motion.expression[0], u[None, :6])))[0]
    e = np.append(e, min(u[6], 2.0))
    va, ve = motion.audio_attention, motion.expression_attention
    attention_a = dense(va[2], relu(dense(va[0], grid)))
    attention_e = np.log1p(np.exp(dense(ve[2], relu(dense(ve[0], grid)))))
    layers = motion.decoder
    x = np.concatenate([grid, attention_a * audio, attention_e * e], axis=1)
    out = dense(layers[4], relu(dense(layers[2], relu(dense(layers[0], x)))))

    np.testing.assert_allclose(deformation.means.detach(), out[:, :3] * 0.01, atol=1e-5)
    np.testing.assert_allclose(deformation.scales.detach(), out[:, 3:6], atol=1e-4)
    np.testing.assert_allclose(deformation.quats.detach(), out[:, 6:], atol=1e-4)
    parts = (out[:, :3] * 0.01, out[:, 3:6], out[:, 6:])
    expected = sum(np.abs(part).mean() for part in parts)
    assert deformation.magnitude().item() == pytest.approx(expected, rel=1e-4)


def test_mouth_only_translates_and_only_by_audio(inputs):
    means, windows, units = inputs
    motion = randomised(MouthMotion(CHANNELS, SMALL))
    deformation = motion(means, windows, units)

    assert deformation.scales is None
    assert deformation.quats is None
    grid = motion.grid(means).detach().double().numpy()
    audio = motion.audio(windows).detach().double().numpy()
    layers = motion.decoder
    x = np.concatenate([grid, np.broadcast_to(audio, (len(grid), len(audio)))], axis=1)
    out = dense(layers[4], relu(dense(layers[2], relu(dense(layers[0], x)))))
    np.testing.assert_allclose(deformation.means.detach(), out * 0.01, atol=1e-5)
    assert torch.equal(motion(means, windows, units + 1.0).means, deformation.means)
    assert not torch.equal(motion(means, windows + 1.0, units).means, deformation.means)


def test_motion_starts_from_rest(inputs):
    for motion in (FaceMotion(CHANNELS, SMALL), MouthMotion(CHANNELS, SMALL)):
        assert motion(*inputs).magnitude().item() == 0.0


def test_every_action_unit_can_move_something_from_the_start(inputs):
    """No attention may start dead: a blink has to be learnable."""
    motion = FaceMotion(CHANNELS, SMALL)
    attention = motion.places(inputs[0]).attention[-UNITS:]
    assert (attention > 0).all()


def test_audio_encoder_tells_sounds_apart_from_the_start():
    """A start that shrinks its input lets the audio drown in the biases."""
    generator = torch.Generator().manual_seed(1)
    torch.manual_seed(0)
    encoder = AudioNetwork(32, 32)
    features = 3.0 + 5.0 * torch.randn(40, STEPS, 32, generator=generator)
    encoder.normalise_by(features)
    encoded = torch.stack([encoder(windows_of(features, i)) for i in range(8, 32)])
    assert encoded.std(dim=0).mean() > 0.1


def test_attention_is_a_convex_combination():
    encoder = randomised(AudioNetwork(CHANNELS, 4))
    windows = torch.randn(8, CHANNELS, STEPS, generator=torch.Generator().manual_seed(2))
    rows = encoder.net(windows)
    mixed = encoder.attention(rows)
    assert (mixed <= rows.max(dim=0).values + 1e-6).all()
    assert (mixed >= rows.min(dim=0).values - 1e-6).all()
    same = torch.ones(8, 4) * torch.arange(4.0)
    torch.testing.assert_close(encoder.attention(same), torch.arange(4.0))


@pytest.mark.parametrize("kind", [FaceMotion, MouthMotion])
def test_a_sequence_is_its_frames(kind):
    """Also at the ends of the sound, where windows are repeated, and for frames in any order."""
    generator = torch.Generator().manual_seed(4)
    motion = randomised(kind(CHANNELS, SMALL))
    features = torch.randn(150, STEPS, CHANNELS, generator=generator)
    rows = np.array([149, 0, 3, 70, 71, 147, 70])
    units = 5 * torch.rand(len(rows), UNITS, generator=generator)
    windows = window_rows(rows, len(features))
    together = motion.sequence(features, windows, units)
    for i, row in enumerate(rows):
        alone = motion.drivers(windows_of(features, int(row)), units[i])
        torch.testing.assert_close(together.at(i).audio, alone.audio, rtol=1e-5, atol=1e-4)
        if kind is FaceMotion:
            torch.testing.assert_close(together.at(i).expression, alone.expression)
    assert (motion.sequence(features, windows, units).expression is None) == (kind is MouthMotion)


def windows_of(features: torch.Tensor, row: int) -> torch.Tensor:
    """The eight windows about a row, [8, channels, steps]."""
    return features[window_rows(np.array([row]), len(features))[0]].transpose(1, 2)


def test_windows_surround_the_frame_and_end_with_the_sound():
    assert window_rows(np.array([10, 1, 99]), 100).tolist() == [
        [6, 7, 8, 9, 10, 11, 12, 13],
        [0, 0, 0, 0, 1, 2, 3, 4],
        [95, 96, 97, 98, 99, 99, 99, 99],
    ]
    features = torch.arange(6.0)[:, None, None] * torch.ones(6, STEPS, CHANNELS)
    stacked = windows_of(features, 3)
    assert stacked.shape == (8, CHANNELS, STEPS)
    assert stacked[:, 0, 0].tolist() == [0, 0, 1, 2, 3, 4, 5, 5]


def test_beyond_the_ends_of_the_sound_there_can_be_zeros(sphere: Identity):
    """As in the official code; the window of a frame is that of the frame all the same."""
    train = sphere.split().train
    units = expression_units(SMALL)
    zeros, nearest = (
        Conditions.of_training(
            sphere, train, MEL, units, device=torch.device("cpu"), silent_outside=silent
        )
        for silent in (True, False)
    )
    features = sphere.audio_features().windows[train.start : train.stop].transpose(0, 2, 1)
    last = len(train) - 1
    assert (zeros.audio(0)[:4] == 0).all()
    assert (zeros.audio(last)[5:] == 0).all()
    np.testing.assert_array_equal(zeros.audio(0)[4:], features[:4])
    np.testing.assert_array_equal(zeros.audio(last)[:5], features[last - 4 :])
    np.testing.assert_array_equal(nearest.audio(0)[:4], np.repeat(features[:1], 4, axis=0))
    assert torch.equal(zeros.audio(10), nearest.audio(10))
    assert torch.equal(zeros.heard, nearest.features)
    motion = randomised(FaceMotion(zeros.channels, SMALL))
    together = motion.sequence(zeros.features, zeros.windows, zeros.expressions)
    alone = motion.drivers(zeros.audio(last), zeros.expression(last))
    torch.testing.assert_close(together.at(last).audio, alone.audio, rtol=1e-5, atol=1e-4)
