"""Each part that an ablation switches off really is off."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from tgbench.configs import build
from tgbench.methods.dgtalker.config import DGTalkerConfig
from tgbench.methods.dgtalker.frames import Crop
from tgbench.methods.dgtalker.person import Person
from tgbench.methods.dgtalker.placement import Placement
from tgbench.methods.dgtalker.prior.choice import load_prior
from tgbench.methods.dgtalker.prior.population import camera
from tgbench.methods.dgtalker.training import NavigationTraining
from tgbench.methods.shared.rasterizer import Camera

FRAMES, SIDE, CHANNELS = 6, 24, 5
CPU = torch.device("cpu")


class Frames:
    """Crops of noise without an upper face, which count who looks at them."""

    def __init__(self) -> None:
        self.seen: list[int] = []
        view = Camera.from_pose(camera(0, 0), 70.0, SIDE / 2, SIDE / 2, SIDE, SIDE)
        every = torch.ones(SIDE, SIDE, dtype=torch.bool)
        noise = torch.randint(0, 255, (SIDE, SIDE, 3), dtype=torch.uint8)
        self._crop = Crop(view, noise, every, every, torch.zeros(68, 2))

    def __len__(self) -> int:
        return FRAMES

    def __getitem__(self, position: int) -> Crop:
        self.seen.append(position)
        return self._crop


def training(**settings: object) -> tuple[NavigationTraining, Frames]:
    """Return a training, on pictures alone by default, of a person whom no one has seen."""
    torch.manual_seed(0)
    settings = {"regression_iterations": 0, "picture_lr": 0.01} | settings
    config = build(
        DGTalkerConfig, {f"navigation.{name}": value for name, value in settings.items()}
    )
    prior = load_prior(config, 0, CPU)
    person = Person(prior, Placement(), torch.randn(FRAMES, 3))
    torch.nn.init.normal_(person.reading)
    sound = torch.randn(FRAMES, 8, CHANNELS, 16)
    driving = SimpleNamespace(
        channels=CHANNELS,
        heard=sound.transpose(2, 3).reshape(-1, 16, CHANNELS),
        expressions=torch.rand(FRAMES, 1),
        audio=lambda position: sound[position],
    )
    frames = Frames()
    return NavigationTraining(config, person, frames, driving, 0, CPU), frames


def off_orthonormal(model: NavigationTraining) -> float:
    both = torch.cat(model.navigation.shapes()).detach()
    return float((both @ both.T - torch.eye(len(both))).abs().max())


def moved_by_lower_faces(model: NavigationTraining) -> bool:
    """Whether losses below the nose, the only ones there are, reach the shapes of expression."""
    model.step()
    gradient = model.navigation.expression_shapes.grad
    return gradient is not None and bool((gradient != 0).any())


def test_the_full_method_hears_two_frames_and_keeps_halves_apart() -> None:
    model, frames = training()
    assert not moved_by_lower_faces(model)
    for _ in range(4):
        model.step()
    pairs = np.array(frames.seen).reshape(-1, 2)
    assert (pairs[:, 0] != pairs[:, 1]).any()
    assert off_orthonormal(model) < 1e-5


@pytest.mark.parametrize("setting", ["cross_view", "disentangled"])
def test_without_masks_whole_pictures_of_one_frame_teach_all_blendshapes(setting: str) -> None:
    model, frames = training(**{setting: False})
    assert moved_by_lower_faces(model)
    assert len(frames.seen) == 1
    assert (model.navigation.lip_encoder is None) == (setting == "disentangled")


def test_without_orthogonality_blendshapes_are_no_orthonormal_set() -> None:
    model, _ = training(orthogonal=False)
    for _ in range(3):
        model.step()
    assert off_orthonormal(model) > 0.1


@pytest.mark.parametrize("halves_known", [True, False])
def test_speech_is_learned_by_the_lips_where_the_prior_knows_the_halves(halves_known: bool) -> None:
    """Expression reproduces what moved the upper face, and not also what moved the lower."""
    count = 150
    model, _ = training(regression_iterations=count, lr=0.01, weight_decay=0.0, noise=0.0)
    person = model._person
    person.halves_known = halves_known
    for _ in range(count):
        model.step()
    sound = torch.stack([model._driving.audio(position) for position in range(FRAMES)])
    found = model.navigation.coefficients(sound, sound, model._driving.expressions)
    expression = model.navigation.displacements(found)[0].detach()
    upper = person.frame_displacements()[0].detach()
    missed = (expression - upper).square().mean() / upper.square().mean()
    assert (missed < 0.2) == halves_known


def test_without_a_prior_the_generator_starts_at_random() -> None:
    """The same for a seed, another for another; only the template is known."""
    config = build(DGTalkerConfig, {"prior": "none"})
    first, again, other = (load_prior(config, seed, CPU) for seed in (0, 0, 1))
    trained = load_prior(build(DGTalkerConfig, {}), 0, CPU)
    weights = [each.network.outside.first.weight.detach() for each in (first, again, other)]
    assert torch.equal(weights[0], weights[1])
    assert torch.corrcoef(torch.stack([weights[0], weights[2]]).flatten(1))[0, 1].abs() < 0.1
    codes = torch.randn(2, first.code_size)
    first.network.requires_grad_(False), trained.network.requires_grad_(False)
    spread = [
        (each.heads(codes).means[0] - each.heads(codes).means[1]).abs().mean()
        for each in (first, trained)
    ]
    # Codes mean nothing to it yet: heads hardly differ.
    assert spread[0] < 0.2 * spread[1]
