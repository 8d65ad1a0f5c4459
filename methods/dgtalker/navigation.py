"""Disentangled navigation: w = w_can + sum alpha_e b_e + sum alpha_l b_l."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..shared.audio_network import AudioNetwork
from .config import NavigationConfig


@dataclass(frozen=True)
class Coefficients:
    """Of blendshapes, for B frames.

    Attributes:
        expression: [B, k_e].
        lips: [B, k_l].
    """

    expression: Tensor
    lips: Tensor


class Navigation(nn.Module):
    """Two sets of blendshapes about an anchor, and the two encoders of their coefficients."""

    anchor: Tensor

    def __init__(
        self,
        config: NavigationConfig,
        anchor: Tensor,
        start: tuple[Tensor, Tensor],
        channels: int,
    ) -> None:
        """Make untrained encoders.

        Args:
            config: settings.
            anchor: w_can, [C].
            start: blendshapes of expression [k_e, C] and of lips [k_l, C].
            channels: of a step of the audio features.
        """
        super().__init__()
        self._config = config
        expression, lips = start
        self.register_buffer("anchor", anchor)
        self.expression_shapes = nn.Parameter(expression.clone())
        self.lip_shapes = nn.Parameter(lips.clone())
        apart, together = len(expression), len(expression) + len(lips)
        self.expression_encoder = _Encoder(
            config, channels, 1, apart if config.disentangled else together
        )
        self.lip_encoder = _Encoder(config, channels, 0, len(lips)) if config.disentangled else None

    @property
    def encoders(self) -> list[AudioNetwork]:
        """The networks that hear."""
        heard = [self.expression_encoder.audio]
        return heard if self.lip_encoder is None else [*heard, self.lip_encoder.audio]

    def shapes(self) -> tuple[Tensor, Tensor]:
        """Return both sets, [k_e, C] and [k_l, C]; orthonormal within and across.

        The lips' are made orthogonal to those of expression as they are, so that no gradient of
        the lips moves a blendshape of expression.
        """
        if not self._config.orthogonal:
            return self.expression_shapes, self.lip_shapes
        expression = orthonormal(self.expression_shapes)
        count = len(expression)
        both = torch.cat([expression.detach(), self.lip_shapes])
        return expression, orthonormal(both)[count:]

    def coefficients(self, sound: Tensor, other_sound: Tensor, blink: Tensor) -> Coefficients:
        """Return the coefficients for expressions and lips.

        Args:
            sound: what the expression encoder hears, [B, 8, channels, steps].
            other_sound: what the lip encoder hears, likewise.
            blink: [B, 1], how far the eyes are closed.
        """
        expression = self.expression_encoder(sound, blink)
        if self.lip_encoder is None:
            return self.parted(expression)
        return Coefficients(expression, self.lip_encoder(other_sound, blink[:, :0]))

    def sequence(self, features: Tensor, windows: Tensor, blink: Tensor) -> Coefficients:
        """Return the coefficients of all frames of a sound.

        Args:
            features: of the sound, [M, steps, channels].
            windows: rows of `features` around each frame, int64 [T, 8].
            blink: [T, 1], how far the eyes are closed.
        """
        expression = self.expression_encoder.sequence(features, windows, blink)
        if self.lip_encoder is None:
            return self.parted(expression)
        return Coefficients(expression, self.lip_encoder.sequence(features, windows, blink[:, :0]))

    def displacements(self, found: Coefficients) -> tuple[Tensor, Tensor]:
        """Return how far expression and lips move the anchor, [B, C] each."""
        expression, lips = self.shapes()
        return found.expression @ expression, found.lips @ lips

    def parted(self, together: Tensor) -> Coefficients:
        """Return coefficients of all blendshapes [B, k_e + k_l] set by set."""
        count = len(self.expression_shapes)
        return Coefficients(together[:, :count], together[:, count:])


class _Encoder(nn.Module):
    """From a sound, and perhaps a blink, to coefficients."""

    def __init__(self, config: NavigationConfig, channels: int, scalars: int, outputs: int) -> None:
        super().__init__()
        self.audio = AudioNetwork(channels, config.audio_dim)
        last = nn.Linear(config.hidden, outputs)
        nn.init.zeros_(last.bias)
        first = nn.Linear(config.audio_dim + scalars, config.hidden)
        self.head = nn.Sequential(first, nn.LeakyReLU(0.02), last)

    def forward(self, sounds: Tensor, scalars: Tensor) -> Tensor:
        """Map [B, 8, channels, steps] and [B, scalars] to [B, outputs]."""
        count, length = sounds.shape[:2]
        rows = torch.arange(count * length, device=sounds.device).view(count, length)
        return self.sequence(sounds.flatten(0, 1).transpose(1, 2), rows, scalars)

    def sequence(self, features: Tensor, windows: Tensor, scalars: Tensor) -> Tensor:
        """Map all frames of a sound, see `AudioNetwork.sequence`, to [T, outputs]."""
        heard = self.audio.sequence(features, windows)
        coefficients: Tensor = self.head(torch.cat([heard, scalars], dim=1))
        return coefficients


def orthonormal(rows: Tensor) -> Tensor:
    """Return an orthonormal basis [k, C] of the span of rows, each as near to its row as signs go.

    By QR, as in LIA and HFA-GP.
    """
    q, r = torch.linalg.qr((rows + 1e-8).T)
    # QR leaves signs open, and a blendshape must not turn around in training.
    return (q * torch.sign(torch.diagonal(r))).T


def start_shapes(
    directions: Tensor, lips: int, config: NavigationConfig, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Return blendshapes to start from, of expression [k_e, C] and of lips [k_l, C].

    Args:
        directions: the prior's, those of the lips last, [E, C].
        lips: how many are of the lips.
        config: how many blendshapes there are, and whether they start from the prior's.
        generator: of the random ones, which also fill up what the prior has too few of.
    """
    size = directions.shape[1]
    known = (directions[: len(directions) - lips], directions[len(directions) - lips :])
    found = []
    for wanted, some in zip((config.expression_shapes, config.lip_shapes), known, strict=True):
        some = some[: wanted if config.start == "prior" else 0]
        random = torch.randn(wanted - len(some), size, generator=generator) / size**0.5
        found.append(torch.cat([some.cpu(), random]))
    return found[0].to(directions), found[1].to(directions)
