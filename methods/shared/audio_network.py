"""From audio windows to one feature a frame: a small CNN, then attention over eight windows."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from .convolution import convolve

WINDOWS = 8
"""Windows around a frame; the frame's own is number `CENTRE`."""

CENTRE = 4
_SLOPE = 0.02
_AT_ONCE = 64
"""Windows of a long sound that are encoded together."""


class WindowNet(nn.Module):
    """Encode each window by itself, as AD-NeRF and its successors do (supplement B.1)."""

    def __init__(self, channels: int, dim: int, scaled: bool = True) -> None:
        super().__init__()
        self.convolutions = _convolutions((channels, 32, 32, 64, 64), stride=2)
        self.head = nn.Sequential(nn.Linear(64, 64), nn.LeakyReLU(_SLOPE), nn.Linear(64, dim))
        if scaled:
            self._scale()

    def _scale(self) -> None:
        # Torch's own start shrinks the signal to a thousandth of its mean on the way through six
        # layers, and the difference between two sounds would be lost.
        for module in self.modules():
            if isinstance(module, nn.Conv1d | nn.Linear):
                nn.init.kaiming_normal_(module.weight, a=_SLOPE, nonlinearity="leaky_relu")
                module.bias.data.zero_()  # type: ignore[union-attr]

    def forward(self, windows: Tensor) -> Tensor:
        """Map [8, channels, steps] to [8, dim]."""
        return self.head(convolve(self.convolutions, windows).mean(dim=-1))


class AudioAttention(nn.Module):
    """Weigh the windows around a frame, which smooths the feature over time."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.convolutions = _convolutions((dim, 16, 8, 4, 2, 1), stride=1)
        self.weights = nn.Sequential(nn.Linear(WINDOWS, WINDOWS), nn.Softmax(dim=-1))

    def forward(self, features: Tensor) -> Tensor:
        """Map [..., 8, dim] to [..., dim], a convex combination of the rows."""
        batch = features.reshape(-1, *features.shape[-2:])
        scores = convolve(self.convolutions, batch.transpose(1, 2))
        return (self.weights(scores) @ batch).view(*features.shape[:-2], -1)


class AudioNetwork(nn.Module):
    """The audio feature a of a frame.

    Attributes:
        dim: its length.
    """

    def __init__(self, channels: int, dim: int, scaled: bool = True) -> None:
        """Make an untrained network.

        Args:
            channels: of a step of the audio.
            dim: of the feature.
            scaled: start with weights that keep sounds distinct, instead of torch's own.
        """
        super().__init__()
        self.dim = dim
        self.net = WindowNet(channels, dim, scaled)
        self.attention = AudioAttention(dim)
        self.register_buffer("mean", torch.zeros(channels, 1))
        self.register_buffer("deviation", torch.ones(channels, 1))

    def normalise_by(self, features: Tensor) -> None:
        """Take mean and deviation of each channel from training features [M, steps, channels]."""
        flat = features.reshape(-1, features.shape[-1])
        self.mean = flat.mean(dim=0)[:, None]
        self.deviation = flat.std(dim=0).clamp_min(1e-3)[:, None]

    def forward(self, windows: Tensor) -> Tensor:
        """Map [8, channels, steps] to [dim]."""
        return self.attention(self._encode(windows))

    def sequence(self, features: Tensor, windows: Tensor) -> Tensor:
        """Map frames, given the rows of their windows int64 [T, 8], to [T, dim].

        Each window of the features [M, steps, channels] is encoded once, though eight frames look
        at it.
        """
        needed, places = windows.unique(return_inverse=True)
        chosen = features[needed].transpose(1, 2)
        encoded = torch.cat([self._encode(part) for part in chosen.split(_AT_ONCE)])
        return self.attention(encoded[places])

    def _encode(self, windows: Tensor) -> Tensor:
        return self.net((windows - self.mean) / self.deviation)


def _convolutions(widths: tuple[int, ...], stride: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for narrow, wide in pairwise(widths):
        layers += [nn.Conv1d(narrow, wide, 3, stride, padding=1), nn.LeakyReLU(_SLOPE)]
    return nn.Sequential(*layers)


def window_rows(centres: NDArray[np.int64], count: int, outside: int | None = None) -> Tensor:
    """Return the rows of the eight windows about each centre [T] among `count`, int64 [T, 8].

    Beyond the ends it is the row `outside`, by default that of the nearest window.
    """
    rows = np.asarray(centres, np.int64)[:, None] + np.arange(WINDOWS) - CENTRE
    nearest = np.clip(rows, 0, max(count - 1, 0))
    if outside is not None:
        nearest = np.where(rows == nearest, rows, outside)
    return torch.from_numpy(nearest)
