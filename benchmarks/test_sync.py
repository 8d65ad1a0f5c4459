"""Scoring a crop: the original's loop beside ours, from the crop's pictures to the score.

With random weights; the time does not depend on them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import python_speech_features
import torch
from numpy.typing import NDArray
from pytest_benchmark.fixture import BenchmarkFixture
from torch import nn
from torch.nn.functional import pad, pairwise_distance

from tgbench.arrays import Image
from tgbench.errors import Unavailable
from tgbench.metrics.sync.jpeg import JpegRoundTrip
from tgbench.metrics.sync.network import SyncNet, network_class
from tgbench.metrics.sync.scoring import CropScorer

FRAMES = 45
THREADS = 2


@pytest.fixture(scope="module")
def crop() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (FRAMES, 224, 224, 3)).astype(np.uint8)


@pytest.fixture(scope="module")
def sound() -> NDArray[np.int16]:
    return np.random.default_rng(1).normal(0, 3000, FRAMES * 640).astype(np.int16)


@pytest.fixture(scope="module")
def towers() -> nn.Module:
    try:
        return network_class()().eval()
    except Unavailable as error:
        pytest.skip(str(error))


def by_the_original(images: Sequence[Image], sound: NDArray[np.int16], towers: Any) -> float:
    """Its `evaluate`: the whole clip as float64 and float32, every window copied out."""
    stacked = np.transpose(np.stack(images, axis=3)[None], (0, 3, 4, 1, 2))
    frames = torch.from_numpy(stacked.astype(float)).float()
    cepstra = np.stack(list(python_speech_features.mfcc(sound, 16_000).T))
    steps = torch.from_numpy(cepstra[None, None].astype(float)).float()
    last = min(len(images), len(sound) // 640) - 5
    seen, said = [], []
    for first in range(0, last, 20):
        batch = range(first, min(last, first + 20))
        seen.append(towers.forward_lip(torch.cat([frames[:, :, i : i + 5] for i in batch])).data)
        windows = torch.cat([steps[..., 4 * i : 4 * i + 20] for i in batch])
        said.append(towers.forward_aud(windows).data)
    lips, heard = torch.cat(seen), pad(torch.cat(said), (0, 0, 15, 15))
    distances = [
        pairwise_distance(lips[[i]].repeat(31, 1), heard[i : i + 31]) for i in range(len(lips))
    ]
    means = torch.mean(torch.stack(distances, 1), 1)
    return float(torch.median(means) - means.min())


def score(way: str, crop: NDArray[np.uint8], sound: NDArray[np.int16], towers: nn.Module) -> float:
    if way == "original":
        # It asks for gradients that it never uses.
        towers.requires_grad_(True)
        trip = JpegRoundTrip()
        return by_the_original([trip.image(image) for image in crop], sound, towers)
    scorer = CropScorer(sound, SyncNet(towers), way)
    for image in crop:
        scorer.update(image)
    return scorer.compute().confidence


@pytest.mark.parametrize("way", ["original", "exact", "fast"])
def test_score_crop(
    benchmark: BenchmarkFixture,
    way: str,
    crop: NDArray[np.uint8],
    sound: NDArray[np.int16],
    towers: nn.Module,
) -> None:
    benchmark.group = f"SyncNet, a crop of {FRAMES} frames, {THREADS} threads"
    benchmark.extra_info["frames"] = FRAMES
    torch.set_num_threads(THREADS)
    benchmark.pedantic(score, (way, crop, sound, towers), rounds=5, warmup_rounds=1)
