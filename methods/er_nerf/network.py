"""The radiance field of the head (paper, section 3; figure 2)."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ..shared.audio_network import AudioNetwork
from ..shared.hashgrid import TriPlaneHashGrid
from ..shared.spherical_harmonics import harmonics_basis
from .config import ErNerfConfig, HeadConfig

CODES = 10_000
"""Training frames that may have a code of their own."""

EXPRESSION_UNITS = {
    "blink": ("AU45",),
    "six": ("AU01", "AU04", "AU05", "AU06", "AU07", "AU45"),
    "seven": ("AU01", "AU02", "AU04", "AU05", "AU06", "AU07", "AU45"),
}
"""What drives the upper face; the last closes the eyes and does not pass the network."""

CLOSED = 2.0
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


class Attended(NamedTuple):
    """What drives M points, each by its own attention (paper, section 3.3).

    Attributes:
        inputs: [M, audio_dim + units], sound and expression by the attention to each.
        to_audio: [M, audio_dim].
        to_expression: [M, units], from 0 to 1.
    """

    inputs: Tensor
    to_audio: Tensor
    to_expression: Tensor


class RegionAttention(nn.Module):
    """How much sound and expression count at a place."""

    def __init__(self, encoded: int, audio_dim: int, units: int) -> None:
        super().__init__()
        self.audio = mlp(encoded, 64, audio_dim)
        self.expression = mlp(encoded, 16, units)

    def forward(self, encoded: Tensor, given: Conditions) -> Attended:
        """Attend to what drives a frame at encoded positions [M, encoded]."""
        to_audio = self.audio(encoded)
        to_expression = torch.sigmoid(self.expression(encoded))
        inputs = torch.cat([given.audio * to_audio, given.expression * to_expression], dim=1)
        return Attended(inputs, to_audio, to_expression)


class Deformation(nn.Module):
    """Where a point of a frame lies in a head at rest (TalkingGaussian, section 4.4, table 4).

    It is the motion field of TalkingGaussian for the points of rays: hash grid, region attention,
    and a decoder of three layers, which starts at rest.
    """

    def __init__(self, config: ErNerfConfig) -> None:
        super().__init__()
        head, motion = config.head, config.deformation
        self.grid = _grid(head.levels, motion.coarsest, motion.finest, motion.log2_size)
        units = len(expression_units(head))
        self.attention = RegionAttention(self.grid.output_dim, head.audio_dim, units)
        inputs = self.grid.output_dim + head.audio_dim + units
        self.decoder = mlp(inputs, head.hidden, head.hidden, 3)
        for weights in self.decoder[-1].parameters():
            nn.init.zeros_(weights)
        self._scale = motion.offset * head.scale

    def forward(self, positions: Tensor, given: Conditions) -> tuple[Tensor, Attended]:
        """Return the points [M, 3] of the head at rest, and the attention that led to them."""
        encoded = self.grid(positions)
        driven = self.attention(encoded, given)
        offsets = self.decoder(torch.cat([encoded, driven.inputs], dim=1))
        return positions + self._scale * offsets, driven


class HeadField(nn.Module):
    """Density and colour of the head where sound and expression put it.

    They change what is at a point (appearance), or which point of a head at rest is there
    (deformation).
    """

    def __init__(self, channels: int, config: ErNerfConfig) -> None:
        """Make an untrained field for audio features with this many channels."""
        super().__init__()
        head, hidden = config.head, config.head.hidden
        self.grid = _grid(head.levels, head.coarsest, head.finest, head.log2_size)
        units, encoded = len(expression_units(head)), self.grid.output_dim
        self.audio = AudioNetwork(channels, head.audio_dim, scaled=config.audio_input != "raw")
        moves = config.motion == "deformation"
        self.deformation = Deformation(config) if moves else None
        self.attention = None if moves else RegionAttention(encoded, head.audio_dim, units)
        self.expression = mlp(units - 1, 16, units - 1) if units > 1 else None
        driven = 0 if moves else head.audio_dim + units
        self.density = mlp(encoded + driven, hidden, hidden, 1 + hidden)
        self.colour = mlp((_SH_DEGREE + 1) ** 2 + hidden + head.code_dim, hidden, 3)
        self.uncertainty = mlp(encoded, 32, 1)
        self.codes = nn.Parameter(_CODE_START * torch.randn(CODES, head.code_dim))

    def conditions(self, windows: Tensor, units: Tensor, frame: int = 0) -> Conditions:
        """Return what drives a frame.

        Args:
            windows: eight windows of audio features, [8, channels, steps].
            units: action units on their scale from 0 to 5, [units].
            frame: number of the training frame; those that are rendered have the first's code.
        """
        closed = units[-1:].clamp(0.0, CLOSED)
        if self.expression is None:
            return Conditions(self.audio(windows), closed / CLOSED, self.codes[frame])
        units = torch.cat([self.expression(units[:-1]), closed])
        return Conditions(self.audio(windows), units, self.codes[frame])

    def forward(self, positions: Tensor, directions: Tensor, given: Conditions) -> Point:
        """Return the field at points [M, 3] of the box, seen along directions [M, 3]."""
        encoded, logits, driven = self._decoded(positions, given)
        uncertainty = nn.functional.softplus(self.uncertainty(encoded.detach()))[:, 0]
        return Point(
            truncated_exp(logits[:, 0]),
            self.colours(logits[:, 1:], directions, given),
            driven.to_audio.norm(dim=1),
            driven.to_expression.norm(dim=1),
            uncertainty,
        )

    def shapes(self, positions: Tensor, given: Conditions) -> tuple[Tensor, Tensor]:
        """Return the density [M] at points [M, 3], and what `colours` needs of them."""
        logits = self._decoded(positions, given)[1]
        return truncated_exp(logits[:, 0]), logits[:, 1:]

    def colours(self, shape: Tensor, directions: Tensor, given: Conditions) -> Tensor:
        """Return the colours [M, 3] of points, seen along directions [M, 3]."""
        code = given.code.expand(len(shape), -1)
        seen = torch.cat([harmonics_basis(directions, _SH_DEGREE), shape, code], dim=1)
        return torch.sigmoid(self.colour(seen)) * (1 + 2 * _RGB_MARGIN) - _RGB_MARGIN

    def _decoded(self, positions: Tensor, given: Conditions) -> tuple[Tensor, Tensor, Attended]:
        """Return encoded positions, what the density network makes of them, and the attention."""
        if self.deformation is not None:
            rest, driven = self.deformation(positions, given)
            encoded = self.grid(rest)
            return encoded, self.density(encoded), driven
        assert self.attention is not None
        encoded = self.grid(positions)
        driven = self.attention(encoded, given)
        return encoded, self.density(torch.cat([encoded, driven.inputs], dim=1)), driven


def _grid(levels: int, coarsest: int, finest: int, log2_size: int) -> TriPlaneHashGrid:
    return TriPlaneHashGrid(
        coarsest, finest, levels=levels, log2_hashmap_size=log2_size, bound=1.0, library="torch_ngp"
    )


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
