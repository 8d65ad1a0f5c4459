"""What every other time is divided by: plain torch on one thread, in the same run."""

from __future__ import annotations

import torch
from pytest_benchmark.fixture import BenchmarkFixture

from .compare import YARDSTICK


def test_yardstick(benchmark: BenchmarkFixture) -> None:
    benchmark.group = YARDSTICK
    generator = torch.Generator().manual_seed(0)
    points = torch.randn(20_000, 64, generator=generator)
    weights = torch.randn(64, 64, generator=generator)
    rows = torch.randint(0, 20_000, (20_000,), generator=generator)
    image = torch.rand(1, 3, 256, 256, generator=generator)

    def work() -> None:
        # Products, gathered rows, and a convolution: what kernels and iterations consist of.
        torch.relu(points @ weights)[rows].exp().sum()
        torch.nn.functional.avg_pool2d(image, 11, 1, 5)

    benchmark(work)
