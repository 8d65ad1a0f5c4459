"""Speed of the compiled kernels beside the same in torch, on one thread."""

from __future__ import annotations

from typing import Literal

import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture
from torch import Tensor

from tgbench.methods.er_nerf.marching import March, blend, march
from tgbench.methods.shared.hashgrid import TriPlaneHashGrid
from tgbench.methods.shared.rasterizer import Camera, rasterize, rasterize_batch
from tgbench.methods.shared.spherical_harmonics import sh_to_rgb
from tgbench.methods.shared.ssim import l1_ssim_loss

from .scene import camera, head_like, rays_through_a_ball
from .yardsticks import l1_ssim_by_convolution, rasterize_pairs

SIZES = pytest.mark.parametrize(
    ("count", "size"), [(5_000, 256), (20_000, 512)], ids=["5k-256", "20k-512"]
)
MARCH = March()
GRIDS = pytest.mark.parametrize(("base", "finest"), [(16, 256), (64, 384)], ids=["face", "mouth"])

Backend = Literal["numba", "torch"]


def draw(backend: Backend, tensors: list[Tensor], view: Camera) -> tuple[Tensor, Tensor]:
    means, quats, scales, opacities, colors = tensors
    if backend == "torch":
        return rasterize_pairs(means, quats, scales, opacities, colors, view)
    offset = torch.zeros(len(means), 2, requires_grad=means.requires_grad)
    drawn = rasterize(means, quats, scales, opacities, colors, view, means2d_offset=offset)
    return drawn.colors, drawn.alpha


@SIZES
@pytest.mark.parametrize("backend", ["numba", "torch"])
def test_rasterizer_forward(
    benchmark: BenchmarkFixture, backend: Backend, count: int, size: int
) -> None:
    benchmark.group = f"rasterizer, forward, {count} Gaussians, {size} x {size}"
    with torch.inference_mode():
        benchmark(draw, backend, head_like(count, size), camera(size))


@SIZES
@pytest.mark.parametrize("backend", ["numba", "torch"])
def test_rasterizer(benchmark: BenchmarkFixture, backend: Backend, count: int, size: int) -> None:
    benchmark.group = f"rasterizer, forward + backward, {count} Gaussians, {size} x {size}"
    leaves = [tensor.requires_grad_() for tensor in head_like(count, size)]
    view, gradients = camera(size), [torch.randn(size, size, 3), torch.randn(size, size)]
    benchmark(lambda: torch.autograd.backward(draw(backend, leaves, view), gradients))


@SIZES
def test_rasterizer_with_attention(benchmark: BenchmarkFixture, count: int, size: int) -> None:
    benchmark.group = f"rasterizer, forward + backward, {count} Gaussians, {size} x {size}"
    leaves = [tensor.requires_grad_() for tensor in head_like(count, size, channels=5)]
    view, gradients = camera(size), [torch.randn(size, size, 5), torch.randn(size, size)]
    benchmark(lambda: torch.autograd.backward(draw("numba", leaves, view), gradients))


@SIZES
def test_two_frames_on_two_threads(
    benchmark: BenchmarkFixture, machine: str, count: int, size: int
) -> None:
    benchmark.group = f"rasterizer, two frames on two threads, {count} Gaussians, {size} x {size}"
    leaves = [tensor.requires_grad_() for tensor in head_like(count, size)]
    views, gradient = [camera(size)] * 2, torch.randn(2, size, size, 3)
    benchmark(lambda: rasterize_batch(*leaves, views).colors.backward(gradient))


@GRIDS
@pytest.mark.parametrize("backend", ["numba", "torch"])
def test_hash_grid(benchmark: BenchmarkFixture, backend: Backend, base: int, finest: int) -> None:
    """As training asks for it: the positions get no gradient."""
    benchmark.group = f"hash grid {base} to {finest}, forward + backward, 20000 points"
    grid = TriPlaneHashGrid(base, finest, backend=backend)
    positions = 0.2 * torch.rand(20_000, 3) - 0.1
    weights = torch.randn_like(grid(positions))
    benchmark(lambda: grid(positions).backward(weights))


@GRIDS
@pytest.mark.parametrize("backend", ["numba", "torch"])
def test_hash_grid_and_positions(
    benchmark: BenchmarkFixture, backend: Backend, base: int, finest: int
) -> None:
    benchmark.group = f"hash grid {base} to {finest}, also to the positions, 20000 points"
    grid = TriPlaneHashGrid(base, finest, backend=backend)
    positions = (0.2 * torch.rand(20_000, 3) - 0.1).requires_grad_()
    weights = torch.randn_like(grid(positions))
    benchmark(lambda: grid(positions).backward(weights))


@pytest.mark.parametrize("size", [256, 512])
@pytest.mark.parametrize("backend", ["numba", "torch"])
def test_l1_ssim(benchmark: BenchmarkFixture, backend: Backend, size: int) -> None:
    benchmark.group = f"L1 + SSIM, forward + backward, {size} x {size}"
    prediction, target = torch.rand(size, size, 3, requires_grad=True), torch.rand(size, size, 3)
    loss = l1_ssim_loss if backend == "numba" else l1_ssim_by_convolution
    benchmark(lambda: loss(prediction, target).backward())


@pytest.mark.parametrize("backend", ["numba", "torch"])
def test_harmonics(benchmark: BenchmarkFixture, backend: Backend) -> None:
    benchmark.group = "spherical harmonics of degree 2, forward + backward, 20000 Gaussians"
    constant = torch.randn(20_000, 3, requires_grad=True)
    higher = torch.randn(20_000, 8, 3, requires_grad=True)
    directions, weights = torch.randn(20_000, 3), torch.randn(20_000, 3)
    benchmark(lambda: sh_to_rgb(constant, higher, directions, backend=backend).backward(weights))


@pytest.mark.parametrize("backend", ["numba", "torch"])
def test_marching(benchmark: BenchmarkFixture, backend: Backend) -> None:
    """Rays through a ball in the middle of ER-NeRF's box, with 3.4 samples each."""
    benchmark.group = "marching and blending, forward + backward, 32768 rays"
    rays, cells = rays_through_a_ball(32_768)
    noise = torch.rand(32_768)

    def step() -> None:
        samples = march(*rays, cells, MARCH, noise, backend=backend)
        densities = torch.full((len(samples.depths),), 2.0, requires_grad=True)
        values = torch.full((len(samples.depths), 4), 0.5, requires_grad=True)
        seen = blend(densities, values, samples, MARCH.step, backend=backend)
        (seen.values.sum() + seen.opacity.sum()).backward()

    benchmark(step)
