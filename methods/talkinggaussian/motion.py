"""Motion fields on hash grids: how audio and expression move each Gaussian (equations 4, 7, 8)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn

from ..shared.audio_network import AudioNetwork
from ..shared.hashgrid import TriPlaneHashGrid
from .config import BranchName, TalkingGaussianConfig
from .decoding import Attention, Layer, decode, strength

EXPRESSION_UNITS = ("AU01", "AU02", "AU04", "AU05", "AU06", "AU07", "AU45")
"""The upper-face action units of the paper (supplement B.1); blinking comes last."""

_LEFT_OUT = {"seven": (), "six": ("AU02",)}
_AT_ONCE = 4096
"""Gaussians that are decoded together where no gradients are wanted."""

_BLINK_MAXIMUM = 2.0
_WIDTHS = {
    "means": 3, "scales": 3, "quats": 4, "opacities": 1, "colors": 3, "unused_opacities": 1
}  # fmt: skip
"""What a motion field can change of a Gaussian, and numbers that it takes."""


def expression_units(config: TalkingGaussianConfig) -> tuple[str, ...]:
    """Return the action units that drive the face, blinking last."""
    left_out = _LEFT_OUT[config.expression_units]
    return tuple(unit for unit in EXPRESSION_UNITS if unit not in left_out)


def changed_parts(branch: BranchName, config: TalkingGaussianConfig) -> tuple[str, ...]:
    """Return what the motion field of a branch changes (equations 5 and 8; tables 4 and 5)."""
    if config.motion == "appearance":
        return "opacities", "colors"
    parts = ["means", "scales", "quats"] if branch == "face" else ["means"]
    extra = {
        "opacities": config.predict_opacity,
        "colors": config.predict_color,
        "unused_opacities": config.unused_opacity and branch == "face",
    }
    return tuple(parts + [part for part, predicted in extra.items() if predicted])


@dataclass(frozen=True)
class Deformation:
    """What is added to canonical parameters (equation 5); None where one is kept.

    Attributes:
        means: [N, 3] metres.
        scales: [N, 3] before the activation.
        quats: [N, 4] before normalisation.
        opacities: [N, 1] before the activation.
        colors: [N, 3], on the colour without view dependence, whose harmonics it replaces.
        unused_opacities: [N, 1], decoded and charged, but added to nothing.
        attention_strength: lengths of the region attention V_a and V_e that it came from, [N, 2].
    """

    means: Tensor | None = None
    scales: Tensor | None = None
    quats: Tensor | None = None
    opacities: Tensor | None = None
    colors: Tensor | None = None
    unused_opacities: Tensor | None = None
    attention_strength: Tensor | None = None

    def magnitude(self) -> Tensor:
        """Sum of the mean absolute values of all parts, the deformation regulariser."""
        parts = (getattr(self, name) for name in _WIDTHS)
        return torch.stack([part.abs().mean() for part in parts if part is not None]).sum()


@dataclass(frozen=True)
class Places:
    """What depends on where the Gaussians are but not on the frame.

    By feature, not by Gaussian: so the hash grid writes them and a decoder multiplies fastest.

    Attributes:
        hidden: what the decoder's first layer makes of H(mu) alone, [hidden, N].
        attention: V_a and V_e, [audio.dim + units, N], or None.
        attention_strength: their lengths, [N, 2], or None.
    """

    hidden: Tensor
    attention: Tensor | None = None
    attention_strength: Tensor | None = None


@dataclass(frozen=True)
class Drivers:
    """What depends on the frame but not on where a Gaussian is.

    Attributes:
        audio: a, [audio.dim].
        expression: e, [units], or None.

    Those of a sequence have a first dimension for its frames.
    """

    audio: Tensor
    expression: Tensor | None = None

    def at(self, frame: int) -> Drivers:
        """Return those of one frame of a sequence."""
        expression = None if self.expression is None else self.expression[frame]
        return Drivers(self.audio[frame], expression)


class MotionField(nn.Module):
    """What moves the Gaussians of a branch: tri-plane hash grid, audio encoder, decoder."""

    decoder: nn.Sequential

    def __init__(
        self,
        channels: int,
        config: TalkingGaussianConfig,
        resolutions: tuple[int, float],
        parts: Sequence[str],
    ) -> None:
        """Take the channels of the audio, the grid's ends, and what the field changes."""
        super().__init__()
        self.parts = tuple(parts)
        self._outputs = [_WIDTHS[part] for part in self.parts]
        self._position_scale = config.motion_field.position_scale
        self._zero_outside = config.grid.layout == "torch_ngp"
        self.audio = AudioNetwork(channels, config.audio.dim, config.motion_field.start == "scaled")
        self.grid = TriPlaneHashGrid(
            levels=config.grid.levels,
            features=1,
            base_resolution=resolutions[0],
            finest_resolution=resolutions[1],
            log2_hashmap_size=config.grid.log2_size,
            bound=config.grid.bound,
            library=config.grid.layout,
        )

    def encode(self, means: Tensor) -> Tensor:
        """Return H(mu) of positions [N, 3]; outside the grid as `grid.layout` says."""
        if self._zero_outside:
            return self.grid(means)
        return self.grid(means.clamp(-self.grid.bound, self.grid.bound))

    def places(self, means: Tensor) -> Places:
        """Encode canonical positions [N, 3]."""
        raise NotImplementedError

    def drivers(self, windows: Tensor, units: Tensor) -> Drivers:
        """Encode a frame's audio [8, channels, steps] and action units [units]."""
        return Drivers(self.audio(windows), self._expression(units))

    def sequence(self, features: Tensor, windows: Tensor, units: Tensor) -> Drivers:
        """Encode frames with windows [T, 8] of audio [M, steps, channels], and units [T, units]."""
        return Drivers(self.audio.sequence(features, windows), self._expression(units))

    def deform(self, places: Places, drivers: Drivers) -> Deformation:
        """Decode the deformation of every Gaussian."""
        raise NotImplementedError

    def forward(self, means: Tensor, windows: Tensor, units: Tensor) -> Deformation:
        """Return the deformation of Gaussians at `means` [N, 3] in a frame.

        It is that of `deform`, but for rounding, faster where gradients are wanted.
        """
        raise NotImplementedError

    def _expression(self, units: Tensor) -> Tensor | None:
        """Encode action units [..., units], where they play a part."""
        return None

    def _first(self, features: Tensor) -> Tensor:
        """Return the decoder's first layer of H(mu) [features, N], its other inputs left out."""
        first = self._layer(0)
        return _affine(first.bias, first.weight[:, : len(features)], features)

    def _layer(self, index: int) -> nn.Linear:
        """Return one of the decoder's three layers."""
        return cast(nn.Linear, self.decoder[2 * index])

    def _decoded(self, count: int, hidden: Callable[[slice], Tensor]) -> dict[str, Tensor]:
        """Finish what the decoder's first layer began, [hidden, n] of some Gaussians; name parts.

        Through all layers in blocks, which stay in the cache.
        """
        blocks = max(round(count / _AT_ONCE), 1)
        ends = [count * number // blocks for number in range(blocks + 1)]
        made = [
            _dense(self._layer(2), _dense(self._layer(1), hidden(place).relu_()).relu_())
            for place in map(slice, ends, ends[1:])
        ]
        return self._named(torch.cat(made, dim=1))

    def _named(self, output: Tensor) -> dict[str, Tensor]:
        """Return the parts of what the decoder makes, [outputs, N], by their names."""
        decoded = dict(zip(self.parts, output.t().split(self._outputs, dim=1), strict=True))
        if "means" in decoded:
            decoded["means"] = decoded["means"] * self._position_scale
        return decoded


class FaceMotion(MotionField):
    """Equation 7: region attention scales audio and expression at every Gaussian."""

    def __init__(self, channels: int, config: TalkingGaussianConfig) -> None:
        resolutions = config.face.grid_coarsest, config.face.grid_finest
        super().__init__(channels, config, resolutions, changed_parts("face", config))
        units, features = len(expression_units(config)), self.grid.output_dim
        biases, end = config.motion_field.biases, config.motion_field.expression_attention
        self.expression = _layers((units - 1, 16, units - 1), biases)
        self.audio_attention = _layers((features, 32, config.audio.dim), biases)
        # Softplus instead of ReLU: with biases all places start with the same attention, and an
        # action unit that ReLU cuts off at one place stays cut off everywhere.
        self.expression_attention = _layers((features, 16, units), biases).append(
            nn.Softplus() if end == "softplus" else nn.ReLU()
        )
        inputs = features + config.audio.dim + units
        self.decoder = _decoder(inputs, config.face.hidden, sum(self._outputs), config)

    def places(self, means: Tensor) -> Places:
        """Encode canonical positions [N, 3]."""
        features = self.encode(means).t()
        on_audio = _through(self.audio_attention, features)
        on_expression = _through(self.expression_attention, features)
        strengths = torch.stack([strength(on_audio), strength(on_expression)], dim=1)
        return Places(self._first(features), torch.cat([on_audio, on_expression]), strengths)

    def deform(self, places: Places, drivers: Drivers) -> Deformation:
        """Decode the deformation of every Gaussian."""
        attention = places.attention
        assert attention is not None
        assert drivers.expression is not None
        # The weights are scaled, which are far fewer than the attention of all Gaussians.
        driven = self._layer(0).weight[:, self.grid.output_dim :] * torch.cat(
            [drivers.audio, drivers.expression]
        )

        def hidden(place: slice) -> Tensor:
            return torch.addmm(places.hidden[:, place], driven, attention[:, place])

        return Deformation(
            **self._decoded(places.hidden.shape[1], hidden),
            attention_strength=places.attention_strength,
        )

    def forward(self, means: Tensor, windows: Tensor, units: Tensor) -> Deformation:
        """Return the deformation of Gaussians at `means` [N, 3] in a frame."""
        drivers = self.drivers(windows, units)
        assert drivers.expression is not None
        first = self._layer(0)
        ones = first.weight.new_ones(self.grid.output_dim)
        driven = first.weight * torch.cat([ones, drivers.audio, drivers.expression])
        smooth = isinstance(self.expression_attention[-1], nn.Softplus)
        attention = Attention(_both(self.audio_attention), _both(self.expression_attention), smooth)
        layers = (driven, first.bias), _layer(self.decoder[2]), _layer(self.decoder[4])
        output, strengths = decode(self.encode(means).t(), layers, attention)
        assert strengths is not None
        return Deformation(**self._named(output), attention_strength=strengths.t())

    def _expression(self, units: Tensor) -> Tensor:
        """Encode action units [..., units]; blinking, the last, is handed on as it is."""
        blink = units[..., -1:].clamp(0.0, _BLINK_MAXIMUM)
        return torch.cat([self.expression(units[..., :-1]), blink], dim=-1)


class MouthMotion(MotionField):
    """Equation 8: the inside of the mouth is moved, by audio alone."""

    follows: Tensor

    def __init__(self, channels: int, config: TalkingGaussianConfig) -> None:
        resolutions = config.mouth.grid_coarsest, config.mouth.grid_finest
        super().__init__(channels, config, resolutions, changed_parts("mouth", config))
        inputs = self.grid.output_dim + config.audio.dim
        self.decoder = _decoder(inputs, config.mouth.hidden, sum(self._outputs), config)
        follows = torch.tensor([config.mouth.sideways, 1.0, config.mouth.sideways])
        self.register_buffer("follows", follows, persistent=False)

    def places(self, means: Tensor) -> Places:
        """Encode canonical positions [N, 3]."""
        return Places(self._first(self.encode(means).t()))

    def deform(self, places: Places, drivers: Drivers) -> Deformation:
        """Decode the translation of every Gaussian."""
        by_audio = self._layer(0).weight[:, self.grid.output_dim :]
        same = (by_audio @ drivers.audio)[:, None]
        count = places.hidden.shape[1]
        return self._followed(self._decoded(count, lambda place: places.hidden[:, place] + same))

    def forward(self, means: Tensor, windows: Tensor, units: Tensor) -> Deformation:
        """Return the translation of Gaussians at `means` [N, 3] in a frame."""
        first = self._layer(0)
        by_place, by_audio = first.weight.tensor_split([self.grid.output_dim], dim=1)
        same = by_audio @ self.drivers(windows, units).audio
        same = same if first.bias is None else first.bias + same
        layers = (by_place, same), _layer(self.decoder[2]), _layer(self.decoder[4])
        output, _ = decode(self.encode(means).t(), layers)
        return self._followed(self._named(output))

    def _followed(self, decoded: dict[str, Tensor]) -> Deformation:
        """Let the inside of the mouth follow in some directions more than in others."""
        if "means" in decoded:
            decoded["means"] = decoded["means"] * self.follows
        return Deformation(**decoded)


def _layer(layer: nn.Module) -> Layer:
    assert isinstance(layer, nn.Linear)
    return layer.weight, layer.bias


def _both(attention: nn.Sequential) -> tuple[Layer, Layer]:
    return _layer(attention[0]), _layer(attention[2])


def _dense(layer: nn.Linear, inputs: Tensor) -> Tensor:
    """Apply a layer to [inputs, N]."""
    return _affine(layer.bias, layer.weight, inputs)


def _affine(bias: Tensor | None, weight: Tensor, inputs: Tensor) -> Tensor:
    return weight @ inputs if bias is None else torch.addmm(bias[:, None], weight, inputs)


def _through(layers: nn.Sequential, inputs: Tensor) -> Tensor:
    """Apply layers to [inputs, N], of which all but the dense ones work element by element."""
    for layer in layers:
        inputs = _dense(layer, inputs) if isinstance(layer, nn.Linear) else layer(inputs)
    return inputs


def _layers(widths: Sequence[int], biases: bool) -> nn.Sequential:
    """Return dense layers with rectifiers between them."""
    made: list[nn.Module] = []
    for narrow, wide in pairwise(widths):
        made += [nn.Linear(narrow, wide, bias=biases), nn.ReLU()]
    return nn.Sequential(*made[:-1])


def _decoder(
    inputs: int, hidden: int, outputs: int, config: TalkingGaussianConfig
) -> nn.Sequential:
    """Three layers; the last may start at zero, so that motion learning starts from rest."""
    layers = _layers((inputs, hidden, hidden, outputs), config.motion_field.biases)
    if config.motion_field.start == "scaled":
        for parameter in layers[-1].parameters():
            nn.init.zeros_(parameter)
    return layers
