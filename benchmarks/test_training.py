"""Speed of whole training iterations."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture

from tgbench.methods.talkinggaussian.config import BranchName, TalkingGaussianConfig
from tgbench.methods.talkinggaussian.spec import SPEC

from .scene import branch, conditions, trainer

BRANCHES = pytest.mark.parametrize("name", ["face", "mouth"])
SIZES = pytest.mark.parametrize(
    ("count", "size"), [(5_000, 256), (20_000, 512)], ids=["5k-256", "20k-512"]
)


@BRANCHES
@pytest.mark.parametrize("count", [5_000, 20_000])
def test_motion_field(benchmark: BenchmarkFixture, name: BranchName, count: int) -> None:
    benchmark.group = f"motion field, forward + backward, {count} Gaussians"
    config = TalkingGaussianConfig()
    made, driven = branch(name, count, 256, config), conditions(config)
    windows, units = driven.audio(0), driven.expression(0)
    parts = [p for p in vars(made.deform(windows, units)).values() if p is not None]
    weights = [torch.randn_like(part) for part in parts]

    def step() -> None:
        deformation = made.deform(windows, units)
        parts = [part for part in vars(deformation).values() if part is not None]
        torch.autograd.backward(parts, weights)

    benchmark(step)


@SIZES
@BRANCHES
def test_iteration(
    benchmark: BenchmarkFixture, machine: str, name: BranchName, count: int, size: int
) -> None:
    """One branch alone, with the paper's settings; the other core is free for it to use."""
    benchmark.group = f"training iteration, {count} Gaussians, {size} x {size}"
    benchmark(trainer(name, count, size).step)


def test_iteration_of_both_branches(benchmark: BenchmarkFixture, machine: str) -> None:
    """Both branches of the quick preset, a thread each."""
    benchmark.group = "training iteration of face and mouth at once, quick preset, 256 x 256"
    quick = {**SPEC.presets["quick"], "densify.start": 10**9}
    face, mouth = trainer("face", 5_000, 256, quick), trainer("mouth", 1_000, 256, quick)
    with ThreadPoolExecutor(2, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        benchmark(lambda: [future.result() for future in map(pool.submit, (face.step, mouth.step))])
