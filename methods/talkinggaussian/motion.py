"""Grid-based motion fields: how each Gaussian moves under audio and expression."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .audio_encoder import AudioEncoder
from .config import BranchName, TalkingGaussianConfig
from .hashgrid import TriPlaneHashGrid

EXPRESSION_UNITS = ("AU01", "AU02", "AU04", "AU05", "AU06", "AU07", "AU45")
"""The upper-face action units of the paper (supplement B.1); blinking comes last."""

_LEFT_OUT = {"seven": (), "six": ("AU02",)}
_BLINK_MAXIMUM = 2.0
_WIDTHS = {"means": 3, "scales": 3, "quats": 4, "opacities": 1, "colors": 3}
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
    extra = {"opacities": config.predict_opacity, "colors": config.predict_color}
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
        audio_attention, expression_attention: the region attention V_a [N, audio_dim] and
            V_e [N, units] that it came from.
    """

    means: Tensor | None = None
    scales: Tensor | None = None
    quats: Tensor | None = None
    opacities: Tensor | None = None
    colors: Tensor | None = None
    audio_attention: Tensor | None = None
    expression_attention: Tensor | None = None

    @property
    def attention_strength(self) -> Tensor | None:
        """Length of the attention vectors of audio and expression, [N, 2]."""
        if self.audio_attention is None or self.expression_attention is None:
            return None
        both = (self.audio_attention, self.expression_attention)
        return torch.stack([attention.norm(dim=1) for attention in both], dim=1)

    def magnitude(self) -> Tensor:
        """Sum of the mean absolute values of all parts, the deformation regulariser."""
        parts = (getattr(self, name) for name in _WIDTHS)
        return torch.stack([part.abs().mean() for part in parts if part is not None]).sum()


@dataclass(frozen=True)
class Places:
    """What depends on where the Gaussians are but not on the frame.

    Attributes:
        features: H(mu), [N, 3 * levels].
        audio_attention: V_a, [N, audio_dim], or None.
        expression_attention: V_e, [N, units], or None.
    """

    features: Tensor
    audio_attention: Tensor | None = None
    expression_attention: Tensor | None = None


@dataclass(frozen=True)
class Drivers:
    """What depends on the frame but not on where a Gaussian is.

    Attributes:
        audio: a, [audio_dim].
        expression: e, [units], or None.
    """

    audio: Tensor
    expression: Tensor | None = None


class MotionField(nn.Module):
    """What moves the Gaussians of a branch: tri-plane hash grid, audio encoder, decoder."""

    def __init__(
        self,
        channels: int,
        config: TalkingGaussianConfig,
        resolutions: tuple[int, int],
        parts: Sequence[str],
    ) -> None:
        """Take the channels of the audio, the grid's ends, and what the field changes."""
        super().__init__()
        self.parts = tuple(parts)
        self._outputs = [_WIDTHS[part] for part in self.parts]
        self._position_scale = config.position_scale
        self.audio = AudioEncoder(channels, config.audio_dim)
        self.grid = TriPlaneHashGrid(
            levels=config.grid_levels,
            features=1,
            base_resolution=resolutions[0],
            finest_resolution=resolutions[1],
            log2_hashmap_size=config.grid_log2_size,
            bound=config.grid_bound,
        )

    def encode(self, means: Tensor) -> Tensor:
        """Return H(mu) of positions [N, 3]; outside the grid that of its nearest face."""
        return self.grid(means.clamp(-self.grid.bound, self.grid.bound))

    def places(self, means: Tensor) -> Places:
        """Encode canonical positions [N, 3]."""
        raise NotImplementedError

    def drivers(self, windows: Tensor, units: Tensor) -> Drivers:
        """Encode a frame's audio [8, channels, steps] and action units [units]."""
        raise NotImplementedError

    def deform(self, places: Places, drivers: Drivers) -> Deformation:
        """Decode the deformation of every Gaussian."""
        raise NotImplementedError

    def forward(self, means: Tensor, windows: Tensor, units: Tensor) -> Deformation:
        """Return the deformation of Gaussians at `means` [N, 3] in a frame."""
        return self.deform(self.places(means), self.drivers(windows, units))

    def _decoded(self, output: Tensor) -> dict[str, Tensor]:
        """Divide the decoder's output [N, sum of the parts' widths] among the parts."""
        decoded = dict(zip(self.parts, output.split(self._outputs, dim=1), strict=True))
        if "means" in decoded:
            decoded["means"] = decoded["means"] * self._position_scale
        return decoded


class FaceMotion(MotionField):
    """Equation 7: region attention scales audio and expression at every Gaussian."""

    def __init__(self, channels: int, config: TalkingGaussianConfig) -> None:
        resolutions = config.face_grid_coarsest, config.face_grid_finest
        super().__init__(channels, config, resolutions, changed_parts("face", config))
        units, features = len(expression_units(config)), self.grid.output_dim
        self.expression = nn.Sequential(
            nn.Linear(units - 1, 16), nn.ReLU(), nn.Linear(16, units - 1)
        )
        self.audio_attention = nn.Sequential(
            nn.Linear(features, 32), nn.ReLU(), nn.Linear(32, config.audio_dim)
        )
        # Softplus, not ReLU: at the start all places are alike, and an action unit whose
        # attention is cut off at one of them is cut off everywhere and for good.
        self.expression_attention = nn.Sequential(
            nn.Linear(features, 16), nn.ReLU(), nn.Linear(16, units), nn.Softplus()
        )
        inputs = features + config.audio_dim + units
        self.decoder = _decoder(inputs, config.face_hidden, sum(self._outputs))

    def places(self, means: Tensor) -> Places:
        """Encode canonical positions [N, 3]."""
        features = self.encode(means)
        return Places(features, self.audio_attention(features), self.expression_attention(features))

    def drivers(self, windows: Tensor, units: Tensor) -> Drivers:
        """Encode a frame's audio [8, channels, steps] and action units [units]."""
        blink = units[-1:].clamp(0.0, _BLINK_MAXIMUM)
        expression = torch.cat([self.expression(units[:-1]), blink])
        return Drivers(self.audio(windows), expression)

    def deform(self, places: Places, drivers: Drivers) -> Deformation:
        """Decode the deformation of every Gaussian."""
        on_audio, on_expression = places.audio_attention, places.expression_attention
        assert on_audio is not None
        assert on_expression is not None
        assert drivers.expression is not None
        inputs = [places.features, on_audio * drivers.audio, on_expression * drivers.expression]
        decoded = self._decoded(self.decoder(torch.cat(inputs, dim=1)))
        return Deformation(**decoded, audio_attention=on_audio, expression_attention=on_expression)


class MouthMotion(MotionField):
    """Equation 8: the inside of the mouth is moved, by audio alone."""

    follows: Tensor

    def __init__(self, channels: int, config: TalkingGaussianConfig) -> None:
        resolutions = config.mouth_grid_coarsest, config.mouth_grid_finest
        super().__init__(channels, config, resolutions, changed_parts("mouth", config))
        inputs = self.grid.output_dim + config.audio_dim
        self.decoder = _decoder(inputs, config.mouth_hidden, sum(self._outputs))
        follows = torch.tensor([config.mouth_sideways, 1.0, config.mouth_sideways])
        self.register_buffer("follows", follows, persistent=False)

    def places(self, means: Tensor) -> Places:
        """Encode canonical positions [N, 3]."""
        return Places(self.encode(means))

    def drivers(self, windows: Tensor, units: Tensor) -> Drivers:
        """Encode a frame's audio [8, channels, steps]; the expression plays no part."""
        return Drivers(self.audio(windows))

    def deform(self, places: Places, drivers: Drivers) -> Deformation:
        """Decode the translation of every Gaussian."""
        audio = drivers.audio.expand(len(places.features), -1)
        decoded = self._decoded(self.decoder(torch.cat([places.features, audio], dim=1)))
        if "means" in decoded:
            decoded["means"] = decoded["means"] * self.follows
        return Deformation(**decoded)


def _decoder(inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    """Three layers; the last starts at zero, so that motion learning starts from rest."""
    last = nn.Linear(hidden, outputs)
    nn.init.constant_(last.weight, 0.0)
    nn.init.constant_(last.bias, 0.0)
    return nn.Sequential(
        nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), last
    )
