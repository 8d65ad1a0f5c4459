"""The network of the procedural prior: a code to Gaussians on the UV grid of the head template."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from .interface import Heads
from .population import EXPRESSION, LOWER_FACE
from .template import HEIGHT, MOUTH_SIDE, WIDTH, Positions, head_template, mouth_template

CODE = 128
_CHANNELS = (128, 112, 88, 64)
_MOUTH_CHANNELS = (64, 48)
_OUTPUTS = 14
"""Offset 3, scale 3, rotation 4, colour 3, opacity 1."""

_OFFSET_RANGE = 0.05
"""Metres for an output of 1."""

_SPREAD = 0.55
"""Standard deviation of a Gaussian at the start, in distances of two texels."""

_OPAQUE, _MOUTH_OPAQUE = 2.0, 0.0
"""Logits of opacity at the start."""


class Generator(nn.Module):
    """Heads of 6,400 Gaussians: 64 x 96 of the outside, and 16 x 16 behind the lips."""

    def __init__(self) -> None:
        super().__init__()
        self.outside = _Sheet((HEIGHT >> 4, WIDTH >> 4), _CHANNELS, head_template(), _OPAQUE)
        self.mouth = _Sheet(
            (MOUTH_SIDE >> 2, MOUTH_SIDE >> 2), _MOUTH_CHANNELS, mouth_template(), _MOUTH_OPAQUE
        )
        self.expression = nn.Parameter(0.02 * torch.randn(len(EXPRESSION), CODE))
        self.mean = nn.Parameter(torch.zeros(CODE))

    def forward(self, codes: Tensor) -> Heads:
        """Return the heads of codes [B, CODE]."""
        parts = [self.outside(codes), self.mouth(codes)]
        means, scales, quats, colors, opacities = (
            torch.cat(each, dim=1) for each in zip(*parts, strict=True)
        )
        return Heads(means, quats, scales, opacities.squeeze(-1), colors)


class _Sheet(nn.Module):
    """Convolutions that grow a code into the outputs of a UV grid."""

    template: Tensor
    spacing: Tensor

    def __init__(
        self, start: tuple[int, int], channels: tuple[int, ...], template: Positions, opaque: float
    ) -> None:
        super().__init__()
        self._start, self._opaque = start, opaque
        self.first = nn.Linear(CODE, channels[0] * start[0] * start[1])
        self.blocks = nn.ModuleList(_Block(before, after) for before, after in pairwise(channels))
        # Four texels from one place of half the resolution cost a quarter of a convolution at it.
        self.last = nn.Conv2d(channels[-1], 4 * _OUTPUTS, 3, padding=1)
        for parameter in self.last.parameters():
            nn.init.normal_(parameter, std=1e-2)
        self.register_buffer("template", torch.from_numpy(template.reshape(-1, 3)), False)
        self.register_buffer("spacing", torch.from_numpy(_spacing(template)), False)

    def forward(self, codes: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Return means, scales, quaternions, colours and opacities, [B, N, ...] each."""
        grown = functional.leaky_relu(self.first(codes), 0.1).view(len(codes), -1, *self._start)
        for block in self.blocks:
            grown = block(grown, codes)
        raw = functional.pixel_shuffle(self.last(grown), 2).flatten(2).transpose(1, 2)
        offset, scale, turn, colour, opacity = raw.split((3, 3, 4, 3, 1), dim=-1)
        still = raw.new_tensor((1.0, 0.0, 0.0, 0.0))
        return (
            self.template + _OFFSET_RANGE * offset,
            _SPREAD * self.spacing * torch.exp(scale.clamp(-4.0, 2.0)),
            still + turn,
            torch.sigmoid(colour),
            torch.sigmoid(opacity + self._opaque),
        )


class _Block(nn.Module):
    """Twice the resolution; the code weighs the channels, so that it counts at every one."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(before, after, 3, padding=1)
        self.gains = nn.Linear(CODE, after)
        for parameter in self.gains.parameters():
            nn.init.normal_(parameter, std=1e-2)

    def forward(self, grown: Tensor, codes: Tensor) -> Tensor:
        doubled = functional.interpolate(grown, scale_factor=2, mode="nearest")
        gains = 1.0 + self.gains(codes)[..., None, None]
        return functional.leaky_relu(gains * self.convolution(doubled), 0.1)


def upper_face_first() -> list[int]:
    """Return the numbers of `EXPRESSION`, those of the lower face last."""
    return sorted(range(len(EXPRESSION)), key=lambda number: EXPRESSION[number] in LOWER_FACE)


def _spacing(template: Positions) -> Positions:
    """Return how far each texel is from its neighbours, [N, 1], metres."""
    down = np.linalg.norm(np.gradient(template, axis=0), axis=-1)
    along = np.linalg.norm(np.gradient(template, axis=1), axis=-1)
    # Rows run together at the crown.
    return np.maximum(np.sqrt(down * along), 5e-4).reshape(-1, 1).astype(np.float32)
