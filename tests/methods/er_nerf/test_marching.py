"""Marching and blending, by every backend, against closed forms and a float64 sum over samples."""

from __future__ import annotations

import math
from typing import NamedTuple

import pytest
import torch

from tgbench.methods.er_nerf.marching import Blended, March, Samples, blend, march


class Place(NamedTuple):
    """A backend and where it works."""

    backend: str
    device: str = "cpu"


CPU, TORCH = Place("numba"), Place("torch")
CUDA = pytest.param(
    Place("torch", "cuda"),
    marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
    id="torch-cuda",
)
PLACES = pytest.mark.parametrize(
    "place", [pytest.param(CPU, id="numba"), pytest.param(TORCH, id="torch"), CUDA]
)
FINE = March((-1.0, -1.0, -1.0), (1.0, 1.0, 1.0), step=0.002, samples=2000)


def full(cells: int = 8) -> torch.Tensor:
    return torch.ones(cells, cells, cells, dtype=torch.bool)


def rays(*starts: tuple[float, float]) -> tuple[torch.Tensor, torch.Tensor]:
    """Rays that look along -z from a distance of 3."""
    origins = torch.tensor([[x, y, 3.0] for x, y in starts])
    return origins, torch.tensor([0.0, 0.0, -1.0]).expand(len(starts), 3).contiguous()


def marched(
    place: Place,
    along: tuple[torch.Tensor, torch.Tensor],
    occupied: torch.Tensor,
    rule: March,
    noise: torch.Tensor | None = None,
) -> Samples:
    """Samples, on the CPU."""
    there = [part if part is None else part.to(place.device) for part in (*along, occupied, noise)]
    origins, directions, cells, later = there
    found = march(origins, directions, cells, rule, later, backend=place.backend)  # type: ignore[arg-type]
    return Samples(*(part.cpu() for part in found))


def blended(
    place: Place, densities: torch.Tensor, values: torch.Tensor, samples: Samples, step: float
) -> Blended:
    there = Samples(*(part.to(place.device) for part in samples))
    seen = blend(
        densities.to(place.device),
        values.to(place.device),
        there,
        step,
        backend=place.backend,  # type: ignore[arg-type]
    )
    return Blended(*(part.cpu() for part in seen))


def opacity(samples: Samples, densities: torch.Tensor, step: float, place: Place) -> torch.Tensor:
    return blended(place, densities, densities.new_zeros(len(densities), 1), samples, step).opacity


@PLACES
def test_a_slab_of_constant_density_absorbs_by_its_thickness(place: Place) -> None:
    samples = marched(place, rays((0.1, 0.2), (0.3, -0.4)), full(), FINE)
    inside = samples.positions[:, 2].abs() < 0.25
    seen = opacity(samples, torch.where(inside, 1.7, 0.0), FINE.step, place)
    assert seen.tolist() == pytest.approx([1 - math.exp(-1.7 * 0.5)] * 2, abs=3e-3)


@PLACES
def test_a_ball_absorbs_by_the_chord(place: Place) -> None:
    places = [(0.0, 0.0), (0.3, 0.0), (0.0, 0.4), (0.6, 0.0)]
    samples = marched(place, rays(*places), full(), FINE)
    inside = samples.positions.norm(dim=1) < 0.5
    seen = opacity(samples, torch.where(inside, 2.0, 0.0), FINE.step, place)
    chords = [2 * math.sqrt(max(0.25 - x * x - y * y, 0.0)) for x, y in places]
    assert seen.tolist() == pytest.approx([1 - math.exp(-2 * c) for c in chords], abs=5e-3)


@PLACES
def test_rays_are_sampled_in_occupied_cells_and_no_others(place: Place) -> None:
    """One cell of 4 x 4 x 4 is occupied: x in [0, .5), y in [-.5, 0), z in [.5, 1)."""
    occupied = torch.zeros(4, 4, 4, dtype=torch.bool)
    occupied[2, 1, 3] = True
    rule = March((-1.0, -1.0, -1.0), (1.0, 1.0, 1.0), step=0.11, samples=16)
    samples = marched(place, rays((0.2, -0.2), (0.2, 0.2), (5.0, 0.0)), occupied, rule)
    assert samples.offsets.tolist() == [0, 5, 5, 5]
    # The ray enters the box at z = 1; its points lie a step apart from there.
    assert samples.depths.tolist() == pytest.approx([2.0, 2.11, 2.22, 2.33, 2.44], abs=1e-5)


@PLACES
def test_a_ray_has_no_more_samples_than_the_rule_says(place: Place) -> None:
    rule = March((-1.0, -1.0, -1.0), (1.0, 1.0, 1.0), step=0.1, samples=7)
    noise = torch.tensor([0.5])
    samples = marched(place, rays((0.0, 0.0)), full(), rule, noise)
    assert samples.depths.tolist() == pytest.approx([2.05 + 0.1 * i for i in range(7)], abs=1e-5)


@PLACES
def test_blending_and_its_gradients_are_those_of_the_sum_in_float64(place: Place) -> None:
    generator = torch.Generator().manual_seed(0)
    counts = torch.tensor([5, 0, 9, 1])
    offsets = torch.cat([counts.new_zeros(1), counts.cumsum(0)])
    total, step = int(offsets[-1]), 0.3
    numbers = torch.arange(4).repeat_interleave(counts)
    samples = Samples(torch.zeros(total, 3), numbers, torch.zeros(total), offsets)
    densities = 2 * torch.rand(total, generator=generator)
    values = torch.rand(total, 2, generator=generator)
    upstream = torch.randn(4, 3, generator=generator)

    def loss_of(colour: torch.Tensor, covered: torch.Tensor) -> torch.Tensor:
        return (colour * upstream[:, :2]).sum() + (covered * upstream[:, 2]).sum()

    mine = [densities.clone().requires_grad_(), values.clone().requires_grad_()]
    seen = blended(place, mine[0], mine[1], samples, step)
    loss_of(seen.values, seen.opacity).backward()

    theirs = [densities.double().requires_grad_(), values.double().requires_grad_()]
    colours, covered = [], []
    for ray in range(4):
        through = torch.ones((), dtype=torch.float64)
        colour, opaque = torch.zeros(2, dtype=torch.float64), torch.zeros((), dtype=torch.float64)
        for sample in range(int(offsets[ray]), int(offsets[ray + 1])):
            left = torch.exp(-theirs[0][sample] * step)
            colour = colour + through * (1 - left) * theirs[1][sample]
            opaque = opaque + through * (1 - left)
            through = through * left
        colours.append(colour)
        covered.append(opaque)
    loss_of(torch.stack(colours), torch.stack(covered)).backward()

    torch.testing.assert_close(seen.values.double(), torch.stack(colours), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(seen.opacity.double(), torch.stack(covered), rtol=1e-5, atol=1e-6)
    for one, other in zip(mine, theirs, strict=True):
        torch.testing.assert_close(one.grad.double(), other.grad, rtol=1e-4, atol=1e-6)


@PLACES
def test_what_other_rays_hold_costs_no_digits(place: Place) -> None:
    """In float32 a sum over all samples before a ray would be 80,000 here: steps of 0.008."""
    counts = torch.full((4000,), 4)
    offsets = torch.cat([counts.new_zeros(1), counts.cumsum(0)])
    numbers = torch.arange(4000).repeat_interleave(counts)
    samples = Samples(torch.zeros(16_000, 3), numbers, torch.zeros(16_000), offsets)
    densities = torch.tensor([0.1, 0.2, 100.0, 0.5]).repeat(4000)
    weights = blended(place, densities, torch.zeros(16_000, 1), samples, 0.2).weights.view(4000, 4)
    exact = [1 - math.exp(-0.02), math.exp(-0.02) - math.exp(-0.06), math.exp(-0.06), 0.0]
    torch.testing.assert_close(weights, torch.tensor(exact).expand(4000, 4), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("place", [pytest.param(TORCH, id="torch"), CUDA])
def test_backends_agree_on_slanted_rays_through_scattered_cells(place: Place) -> None:
    generator = torch.Generator().manual_seed(4)
    origins = torch.randn(300, 3, generator=generator) + torch.tensor([0.0, 0.0, 3.0])
    aims = torch.rand(300, 3, generator=generator) - 0.5
    directions = torch.nn.functional.normalize(aims - origins, dim=1)
    occupied = torch.rand(16, 16, 16, generator=generator) < 0.4
    noise = torch.rand(300, generator=generator)
    mine, theirs = (
        marched(where, (origins, directions), occupied, March(), noise) for where in (CPU, place)
    )
    assert len(mine.depths) > 1000
    # A point on the border of two cells may fall on either side of it.
    alike = mine.offsets.diff() == theirs.offsets.diff()
    assert alike.float().mean() > 0.99
    depths = [part.depths[alike[part.rays]] for part in (mine, theirs)]
    torch.testing.assert_close(*depths, rtol=0, atol=1e-3)
