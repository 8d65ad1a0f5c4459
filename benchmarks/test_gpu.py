"""Speed of the CUDA backends; a timed call ends when the device has done what it was asked."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture
from torch import Tensor

from tgbench.methods.shared.rasterizer import rasterize_batch

from .scene import camera, head_like

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")

DEVICE = "cuda"
SIZES = pytest.mark.parametrize(
    ("count", "size"), [(5_000, 256), (20_000, 512)], ids=["5k-256", "20k-512"]
)
HEADS = pytest.mark.parametrize("heads", [1, 8], ids=["1-head", "8-heads"])


def measure(benchmark: BenchmarkFixture, work: Callable[[], object], frames: int) -> None:
    """Time work on the device, its kernels built and its memory allocated."""

    def finish() -> None:
        work()
        torch.cuda.synchronize()

    finish()
    benchmark.extra_info |= {"device": torch.cuda.get_device_name(), "frames": frames}
    benchmark(finish)


def moving_heads(count: int, size: int, heads: int) -> list[Tensor]:
    """Heads of one person: each tensor has one entry a frame, as rendering makes them."""
    g = torch.Generator().manual_seed(1)
    tensors = [torch.stack([tensor] * heads) for tensor in head_like(count, size)]
    tensors[0] += 1e-3 * torch.randn(tensors[0].shape, generator=g)
    return [tensor.to(DEVICE) for tensor in tensors]


@SIZES
@HEADS
def test_rasterizer_forward(benchmark: BenchmarkFixture, count: int, size: int, heads: int) -> None:
    benchmark.group = f"GPU: rasterizer, forward, {count} Gaussians, {size} x {size}"
    tensors, views = moving_heads(count, size, heads), [camera(size)] * heads
    with torch.inference_mode():
        measure(benchmark, lambda: rasterize_batch(*tensors, views), heads)


@SIZES
@HEADS
def test_rasterizer(benchmark: BenchmarkFixture, count: int, size: int, heads: int) -> None:
    benchmark.group = f"GPU: rasterizer, forward + backward, {count} Gaussians, {size} x {size}"
    leaves = [tensor.requires_grad_() for tensor in moving_heads(count, size, heads)]
    views = [camera(size)] * heads
    offset = torch.zeros(heads, count, 2, device=DEVICE, requires_grad=True)
    shape = (heads, size, size)
    weights = [torch.randn(*shape, 3, device=DEVICE), torch.randn(shape, device=DEVICE)]

    def step() -> None:
        drawn = rasterize_batch(*leaves, views, means2d_offset=offset)
        torch.autograd.backward((drawn.colors, drawn.alpha), weights)

    measure(benchmark, step, heads)
