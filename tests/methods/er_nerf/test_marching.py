"""Marching and blending against closed forms and a float64 sum over samples."""

from __future__ import annotations

import math

import pytest
import torch

from tgbench.methods.er_nerf.marching import March, Samples, blend, march

BACKENDS = ("numba", "torch")
FINE = March((-1.0, -1.0, -1.0), (1.0, 1.0, 1.0), step=0.002, samples=2000)


def full(cells: int = 8) -> torch.Tensor:
    return torch.ones(cells, cells, cells, dtype=torch.bool)


def rays(*starts: tuple[float, float]) -> tuple[torch.Tensor, torch.Tensor]:
    """Rays that look along -z from a distance of 3."""
    origins = torch.tensor([[x, y, 3.0] for x, y in starts])
    return origins, torch.tensor([0.0, 0.0, -1.0]).expand(len(starts), 3).contiguous()


def opacity(samples: Samples, densities: torch.Tensor, step: float, backend: str) -> torch.Tensor:
    values = densities.new_zeros(len(densities), 1)
    return blend(densities, values, samples, step, backend=backend).opacity  # type: ignore[arg-type]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_slab_of_constant_density_absorbs_by_its_thickness(backend: str) -> None:
    origins, directions = rays((0.1, 0.2), (0.3, -0.4))
    samples = march(origins, directions, full(), FINE, backend=backend)  # type: ignore[arg-type]
    inside = samples.positions[:, 2].abs() < 0.25
    seen = opacity(samples, torch.where(inside, 1.7, 0.0), FINE.step, backend)
    assert seen.tolist() == pytest.approx([1 - math.exp(-1.7 * 0.5)] * 2, abs=3e-3)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_ball_absorbs_by_the_chord(backend: str) -> None:
    places = [(0.0, 0.0), (0.3, 0.0), (0.0, 0.4), (0.6, 0.0)]
    samples = march(*rays(*places), full(), FINE, backend=backend)  # type: ignore[arg-type]
    inside = samples.positions.norm(dim=1) < 0.5
    seen = opacity(samples, torch.where(inside, 2.0, 0.0), FINE.step, backend)
    chords = [2 * math.sqrt(max(0.25 - x * x - y * y, 0.0)) for x, y in places]
    assert seen.tolist() == pytest.approx([1 - math.exp(-2 * c) for c in chords], abs=5e-3)


@pytest.mark.parametrize("backend", BACKENDS)
def test_rays_are_sampled_in_occupied_cells_and_no_others(backend: str) -> None:
    """One cell of 4 x 4 x 4 is occupied: x in [0, .5), y in [-.5, 0), z in [.5, 1)."""
    occupied = torch.zeros(4, 4, 4, dtype=torch.bool)
    occupied[2, 1, 3] = True
    rule = March((-1.0, -1.0, -1.0), (1.0, 1.0, 1.0), step=0.11, samples=16)
    origins, directions = rays((0.2, -0.2), (0.2, 0.2), (5.0, 0.0))
    samples = march(origins, directions, occupied, rule, backend=backend)  # type: ignore[arg-type]
    assert samples.offsets.tolist() == [0, 5, 5, 5]
    # The ray enters the box at z = 1; its points lie a step apart from there.
    assert samples.depths.tolist() == pytest.approx([2.0, 2.11, 2.22, 2.33, 2.44], abs=1e-5)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_ray_has_no_more_samples_than_the_rule_says(backend: str) -> None:
    rule = March((-1.0, -1.0, -1.0), (1.0, 1.0, 1.0), step=0.1, samples=7)
    noise = torch.tensor([0.5])
    samples = march(*rays((0.0, 0.0)), full(), rule, noise, backend=backend)  # type: ignore[arg-type]
    assert samples.depths.tolist() == pytest.approx([2.05 + 0.1 * i for i in range(7)], abs=1e-5)


def test_blending_and_its_gradients_are_those_of_the_sum_in_float64() -> None:
    generator = torch.Generator().manual_seed(0)
    counts = torch.tensor([5, 0, 9, 1])
    offsets = torch.cat([counts.new_zeros(1), counts.cumsum(0)])
    total, step = int(offsets[-1]), 0.3
    numbers = torch.arange(4).repeat_interleave(counts)
    samples = Samples(torch.zeros(total, 3), numbers, torch.zeros(total), offsets)
    densities = 2 * torch.rand(total, generator=generator)
    values = torch.rand(total, 2, generator=generator)
    upstream = torch.randn(4, 3, generator=generator)

    def loss_of(blended: torch.Tensor, covered: torch.Tensor) -> torch.Tensor:
        return (blended * upstream[:, :2]).sum() + (covered * upstream[:, 2]).sum()

    mine = [densities.clone().requires_grad_(), values.clone().requires_grad_()]
    seen = blend(mine[0], mine[1], samples, step, backend="numba")
    loss_of(seen.values, seen.opacity).backward()

    theirs = [densities.double().requires_grad_(), values.double().requires_grad_()]
    blended, covered = [], []
    for ray in range(4):
        through = torch.ones((), dtype=torch.float64)
        colour, opaque = torch.zeros(2, dtype=torch.float64), torch.zeros((), dtype=torch.float64)
        for sample in range(int(offsets[ray]), int(offsets[ray + 1])):
            left = torch.exp(-theirs[0][sample] * step)
            colour = colour + through * (1 - left) * theirs[1][sample]
            opaque = opaque + through * (1 - left)
            through = through * left
        blended.append(colour)
        covered.append(opaque)
    loss_of(torch.stack(blended), torch.stack(covered)).backward()

    torch.testing.assert_close(seen.values.double(), torch.stack(blended), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(seen.opacity.double(), torch.stack(covered), rtol=1e-5, atol=1e-6)
    for one, other in zip(mine, theirs, strict=True):
        torch.testing.assert_close(one.grad.double(), other.grad, rtol=1e-4, atol=1e-6)
