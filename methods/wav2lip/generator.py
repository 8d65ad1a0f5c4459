"""The generator: a masked face, a reference face and 0.2 s of sound to a whole face.

Prajwal et al. 2020, section 3.2, and figure 2: encoders of the identity and of the speech, and a
decoder with a skip connection at every resolution. Names and shapes of parameters are those of the
published checkpoints.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

FACE_SIDE = 96
"""Height and width of the faces that it sees and makes."""

MEL_BANDS, MEL_STEPS = 80, 16
"""Shape of the speech that it hears."""

_FACE = (16, 32, 64, 128, 256, 512)
"""Channels of the face encoder from 96 x 96 to 3 x 3; at 1 x 1 there are as many as at 3 x 3."""

_FACE_RESIDUALS = (0, 2, 3, 2, 2, 1)
_AUDIO = (32, 64, 128, 256, 512)
_AUDIO_STRIDES: tuple[int | tuple[int, int], ...] = (1, (3, 1), 3, (3, 2))
_AUDIO_RESIDUALS = (2, 2, 2, 1)
_DECODER = (512, 512, 384, 256, 128, 64)
"""Channels of the decoder from 3 x 3 to 96 x 96."""

_DECODER_RESIDUALS = (1, 2, 2, 2, 2, 2)
_OUTPUT = 32
_LEAST_CHANNELS = 12
"""Both faces that it sees take six at every layer that passes them on."""


class Block(nn.Module):
    """A convolution, or a transposed one, batch normalisation, and what is added, rectified."""

    def __init__(self, convolution: nn.Module, channels: int, residual: bool = False) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(convolution, nn.BatchNorm2d(channels))
        self._residual = residual

    def forward(self, x: Tensor) -> Tensor:
        """Return [B, channels, H', W'] for [B, C, H, W]."""
        made: Tensor = self.conv_block(x)
        return torch.relu(made + x if self._residual else made)


class Generator(nn.Module):
    """The whole network."""

    def __init__(self, width: float = 1.0) -> None:
        """Make it with random weights.

        Args:
            width: its channels as a share of the published ones, at least 12 of each; 1 for the
                published network.
        """
        super().__init__()
        face, audio, decoder = (
            [_scaled(channels, width) for channels in published]
            for published in (_FACE, _AUDIO, _DECODER)
        )
        self.face_encoder_blocks = nn.ModuleList(_face_encoder(face))
        self.audio_encoder = nn.Sequential(*_audio_encoder(audio))
        self.face_decoder_blocks = nn.ModuleList(_face_decoder(audio[-1], face, decoder))
        output = _scaled(_OUTPUT, width)
        self.output_block = nn.Sequential(
            _convolved(decoder[-1] + face[0], output),
            nn.Conv2d(output, 3, 1),
            nn.Sigmoid(),
        )

    def forward(self, mel: Tensor, faces: Tensor) -> Tensor:
        """Return faces that say what is heard, [B, 3, 96, 96] in 0 to 1, blue first.

        Args:
            mel: [B, 1, 80, 16], see `mel.py`.
            faces: [B, 6, 96, 96] in 0 to 1, blue first: the face without its lower half, then
                the reference.
        """
        levels = [faces]
        for block in self.face_encoder_blocks:
            levels.append(block(levels[-1]))
        made: Tensor = self.audio_encoder(mel)
        for block in self.face_decoder_blocks:
            made = torch.cat((block(made), levels.pop()), dim=1)
        output: Tensor = self.output_block(made)
        return output


def _scaled(channels: int, width: float) -> int:
    return max(_LEAST_CHANNELS, round(channels * width))


def _convolved(
    before: int, after: int, kernel: int = 3, stride: int | tuple[int, int] = 1, padding: int = 1
) -> Block:
    return Block(nn.Conv2d(before, after, kernel, stride, padding), after)


def _residuals(channels: int, count: int) -> list[Block]:
    return [Block(nn.Conv2d(channels, channels, 3, 1, 1), channels, True) for _ in range(count)]


def _face_encoder(channels: list[int]) -> list[nn.Sequential]:
    """Return a block for each resolution: 96, 48, 24, 12, 6, 3 and 1."""
    levels = [nn.Sequential(_convolved(6, channels[0], kernel=7, padding=3))]
    for level in range(1, len(channels)):
        halved = _convolved(channels[level - 1], channels[level], stride=2)
        residuals = _residuals(channels[level], _FACE_RESIDUALS[level])
        levels.append(nn.Sequential(halved, *residuals))
    last = channels[-1]
    to_a_point = [_convolved(last, last, padding=0), _convolved(last, last, kernel=1, padding=0)]
    return [*levels, nn.Sequential(*to_a_point)]


def _audio_encoder(channels: list[int]) -> list[Block]:
    """Return the blocks that bring 80 bands and 16 steps to a point."""
    blocks, before = [], 1
    for after, stride, count in zip(channels, _AUDIO_STRIDES, _AUDIO_RESIDUALS, strict=False):
        blocks += [_convolved(before, after, stride=stride), *_residuals(after, count)]
        before = after
    last = channels[-1]
    blocks += [_convolved(before, last, padding=0), _convolved(last, last, kernel=1, padding=0)]
    return blocks


def _face_decoder(speech: int, face: list[int], channels: list[int]) -> list[nn.Sequential]:
    """Return a block for each resolution: 1, 3, 6, 12, 24, 48 and 96.

    Behind each the features of the face encoder at the same resolution are added.
    """
    levels = [nn.Sequential(_convolved(speech, speech, kernel=1, padding=0))]
    before = speech + face[-1]
    for level, after in enumerate(channels):
        enlarged = (
            nn.ConvTranspose2d(before, after, 3, 1, 0)
            if level == 0
            else nn.ConvTranspose2d(before, after, 3, 2, 1, output_padding=1)
        )
        residuals = _residuals(after, _DECODER_RESIDUALS[level])
        levels.append(nn.Sequential(Block(enlarged, after), *residuals))
        before = after + face[-1 - level]
    return levels
