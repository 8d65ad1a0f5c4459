"""Speed of the compiled kernels beside the same in torch, on one thread."""

from __future__ import annotations

import pytest
import torch

from tgbench.methods.er_nerf.marching import March, blend, march
from tgbench.methods.shared.hashgrid import TriPlaneHashGrid
from tgbench.methods.shared.rasterizer import rasterize, rasterize_batch
from tgbench.methods.shared.spherical_harmonics import sh_to_rgb
from tgbench.methods.shared.ssim import l1_ssim_loss

from .scene import camera, head_like, rays_through_a_ball
from .yardsticks import l1_ssim_by_convolution, rasterize_pairs

SIZES = pytest.mark.parametrize(
    ("count", "size"), [(5_000, 256), (20_000, 512)], ids=["5k-256", "20k-512"]
)
MARCH = March()
GRIDS = pytest.mark.parametrize(("base", "finest"), [(16, 256), (64, 384)], ids=["face", "mouth"])


def draw(backend, tensors, view):
    if backend == "torch":
        return rasterize_pairs(*tensors, view)
    offset = torch.zeros(len(tensors[0]), 2, requires_grad=tensors[0].requires_grad)
    drawn = rasterize(*tensors, view, means2d_offset=offset)
    return drawn.colors, drawn.alpha


@SIZES
@pytest.mark.parametrize("backend", ["numba", "torch"])
def test_rasterizer_forward(benchmark, backend, count, size):
    benchmark.group = f"rasterizer, forward, {count} Gaussians, {size} x {size}"
    with torch.inference_mode():
        benchmark(draw, backend, head_like(count, size), camera(size))


@SIZES
@pytest.mark.parametrize("backend", ["numba", "torch"])
def test_rasterizer(benchmark, backend, count, size):
    benchmark.group = f"rasterizer, forward + backward, {count} Gaussians, {size} x {size}"
    leaves = [tensor.requires_grad_() for tensor in head_like(count, size)]
    view, gradients = camera(size), [torch.randn(size, size, 3), torch.randn(size, size)]
    benchmark(lambda: torch.autograd.backward(draw(backend, leaves, view), gradients))


@SIZES
def test_rasterizer_with_attention(benchmark, count, size):
    benchmark.group = f"rasterizer, forward + backward, {count} Gaussians, {size} x {size}"
    leaves = [tensor.requires_grad_() for tensor in head_like(count, size, channels=5)]
    view, gradients = camera(size), [torch.randn(size, size, 5), torch.randn(size, size)]
    benchmark(lambda: torch.autograd.backward(draw("numba", leaves, view), gradients))


@SIZES
def test_two_frames_on_two_threads(benchmark, machine, count, size):
    benchmark.group = f"rasterizer, two frames on two threads, {count} Gaussians, {size} x {size}"
    leaves = [tensor.requires_grad_() for tensor in head_like(count, size)]
    views, gradient = [camera(size)] * 2, torch.randn(2, size, size, 3)
    benchmark(lambda: rasterize_batch(*leaves, views).colors.backward(gradient))


@GRIDS
@pytest.mark.parametrize("backend", ["numba", "torch"])
def test_hash_grid(benchmark, backend, base, finest):
    """As training asks for it: the positions get no gradient."""
    benchmark.group = f"hash grid {base} to {finest}, forward + backward, 20000 points"
    grid = TriPlaneHashGrid(base, finest, backend=backend)
    positions = 0.2 * torch.rand(20_000, 3) - 0.1
    weights = torch.randn_like(grid(positions))
    benchmark(lambda: grid(positions).backward(weights))


@GRIDS
@pytest.mark.parametrize("backend", ["numba", "torch"])
def test_hash_grid_and_positions(benchmark, backend, base, finest):
    benchmark.group = f"hash grid {base} to {finest}, also to the positions, 20000 points"
    grid = TriPlaneHashGrid(base, finest, backend=backend)
    positions = (0.2 * torch.rand(20_000, 3) - 0.1).requires_grad_()
    weights = torch.randn_like(grid(positions))
    benchmark(lambda: grid(positions).backward(weights))


@pytest.mark.parametrize("size", [256, 512])
@pytest.mark.parametrize("backend", ["numba", "torch"])
def test_l1_ssim(benchmark, backend, size):
    benchmark.group = f"L1 + SSIM, forward + backward, {size} x {size}"
    prediction, target = torch.rand(size, size, 3, requires_grad=True), torch.rand(size, size, 3)
    loss = l1_ssim_loss if backend == "numba" else l1_ssim_by_convolution
    benchmark(lambda: loss(prediction, target).backward())


@pytest.mark.parametrize("backend", ["numba", "torch"])
def test_harmonics(benchmark, backend):
    benchmark.group = "spherical harmonics of degree 2, forward + backward, 20000 Gaussians"
    constant = torch.randn(20_000, 3, requires_grad=True)
    higher = torch.randn(20_000, 8, 3, requires_grad=True)
    directions, weights = torch.randn(20_000, 3), torch.randn(20_000, 3)
    benchmark(lambda: sh_to_rgb(constant, higher, directions, backend=backend).backward(weights))


@pytest.mark.parametrize("backend", ["numba", "torch"])
def test_marching(benchmark, backend):
    """Rays through a ball in the middle of ER-NeRF's box, with 3.4 samples each."""
    benchmark.group = "marching and blending, forward + backward, 32768 rays"
    rays, cells = rays_through_a_ball(32_768)
    noise = torch.rand(32_768)

    def step():
        samples = march(*rays, cells, MARCH, noise, backend=backend)
        densities = torch.full((len(samples.depths),), 2.0, requires_grad=True)
        values = torch.full((len(samples.depths), 4), 0.5, requires_grad=True)
        seen = blend(densities, values, samples, MARCH.step, backend=backend)
        (seen.values.sum() + seen.opacity.sum()).backward()

    benchmark(step)
