"""Speed of the compiled kernels on one thread: ``pytest tests/benchmarks --benchmark-only``."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from tgbench.methods.talkinggaussian.harmonics import sh_to_rgb
from tgbench.methods.talkinggaussian.hashgrid import TriPlaneHashGrid
from tgbench.methods.talkinggaussian.rasterizer import Camera, rasterize, rasterize_batch
from tgbench.methods.talkinggaussian.ssim import l1_ssim_loss

SIZES = [(5_000, 256), (20_000, 512)]
CHANNELS = [3, 5]
DISC = 0.3


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def head_like(count: int, size: int, channels: int = 3) -> tuple[list[torch.Tensor], Camera]:
    """A ball of 0.1 m at 1 m that fills 60 % of the image with footprints of about 4.5 px."""
    g = torch.Generator().manual_seed(0)
    direction = torch.nn.functional.normalize(torch.randn(count, 3, generator=g), dim=1)
    means = 0.1 * direction * torch.rand(count, 1, generator=g) ** (1 / 3)
    focal = DISC * size / 0.1
    sigma = np.sqrt(1.5**2 - 0.3) / focal
    tensors = [
        means,
        torch.randn(count, 4, generator=g),
        0.8 * sigma * torch.exp(0.4 * torch.randn(count, 3, generator=g)),
        torch.sigmoid(1.5 * torch.randn(count, generator=g)),
        torch.rand(count, channels, generator=g),
    ]
    pose = np.eye(4)
    pose[2, 3] = 1.0
    return tensors, Camera.from_pose(pose, focal, size / 2, size / 2, size, size)


@pytest.mark.parametrize("channels", CHANNELS)
@pytest.mark.parametrize(("count", "size"), SIZES)
def test_rasterizer_forward(benchmark, count, size, channels):
    tensors, camera = head_like(count, size, channels)
    benchmark(rasterize, *tensors, camera)


@pytest.mark.parametrize("channels", CHANNELS)
@pytest.mark.parametrize(("count", "size"), SIZES)
def test_rasterizer_forward_and_backward(benchmark, count, size, channels):
    tensors, camera = head_like(count, size, channels)
    leaves = [tensor.requires_grad_() for tensor in tensors]
    offset = torch.zeros(count, 2, requires_grad=True)
    d_colors, d_alpha = torch.randn(size, size, channels), torch.randn(size, size)

    def step() -> None:
        drawn = rasterize(*leaves, camera, means2d_offset=offset)
        torch.autograd.backward([drawn.colors, drawn.alpha], [d_colors, d_alpha])

    benchmark(step)


@pytest.mark.parametrize(("count", "size"), SIZES)
def test_two_frames_on_two_threads(benchmark, count, size):
    tensors, camera = head_like(count, size)
    leaves = [tensor.requires_grad_() for tensor in tensors]
    d_colors = torch.randn(2, size, size, 3)

    def step() -> None:
        drawn = rasterize_batch(*leaves, [camera, camera])
        drawn.colors.backward(d_colors)

    benchmark(step)


@pytest.mark.parametrize("points", [5_000, 20_000])
@pytest.mark.parametrize(("base", "finest"), [(16, 256), (64, 384)], ids=["face", "mouth"])
def test_hash_grid(benchmark, base, finest, points):
    encoder = TriPlaneHashGrid(base, finest)
    positions = (0.2 * torch.rand(points, 3) - 0.1).requires_grad_()
    weights = torch.randn(points, encoder.output_dim)
    benchmark(lambda: encoder(positions).backward(weights))


@pytest.mark.parametrize("size", [128, 256, 512])
def test_l1_ssim(benchmark, size):
    prediction, target = torch.rand(size, size, 3, requires_grad=True), torch.rand(size, size, 3)
    benchmark(lambda: l1_ssim_loss(prediction, target).backward())


def test_harmonics(benchmark):
    coefficients = torch.randn(20_000, 9, 3, requires_grad=True)
    directions = torch.randn(20_000, 3, requires_grad=True)
    weights = torch.randn(20_000, 3)
    benchmark(lambda: sh_to_rgb(coefficients, directions).backward(weights))
