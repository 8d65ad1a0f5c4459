"""Speed of the image metrics beside a script of the kind that the field uses, on two threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture

from tgbench.arrays import Image
from tgbench.interfaces import MetricContext
from tgbench.metrics.suite import MetricSuite
from tgbench.video.reader import VideoReader
from tgbench.video.writer import VideoWriter

from .literal_metrics import psnr_and_ssim, psnr_and_ssim_of

FRAMES, SIZE = 100, 512


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two videos of a moving pattern, one of them noisier."""
    folder = tmp_path_factory.mktemp("videos")
    rng = np.random.default_rng(0)
    picture = cv2.GaussianBlur(rng.integers(0, 256, (SIZE, SIZE, 3), np.uint8), (0, 0), 4)
    picture = cv2.normalize(picture, np.empty_like(picture), 0, 255, cv2.NORM_MINMAX)
    paths = folder / "prediction.mp4", folder / "target.mp4"
    for path, noise in zip(paths, (12, 4), strict=True):
        with VideoWriter(path, SIZE, SIZE, fps=25.0, audio=None, label=False, title="") as video:
            for index in range(FRAMES):
                frame = np.roll(picture, index, axis=1)
                noisy = cv2.add(frame, rng.integers(0, noise, frame.shape, np.uint8))
                video.write(np.asarray(noisy, np.uint8))
    return paths


def decoded(prediction: Path, target: Path) -> Iterator[tuple[Image, Image]]:
    """Yield the frames that metrics see."""
    return zip(VideoReader(prediction, fps=None), VideoReader(target, fps=None), strict=True)


def suite_over(prediction: Path, target: Path) -> tuple[float, float]:
    """Return PSNR and SSIM by the suite, in one pass."""
    suite = MetricSuite(["psnr", "ssim"], MetricContext(audio=None, fps=25.0))
    for index, pair in enumerate(decoded(prediction, target)):
        suite.update(index, *pair)
    results = suite.results()
    return float(results["psnr"].value or 0.0), float(results["ssim"].value or 0.0)


@pytest.mark.parametrize("by", [suite_over, psnr_and_ssim], ids=["suite", "literal script"])
def test_psnr_and_ssim(
    benchmark: BenchmarkFixture,
    videos: tuple[Path, Path],
    by: Callable[[Path, Path], tuple[float, float]],
) -> None:
    benchmark.group = f"PSNR + SSIM, decoding included, {FRAMES} frames, {SIZE} x {SIZE}"
    benchmark.extra_info["frames"] = FRAMES
    torch.set_num_threads(2)
    found = benchmark.pedantic(by, args=videos, rounds=3, iterations=1)
    if by is suite_over:
        assert found == pytest.approx(psnr_and_ssim_of(decoded(*videos)), abs=1e-3)
