"""Speed of rendering, from audio windows to composited frames, torsos read from disk."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from tgbench.methods.talkinggaussian.config import TalkingGaussianConfig
from tgbench.methods.talkinggaussian.rendering import Renderer

from .scene import branch, drive

FRAMES = 48


@pytest.mark.parametrize(
    ("face", "mouth", "size"),
    [(5_000, 1_000, 256), (20_000, 5_000, 512)],
    ids=["5k+1k-256", "20k+5k-512"],
)
def test_rendering(
    benchmark: BenchmarkFixture, machine: str, tmp_path: Path, face: int, mouth: int, size: int
) -> None:
    benchmark.group = f"rendering of {FRAMES} frames, {face} + {mouth} Gaussians, {size} x {size}"
    config = TalkingGaussianConfig()
    branches = [branch("face", face, size, config), branch("mouth", mouth, size, config)]
    renderer = Renderer(branches, config)
    driven = drive(tmp_path / "backdrop", size, FRAMES)
    benchmark.extra_info["frames"] = FRAMES
    benchmark(lambda: sum(1 for _ in renderer.frames(driven)))
