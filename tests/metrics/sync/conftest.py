"""A small crop with sound, and a network of SyncNet's format that tells its frames apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tgbench.metrics.sync.mfcc import mfcc
from tgbench.metrics.sync.network import SyncNet, load_network

from .reference import original

FRAMES = 31


def draw_crop(frames: int) -> NDArray[np.uint8]:
    """RGB [N, 224, 224, 3] in whole numbers: a moving mouth, shades, and a grain that moves."""
    y, x = np.mgrid[:224, :224]
    grain = (x * 7919 + y * 104_729 + x * y * 31) % 61
    clip = np.empty((frames, 224, 224, 3), np.uint8)
    for index in range(frames):
        opening = 6 + (index * 11) % 37
        mouth = (x - 112 - index % 5) ** 2 * opening**2 + (y - 150) ** 2 * 2500 < 2500 * opening**2
        shade = 60 + (x + 2 * y + 9 * index) // 6 + np.roll(grain, 3 * index, 1)
        clip[index] = np.stack([shade, shade * 3 // 4, shade // 2 + x // 4], -1)
        clip[index][mouth] = (90, 20, 30)
    return clip


def draw_sound(frames: int) -> NDArray[np.int16]:
    """Noise that swells, as long as the frames: int16 at 16 kHz."""
    rng = np.random.default_rng(3)
    level = 400 + 3000 * (1 + np.sin(np.arange(frames * 640) / 1700.0))
    return (rng.normal(0, 1, frames * 640) * level).clip(-32768, 32767).astype(np.int16)


@pytest.fixture(scope="session")
def crop() -> NDArray[np.uint8]:
    return draw_crop(FRAMES)


@pytest.fixture(scope="session")
def sound() -> NDArray[np.int16]:
    return draw_sound(FRAMES)


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file like the published one, with random weights and the statistics of a crop."""
    towers = original("SyncNetModel").S
    with torch.random.fork_rng():
        torch.manual_seed(5)
        network = towers()
        for layer in network.modules():
            if isinstance(layer, torch.nn.modules.batchnorm._BatchNorm):
                layer.momentum = None
                # Trained factors are of both signs and many sizes.
                layer.weight.data.normal_(1.0, 0.7)
                layer.bias.data.normal_(0.0, 0.3)
    clip = torch.from_numpy(draw_crop(13)).flip(-1).permute(3, 0, 1, 2).float()
    steps = torch.from_numpy(mfcc(draw_sound(FRAMES))).T
    with torch.no_grad():
        network.train()
        network.forward_lip(torch.stack([clip[:, k : k + 5] for k in range(9)]))
        network.forward_aud(torch.stack([steps[None, :, k : k + 20] for k in range(100)]))
    path = tmp_path_factory.mktemp("weights") / "syncnet_v2.model"
    torch.save(network.eval().state_dict(), path)
    return path


@pytest.fixture(scope="session")
def network(weights: Path) -> SyncNet:
    return load_network(weights)
