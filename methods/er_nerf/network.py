"""The radiance field of the head (paper, section 3; figure 2)."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ..shared.audio_network import AudioNetwork
from ..shared.hashgrid import TriPlaneHashGrid
from ..shared.spherical_harmonics import harmonics_basis
from .config import HeadConfig

CODES = 10_000
"""Training frames that may have a code of their own."""

EXPRESSION_UNITS = {
    "blink": ("AU45",),
    "six": ("AU01", "AU04", "AU05", "AU06", "AU07", "AU45"),
    "seven": ("AU01", "AU02", "AU04", "AU05", "AU06", "AU07", "AU45"),
}
"""What drives the upper face; the last closes the eyes and does not pass the network."""

_CLOSED = 2.0
"""AU45 of closed eyes; more counts as this."""

_CODE_START = 0.1
_RGB_MARGIN = 0.001
_SH_DEGREE = 3


class Conditions(NamedTuple):
    """What drives one frame.

    Attributes:
        audio: [audio_dim].
        expression: [units].
        code: [code_dim], of the frame's own appearance.
    """

    audio: Tensor
    expression: Tensor
    code: Tensor


class Point(NamedTuple):
    """The field at M points.

    Attributes:
        density: [M].
        colour: [M, 3], RGB from 0 to 1.
        attention: [M], length of the attention to each channel of the sound.
        expression_attention: [M], length of that to the expression.
        uncertainty: [M], at least 0.
    """

    density: Tensor
    colour: Tensor
    attention: Tensor
    expression_attention: Tensor
    uncertainty: Tensor


class HeadField(nn.Module):
    """Density and colour of the head where sound and expression put it."""

    def __init__(self, channels: int, config: HeadConfig, raw_audio: bool) -> None:
        """Make an untrained field for audio features with this many channels."""
        super().__init__()
        self.grid = TriPlaneHashGrid(
            config.coarsest,
            config.finest,
            levels=config.levels,
            log2_hashmap_size=config.log2_size,
            bound=1.0,
            library="torch_ngp",
        )
        units = len(expression_units(config))
        encoded = self.grid.output_dim
        hidden = config.hidden
        self.audio = AudioNetwork(channels, config.audio_dim, scaled=not raw_audio)
        self.audio_attention = mlp(encoded, 64, config.audio_dim)
        self.expression_attention = mlp(encoded, 16, units)
        self.expression = mlp(units - 1, 16, units - 1) if units > 1 else None
        self.density = mlp(encoded + config.audio_dim + units, hidden, hidden, 1 + hidden)
        self.colour = mlp((_SH_DEGREE + 1) ** 2 + hidden + config.code_dim, hidden, 3)
        self.uncertainty = mlp(encoded, 32, 1)
        self.codes = nn.Parameter(_CODE_START * torch.randn(CODES, config.code_dim))

    def conditions(self, windows: Tensor, units: Tensor, frame: int = 0) -> Conditions:
        """Return what drives a frame.

        Args:
            windows: eight windows of audio features, [8, channels, steps].
            units: action units on their scale from 0 to 5, [units].
            frame: number of the training frame; those that are rendered have the first's code.
        """
        closed = units[-1:].clamp(0.0, _CLOSED)
        if self.expression is None:
            return Conditions(self.audio(windows), closed / _CLOSED, self.codes[frame])
        units = torch.cat([self.expression(units[:-1]), closed])
        return Conditions(self.audio(windows), units, self.codes[frame])

    def forward(self, positions: Tensor, directions: Tensor, given: Conditions) -> Point:
        """Return the field at points [M, 3] of the box, seen along directions [M, 3]."""
        encoded, density, shape, to_audio, to_expression = self._attended(positions, given)
        uncertainty = nn.functional.softplus(self.uncertainty(encoded.detach()))[:, 0]
        return Point(
            density,
            self.colours(shape, directions, given),
            to_audio.norm(dim=1),
            to_expression.norm(dim=1),
            uncertainty,
        )

    def shapes(self, positions: Tensor, given: Conditions) -> tuple[Tensor, Tensor]:
        """Return the density [M] at points [M, 3], and what `colours` needs of them."""
        _, density, shape, _, _ = self._attended(positions, given)
        return density, shape

    def colours(self, shape: Tensor, directions: Tensor, given: Conditions) -> Tensor:
        """Return the colours [M, 3] of points, seen along directions [M, 3]."""
        code = given.code.expand(len(shape), -1)
        seen = torch.cat([harmonics_basis(directions, _SH_DEGREE), shape, code], dim=1)
        return torch.sigmoid(self.colour(seen)) * (1 + 2 * _RGB_MARGIN) - _RGB_MARGIN

    def _attended(self, positions: Tensor, given: Conditions) -> tuple[Tensor, ...]:
        """Return encoded positions, density, shape, and attention to sound and expression."""
        encoded = self.grid(positions)
        to_audio = self.audio_attention(encoded)
        to_expression = torch.sigmoid(self.expression_attention(encoded))
        inputs = [encoded, given.audio * to_audio, given.expression * to_expression]
        logits = self.density(torch.cat(inputs, dim=1))
        return encoded, truncated_exp(logits[:, 0]), logits[:, 1:], to_audio, to_expression


def expression_units(config: HeadConfig) -> tuple[str, ...]:
    """Return the names of the action units that drive the upper face."""
    return EXPRESSION_UNITS[config.expression]


def mlp(*widths: int) -> nn.Sequential:
    """Return linear layers without biases and a ReLU between each two."""
    layers: list[nn.Module] = []
    for narrow, wide in pairwise(widths):
        layers += [nn.Linear(narrow, wide, bias=False), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


class _TruncatedExp(torch.autograd.Function):
    @staticmethod
    def forward(ctx: torch.autograd.function.FunctionCtx, logits: Tensor) -> Tensor:
        ctx.save_for_backward(logits)
        return torch.exp(logits)

    @staticmethod
    def backward(ctx: torch.autograd.function.FunctionCtx, gradient: Tensor) -> Tensor:
        (logits,) = ctx.saved_tensors  # type: ignore[attr-defined]
        return gradient * torch.exp(logits.clamp(-15.0, 15.0))


def truncated_exp(logits: Tensor) -> Tensor:
    """Return the exponential, with a gradient that stays finite."""
    return _TruncatedExp.apply(logits)
