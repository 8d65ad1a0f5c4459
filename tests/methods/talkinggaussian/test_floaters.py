from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch

from tgbench.audio_encoders.mel import SPEC as MEL
from tgbench.configs import build
from tgbench.identities import Identity
from tgbench.methods.shared.conditions import Conditions
from tgbench.methods.talkinggaussian.branch import Branch, new_motion
from tgbench.methods.talkinggaussian.config import TalkingGaussianConfig
from tgbench.methods.talkinggaussian.floaters import contributions, remove_floaters
from tgbench.methods.talkinggaussian.frames import TrainingFrames
from tgbench.methods.talkinggaussian.gaussians import GaussianField, inverse_softplus
from tgbench.methods.talkinggaussian.motion import expression_units

CONFIG = build(
    TalkingGaussianConfig,
    {
        "grid.levels": 2,
        "face.hidden": 8,
        "mouth.hidden": 8,
        "audio.dim": 4,
    },
)
CPU = torch.device("cpu")
ITERATIONS = 100


@pytest.fixture(scope="module")
def frames(make_sphere: Callable[..., Identity], tmp_path_factory) -> TrainingFrames:
    """Twelve frames in which the head's window leaves a margin of the image."""
    identity = make_sphere(tmp_path_factory.mktemp("wide") / "sphere", size=96, frames=13)
    return TrainingFrames(identity, identity.split().train, 1 << 20)


@pytest.fixture(scope="module")
def conditions(frames: TrainingFrames) -> Conditions:
    units = expression_units(CONFIG)
    return Conditions.of_training(frames.identity, frames.frames, MEL, units, device=CPU)


def branch_of(
    name: str, means: list[tuple[float, float, float]], sizes: list[float], channels: int
) -> Branch:
    generator = torch.Generator().manual_seed(0)
    field = GaussianField.random(torch.tensor(means), CONFIG, generator)
    with torch.no_grad():
        logits = inverse_softplus(torch.tensor(sizes))
        field.parameters["scales"].copy_(logits[:, None].expand(-1, 3))
        field.parameters["opacities"].fill_(math.log(0.9 / 0.1))
    return Branch(name, field, new_motion(name, channels, CONFIG))  # type: ignore[arg-type]


HEAD = [(0.0, 0.0, 0.12), (0.05, 0.03, 0.12), (-0.06, -0.02, 0.12)]
BESIDE = (0.145, 0.0, 0.0)
"""Outside the head's window of every frame, inside the image of all."""

FAR = (3.0, 0.0, 0.0)
BEHIND_THE_HEAD = (0.0, 0.0, -0.05)


def test_what_no_window_shows_goes_and_the_head_stays(frames, conditions):
    wall = [(0.01 * x, 0.01 * y, 0.09) for x in range(-6, 7) for y in range(-6, 7)]
    means = [*HEAD, BESIDE, FAR, BEHIND_THE_HEAD, *wall]
    sizes = [0.01] * 3 + [0.01, 0.01, 0.0005] + [0.02] * len(wall)
    branch = branch_of("face", means, sizes, conditions.channels)
    kept = branch.field.parameters["means"].detach()[[0, 1, 2, *range(6, len(means))]]
    assert remove_floaters(branch, frames, conditions, ITERATIONS) == 3
    assert torch.equal(branch.field.parameters["means"].detach(), kept)
    assert remove_floaters(branch, frames, conditions, ITERATIONS) == 0


def test_what_reaches_into_the_window_from_outside_goes(frames, conditions):
    """Its tail is compared with the truth, so it counts as seen; its body is not."""
    _, window = frames.view(0, "face")
    lens = frames.identity.intrinsics
    metres = 0.8 / lens.focal
    edge = (window.right - lens.cx) * metres
    positions = [(edge + shift, 0.0, 0.0) for shift in (0.012, -0.012)]
    branch = branch_of("face", [*HEAD, *positions], [0.01] * 5, conditions.channels)
    alone = [contributions(branch, frames, conditions, k) for k in range(len(frames))]
    inside = torch.stack([part for _, part in alone])[:, 3]
    assert inside.max() > 1.0
    assert remove_floaters(branch, frames, conditions, ITERATIONS) == 1
    assert branch.field.parameters["means"][3, 0].item() == pytest.approx(positions[1][0])


def test_a_contribution_is_the_weight_of_its_pixels(frames, conditions):
    """A lone Gaussian: opacity times its footprint, of which float64 knows the integral."""
    branch = branch_of("face", [(0.0, 0.0, 0.0)], [0.008], conditions.channels)
    everywhere, in_window = contributions(branch, frames, conditions, 0)
    lens, pose = frames.identity.intrinsics, frames.identity.poses[0]
    distance = np.linalg.norm(pose[:3, 3])
    variance = (0.008 * lens.focal / distance) ** 2 + 0.3
    # Cut off where alpha falls below 1/255.
    whole = 2 * np.pi * variance * (0.9 - 1 / 255)
    assert everywhere.item() == pytest.approx(whole, rel=0.03)
    assert in_window.item() == pytest.approx(everywhere.item(), rel=1e-5)


def test_the_mouth_is_judged_by_its_own_window(frames, conditions):
    lips = (0.0, -0.045, 0.09)
    brow = (0.0, 0.07, 0.07)
    branch = branch_of("mouth", [lips, brow], [0.005, 0.005], conditions.channels)
    assert remove_floaters(branch, frames, conditions, ITERATIONS) == 1
    assert branch.field.parameters["means"][0, 1].item() == pytest.approx(lips[1])


def test_a_branch_is_never_emptied(frames, conditions):
    branch = branch_of("face", [FAR, FAR], [0.01, 0.01], conditions.channels)
    assert remove_floaters(branch, frames, conditions, ITERATIONS) == 0
    assert len(branch.field) == 2
