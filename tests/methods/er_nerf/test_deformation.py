"""The Tri-Hash backbone of TalkingGaussian's table 4 whose points are moved."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tgbench.configs import build
from tgbench.methods.er_nerf.config import ErNerfExpressionConfig
from tgbench.methods.er_nerf.network import Conditions, Deformation, HeadField

CONFIG = build(ErNerfExpressionConfig, {"motion": "deformation", "head.hidden": 16})
POSITIONS = torch.rand(9, 3, generator=torch.Generator().manual_seed(1)) - 0.5


def field() -> HeadField:
    torch.manual_seed(0)
    made = HeadField(5, CONFIG)
    for grid in (made.grid, made.deformation.grid):  # type: ignore[union-attr]
        torch.nn.init.normal_(grid.table)
    return made


def conditions(head: HeadField, seed: int) -> Conditions:
    generator = torch.Generator().manual_seed(seed)
    windows = torch.randn(8, 5, 16, generator=generator)
    return head.conditions(windows, 2 * torch.rand(7, generator=generator))


def moved_by(head: HeadField, way: tuple[float, float, float]) -> None:
    """Let the decoder answer with one way everywhere."""

    def decoded(inputs: torch.Tensor) -> torch.Tensor:
        return torch.tensor(way, dtype=torch.float32).expand(len(inputs), 3)

    head.deformation.decoder.forward = decoded  # type: ignore[union-attr, method-assign]


def test_it_begins_at_rest() -> None:
    head = field()
    first, second = (head.shapes(POSITIONS, conditions(head, seed)) for seed in (2, 3))
    assert torch.equal(first[0], second[0])
    assert torch.equal(first[1], second[1])


def test_a_point_shows_what_lies_at_its_place_of_rest() -> None:
    """The way is in units of the cameras: 0.01 of them for a 1, and 4 units of the field each."""
    head = field()
    given = conditions(head, 2)
    still = head.shapes(POSITIONS + torch.tensor([0.04, -0.08, 0.02]), given)
    moved_by(head, (1.0, -2.0, 0.5))
    assert torch.allclose(head.shapes(POSITIONS, given)[0], still[0], rtol=1e-4)
    assert torch.allclose(head.shapes(POSITIONS, given)[1], still[1], atol=1e-5)


def dense(layers: torch.nn.Sequential, values: NDArray[np.float64]) -> NDArray[np.float64]:
    weights = [p.detach().double().numpy() for p in layers.parameters()]
    for weight in weights[:-1]:
        values = np.maximum(values @ weight.T, 0)
    return values @ weights[-1].T


def test_the_way_is_decoded_from_place_sound_and_expression() -> None:
    """Against NumPy in float64: sigmoid on the attention to the expression, none on the other."""
    head = field()
    motion = head.deformation
    assert isinstance(motion, Deformation)
    torch.nn.init.normal_(next(motion.decoder[-1].parameters()))
    given = conditions(head, 2)
    encoded = motion.grid(POSITIONS).detach().double().numpy()
    audio, expression = (part.detach().double().numpy() for part in given[:2])
    to_audio = dense(motion.attention.audio, encoded)
    to_expression = 1 / (1 + np.exp(-dense(motion.attention.expression, encoded)))
    inputs = np.concatenate([encoded, audio * to_audio, expression * to_expression], axis=1)
    expected = POSITIONS.double().numpy() + 0.04 * dense(motion.decoder, inputs)
    rest, driven = motion(POSITIONS, given)
    assert rest.detach().numpy() == pytest.approx(expected, rel=1e-4, abs=1e-5)
    assert driven.to_expression.detach().numpy() == pytest.approx(to_expression, rel=1e-4)


def test_what_is_seen_teaches_the_motion() -> None:
    """The slope of the density along the way reaches the decoder: against a difference quotient."""
    head = field()
    given = conditions(head, 2)
    way = torch.full((len(POSITIONS), 3), 0.3, requires_grad=True)
    head.deformation.decoder.forward = lambda inputs: way  # type: ignore[union-attr, method-assign]
    head.shapes(POSITIONS, given)[0].log().sum().backward()
    assert way.grad is not None
    step = 1e-3
    for axis in range(3):
        sides = []
        for sign in (1, -1):
            moved_by(head, tuple(0.3 + sign * step * (np.arange(3) == axis)))
            sides.append(head.shapes(POSITIONS, given)[0].log().detach().double())
        quotient = (sides[0] - sides[1]) / (2 * step)
        # A point on the border of two cells has a slope on each side of it.
        assert (way.grad[:, axis] - quotient).abs().median() < 0.02 * quotient.abs().max()


def test_it_has_no_appearance_that_sound_changes() -> None:
    """Density takes the place alone: no attention of its own, 32 + 7 inputs fewer."""
    moving, still = field(), HeadField(5, build(ErNerfExpressionConfig, {"head.hidden": 16}))
    assert moving.attention is None
    widths = [next(head.density.parameters()).shape[1] for head in (moving, still)]
    assert widths == [36, 36 + 32 + 7]
