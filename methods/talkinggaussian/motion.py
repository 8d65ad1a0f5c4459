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
        audio_attention, expression_attention: [N] strength of the region attention, or None.
    """

    means: Tensor
    scales: Tensor | None = None
    quats: Tensor | None = None
    audio_attention: Tensor | None = None
    expression_attention: Tensor | None = None

    def magnitude(self) -> Tensor:
        """Sum of the mean absolute values of all parts, the deformation regulariser."""
        parts = (self.means, self.scales, self.quats)
        return torch.stack([part.abs().mean() for part in parts if part is not None]).sum()


class MotionDecoder(nn.Module):
    """Three layers; the last starts at zero, so that motion learning starts from the rest pose."""

    def __init__(self, inputs: int, hidden: int, outputs: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(inputs, hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, outputs),
        )
        nn.init.zeros_(self.layers[-1].weight)
        nn.init.zeros_(self.layers[-1].bias)

    def forward(self, inputs: Tensor) -> Tensor:
        """Map [N, inputs] to [N, outputs]."""
        return self.layers(inputs)


@dataclass(frozen=True)
class FacePlaces:
    """What depends on where a Gaussian is but not on the frame.

    Attributes:
        features: H(mu), [N, 3 * levels].
        audio_attention: V_a, [N, audio_dim].
        expression_attention: V_e, [N, 7].
    """

    features: Tensor
    audio_attention: Tensor
    expression_attention: Tensor


class FaceMotion(nn.Module):
    """Equation 7: region attention scales audio and expression at every Gaussian."""

    def __init__(self, channels: int, config: TalkingGaussianConfig) -> None:
        super().__init__()
        units = len(EXPRESSION_UNITS)
        self._position_scale = config.position_scale
        self.grid = _grid(config, config.face_grid_coarsest, config.face_grid_finest)
        features = 3 * config.grid_levels
        self.audio = AudioEncoder(channels, config.audio_dim)
        self.expression = nn.Sequential(
            nn.Linear(units - 1, 16), nn.ReLU(), nn.Linear(16, units - 1)
        )
        self.audio_attention = nn.Sequential(
            nn.Linear(features, 32), nn.ReLU(), nn.Linear(32, config.audio_dim)
        )
        self.expression_attention = nn.Sequential(
            nn.Linear(features, 16), nn.ReLU(), nn.Linear(16, units), nn.Softplus()
        )
        self.decoder = MotionDecoder(
            features + config.audio_dim + units, config.face_hidden, _QUATS.stop
        )

    def places(self, means: Tensor) -> FacePlaces:
        """Encode canonical positions [N, 3]."""
        features = self.grid(means.clamp(-self.grid.bound, self.grid.bound))
        return FacePlaces(
            features, self.audio_attention(features), self.expression_attention(features)
        )

    def conditions(self, windows: Tensor, units: Tensor) -> tuple[Tensor, Tensor]:
        """Encode a frame's audio [8, channels, steps] and action units [7]."""
        others = self.expression(units[:-1])
        blink = units[-1:].clamp(0.0, _BLINK_MAXIMUM)
        return self.audio(windows), torch.cat([others, blink])

    def deform(self, places: FacePlaces, conditions: tuple[Tensor, Tensor]) -> Deformation:
        """Decode the deformation of every Gaussian."""
        audio, expression = conditions
        output = self.decoder(
            torch.cat(
                [
                    places.features,
                    places.audio_attention * audio,
                    places.expression_attention * expression,
                ],
                dim=1,
            )
        )
        return Deformation(
            output[:, _MEANS] * self._position_scale,
            output[:, _SCALES],
            output[:, _QUATS],
            places.audio_attention.norm(dim=1),
            places.expression_attention.norm(dim=1),
        )

    def forward(self, means: Tensor, windows: Tensor, units: Tensor) -> Deformation:
        """Return the deformation of Gaussians at `means` [N, 3] in a frame."""
        return self.deform(self.places(means), self.conditions(windows, units))


class MouthMotion(nn.Module):
    """Equation 8: the inside of the mouth is moved, by audio alone."""

    def __init__(self, channels: int, config: TalkingGaussianConfig) -> None:
        super().__init__()
        self._position_scale = config.position_scale
        self.grid = _grid(config, config.mouth_grid_coarsest, config.mouth_grid_finest)
        self.audio = AudioEncoder(channels, config.audio_dim)
        features = 3 * config.grid_levels
        self.decoder = MotionDecoder(features + config.audio_dim, config.mouth_hidden, 3)

    def places(self, means: Tensor) -> Tensor:
        """Encode canonical positions [N, 3] as [N, 3 * levels]."""
        return self.grid(means.clamp(-self.grid.bound, self.grid.bound))

    def conditions(self, windows: Tensor, units: Tensor) -> Tensor:
        """Encode a frame's audio [8, channels, steps]; the expression plays no part."""
        return self.audio(windows)

    def deform(self, places: Tensor, conditions: Tensor) -> Deformation:
        """Decode the translation of every Gaussian."""
        audio = conditions.expand(len(places), -1)
        return Deformation(self.decoder(torch.cat([places, audio], dim=1)) * self._position_scale)

    def forward(self, means: Tensor, windows: Tensor, units: Tensor) -> Deformation:
        """Return the translation of Gaussians at `means` [N, 3] in a frame."""
        return self.deform(self.places(means), self.conditions(windows, units))


MotionField = FaceMotion | MouthMotion


def _grid(config: TalkingGaussianConfig, coarsest: int, finest: int) -> TriPlaneHashGrid:
    return TriPlaneHashGrid(
        levels=config.grid_levels,
        features=1,
        base_resolution=coarsest,
        finest_resolution=finest,
        log2_hashmap_size=config.grid_log2_size,
        bound=config.grid_bound,
    )
