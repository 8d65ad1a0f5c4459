"""Fine-tuning of the lips, with a network of random weights in the place of LPIPS; rates."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tgbench.configs import build
from tgbench.identities import Identity
from tgbench.interfaces import FitContext
from tgbench.methods.er_nerf import fitting
from tgbench.methods.er_nerf.config import ErNerfExpressionConfig
from tgbench.methods.er_nerf.training import HeadTraining
from tgbench.progress import SILENT

TINY = {
    "head.hidden": 8,
    "head.levels": 2,
    "head.coarsest": 8,
    "head.finest": 16,
    "head.cells": 16,
    "schedule.iterations": 1,
    "schedule.rays": 2100,
}


class RandomNetwork:
    """A distance of what a convolution of random weights makes of images; remembers them."""

    def __init__(self) -> None:
        generator = torch.Generator().manual_seed(0)
        self._weights = torch.randn(8, 3, 5, 5, generator=generator)
        self.seen: list[tuple[torch.Tensor, torch.Tensor]] = []

    def __call__(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        self.seen.append((prediction.detach(), target.detach()))
        made = [
            torch.nn.functional.conv2d(images.permute(0, 3, 1, 2), self._weights)
            for images in (prediction, target)
        ]
        return (made[0] - made[1]).square().mean()


def training(identity: Identity, workdir: Path, **settings: float) -> HeadTraining:
    config = build(ErNerfExpressionConfig, TINY | settings)
    context = FitContext(workdir, 0, "cpu", SILENT)
    return fitting.Fit(config, identity, identity.split(), context)._training


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> RandomNetwork:
    made = RandomNetwork()
    monkeypatch.setattr(fitting, "perceptual_distance", lambda device: (made, ""))
    return made


@pytest.mark.parametrize(("done", "weight"), [(2, 0.01), (3, 0.1)], ids=["lips", "squares"])
def test_the_loss_is_the_squared_error_and_lpips_by_its_weight(
    sphere: Identity, tmp_path: Path, network: RandomNetwork, done: int, weight: float
) -> None:
    trained = training(sphere, tmp_path)
    trained.iteration = done
    loss = float(trained.step())
    ((prediction, target),) = network.seen
    expected = (prediction - target).square().mean() + weight * network(prediction, target)
    assert loss == pytest.approx(float(expected), rel=1e-5)


def test_lips_and_random_squares_take_turns(
    sphere: Identity, tmp_path: Path, network: RandomNetwork
) -> None:
    """The square of the lips is the frame's own; of 2,100 rays come two squares of 32 pixels."""
    trained = training(sphere, tmp_path)
    trained._frames.numbers = range(3, 4)
    trained._order = torch.zeros(6, dtype=torch.int64)
    frame = trained._frames[0]
    image = frame.image / 255.0
    trained.iteration = 2
    for _ in range(4):
        trained.step()
    lips, squares, again, others = (target for _, target in network.seen)
    assert torch.equal(lips[0], image[frame.lips.rows_columns])
    assert torch.equal(again, lips)
    assert squares.shape == others.shape == (2, 32, 32, 3)
    assert not torch.equal(squares, others)
    windows = image.unfold(0, 32, 1).unfold(1, 32, 1).permute(0, 1, 3, 4, 2)
    assert all((windows == square).flatten(2).all(-1).any() for square in [*squares, *others])


def test_lpips_teaches_the_field(sphere: Identity, tmp_path: Path, network: RandomNetwork) -> None:
    """The slope of the loss agrees with a difference quotient; LPIPS makes nearly all of it."""
    trained = training(sphere, tmp_path, **{"loss.lpips": 100.0})
    trained.iteration = 2
    state, frame = trained._generator.get_state(), trained._frames[3]
    weights = list(trained.head.colour.parameters())[-1]

    def loss() -> torch.Tensor:
        trained._generator.set_state(state)
        return trained._lips_loss(frame, trained._given(3))

    (slopes,) = torch.autograd.grad(loss(), weights)
    sides = []
    for change in (1e-2, -2e-2):
        with torch.no_grad():
            weights[0] += change
            sides.append(float(loss()))
    quotient = (sides[0] - sides[1]) / 2e-2
    assert float(slopes[0].sum()) == pytest.approx(quotient, rel=0.02)
    assert abs(quotient) > 1.0


def test_parts_learn_at_rates_of_their_own(sphere: Identity, tmp_path: Path) -> None:
    """A rate of nought leaves a part as it was; the others move."""
    still = {"optimiser.window_lr": 0.0, "optimiser.expression_lr": 0.0}
    trained = training(sphere, tmp_path, **still, **{"schedule.iterations": 9.0})
    before = {name: part.detach().clone() for name, part in trained.head.named_parameters()}
    for _ in range(2):
        trained.step()
    stayed = {name for name, part in trained.head.named_parameters() if part.equal(before[name])}
    held = {
        name for name in before if name.startswith(("audio.net", "expression", "attention.exp"))
    }
    assert held
    assert held <= stayed
    assert {"grid.table", "density.0.weight", "attention.audio.0.weight"}.isdisjoint(stayed)
