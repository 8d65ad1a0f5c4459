"""Stand-ins for what finds faces and for what scores them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from tgbench.metrics.sync.network import SyncNet
from tgbench.metrics.sync.scoring import TrackScore

LEFT = np.array([10.0, 15.0, 120.0, 145.0])
RIGHT = np.array([130.0, 20.0, 245.0, 150.0])


def picture(frame: int) -> np.ndarray:
    """A smooth picture that moves a little from frame to frame, uint8 RGB [160, 250, 3]."""
    y, x = np.mgrid[:160, :250]
    waves = [np.sin((x + frame) / (9.0 + k)) + np.cos((y - frame) / (7.0 + k)) for k in range(3)]
    return np.clip(90 + 30 * np.stack(waves, axis=-1), 0, 255).astype(np.uint8)


class Faces:
    """A detector that knows where the faces are, by the number of the frame."""

    def __init__(self, boxes: Callable[[int], list[np.ndarray]]) -> None:
        self._boxes = boxes
        self.seen = 0

    def detect(self, image: np.ndarray) -> np.ndarray:
        self.seen += 1
        return np.array(self._boxes(self.seen - 1), np.float64).reshape(-1, 4)

    def describe(self) -> str:
        return "known faces"


def score(confidence: float = 1.0, distance: float = 10.0, windows: int = 5) -> TrackScore:
    return TrackScore(
        confidence, distance, 0, windows, np.full(windows, distance, np.float32), np.zeros(31)
    )


class Recorder:
    """Keeps the crops of a track."""

    def __init__(self, first: int) -> None:
        self.first = first
        self.crops: list[np.ndarray] = []

    def update(self, crop: np.ndarray) -> None:
        self.crops.append(crop)

    def compute(self) -> TrackScore:
        return score(windows=len(self.crops))


class _Towers(nn.Module):
    """As many numbers as SyncNet's two towers give, by far less work."""

    def __init__(self) -> None:
        super().__init__()
        self.lip, self.aud = nn.Linear(15 * 16, 1024), nn.Linear(13 * 20, 1024)

    def forward_lip(self, windows: Tensor) -> Tensor:
        return self.lip(windows[..., 100:164:16, 100:164:16].flatten(1) / 64)

    def forward_aud(self, windows: Tensor) -> Tensor:
        return self.aud(windows.flatten(1) / 4)


def small_network() -> SyncNet:
    torch.manual_seed(5)
    return SyncNet(_Towers())
