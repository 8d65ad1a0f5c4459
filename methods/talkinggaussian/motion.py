"""Grid-based motion fields: how each Gaussian moves under audio and expression."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .audio_encoder import AudioEncoder
from .config import TalkingGaussianConfig
from .hashgrid import TriPlaneHashGrid

EXPRESSION_UNITS = ("AU01", "AU02", "AU04", "AU05", "AU06", "AU07", "AU45")
"""The upper-face action units of the paper (supplement B.1); blinking comes last."""

_BLINK_MAXIMUM = 2.0
_MEANS, _SCALES, _QUATS = slice(0, 3), slice(3, 6), slice(6, 10)


@dataclass(frozen=True)
class Deformation:
    """What is added to canonical parameters (equation 5).

    Attributes:
        means: [N, 3] metres.
        scales: [N, 3] before the activation, None where scales are kept.
        quats: [N, 4] before normalisation, None where rotations are kept.
        audio_attention, expression_attention: the region attention V_a [N, audio_dim] and
            V_e [N, 7] that it came from, or None.
    """

    means: Tensor
    scales: Tensor | None = None
    quats: Tensor | None = None
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
        parts = (self.means, self.scales, self.quats)
        return torch.stack([part.abs().mean() for part in parts if part is not None]).sum()


@dataclass(frozen=True)
class Places:
    """What depends on where the Gaussians are but not on the frame.

    Attributes:
        features: H(mu), [N, 3 * levels].
        audio_attention: V_a, [N, audio_dim], or None.
        expression_attention: V_e, [N, 7], or None.
    """

    features: Tensor
    audio_attention: Tensor | None = None
    expression_attention: Tensor | None = None


@dataclass(frozen=True)
class Drivers:
    """What depends on the frame but not on where a Gaussian is.

    Attributes:
        audio: a, [audio_dim].
        expression: e, [7], or None.
    """

    audio: Tensor
    expression: Tensor | None = None


class MotionField(nn.Module):
    """What moves the Gaussians of a branch: tri-plane hash grid, audio encoder, decoder."""

    def __init__(
        self, channels: int, config: TalkingGaussianConfig, coarsest: int, finest: int
    ) -> None:
        super().__init__()
        self._position_scale = config.position_scale
        self.audio = AudioEncoder(channels, config.audio_dim)
        self.grid = TriPlaneHashGrid(
            levels=config.grid_levels,
            features=1,
            base_resolution=coarsest,
            finest_resolution=finest,
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
        """Encode a frame's audio [8, channels, steps] and action units [7]."""
        raise NotImplementedError

    def deform(self, places: Places, drivers: Drivers) -> Deformation:
        """Decode the deformation of every Gaussian."""
        raise NotImplementedError

    def forward(self, means: Tensor, windows: Tensor, units: Tensor) -> Deformation:
        """Return the deformation of Gaussians at `means` [N, 3] in a frame."""
        return self.deform(self.places(means), self.drivers(windows, units))


class FaceMotion(MotionField):
    """Equation 7: region attention scales audio and expression at every Gaussian."""

    def __init__(self, channels: int, config: TalkingGaussianConfig) -> None:
        super().__init__(channels, config, config.face_grid_coarsest, config.face_grid_finest)
        units, features = len(EXPRESSION_UNITS), self.grid.output_dim
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
        self.decoder = _decoder(
            features + config.audio_dim + units, config.face_hidden, _QUATS.stop
        )

    def places(self, means: Tensor) -> Places:
        """Encode canonical positions [N, 3]."""
        features = self.encode(means)
        return Places(features, self.audio_attention(features), self.expression_attention(features))

    def drivers(self, windows: Tensor, units: Tensor) -> Drivers:
        """Encode a frame's audio [8, channels, steps] and action units [7]."""
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
        output = self.decoder(torch.cat(inputs, dim=1))
        return Deformation(
            output[:, _MEANS] * self._position_scale,
            output[:, _SCALES],
            output[:, _QUATS],
            on_audio,
            on_expression,
        )


class MouthMotion(MotionField):
    """Equation 8: the inside of the mouth is moved, by audio alone."""

    def __init__(self, channels: int, config: TalkingGaussianConfig) -> None:
        super().__init__(channels, config, config.mouth_grid_coarsest, config.mouth_grid_finest)
        self.decoder = _decoder(
            self.grid.output_dim + config.audio_dim, config.mouth_hidden, _MEANS.stop
        )

    def places(self, means: Tensor) -> Places:
        """Encode canonical positions [N, 3]."""
        return Places(self.encode(means))

    def drivers(self, windows: Tensor, units: Tensor) -> Drivers:
        """Encode a frame's audio [8, channels, steps]; the expression plays no part."""
        return Drivers(self.audio(windows))

    def deform(self, places: Places, drivers: Drivers) -> Deformation:
        """Decode the translation of every Gaussian."""
        audio = drivers.audio.expand(len(places.features), -1)
        output = self.decoder(torch.cat([places.features, audio], dim=1))
        return Deformation(output * self._position_scale)


def _decoder(inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    """Three layers; the last starts at zero, so that motion learning starts from rest."""
    last = nn.Linear(hidden, outputs)
    nn.init.constant_(last.weight, 0.0)
    nn.init.constant_(last.bias, 0.0)
    return nn.Sequential(
        nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), last
    )
