"""Two ways of running the lip network over consecutive frames."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import batch_norm, conv2d, conv3d, max_pool2d, relu_

from .network import SyncNet

WINDOW = 5
"""Frames that the network sees at once."""

LipReader = Callable[[Tensor], Tensor]
"""From float32 [3, T, 224, 224], BGR in 0 to 255, to float32 [T - 4, 1024], one row a window."""

_CONVOLUTIONS = (0, 4, 8, 11, 14, 18)
"""Where they stand in the network. Normalisation follows, then ReLU, and pooling after some."""


class ExactLips:
    """The original's way: every window is copied out and passed through whole."""

    def __init__(self, network: SyncNet) -> None:
        self._network = network

    def __call__(self, frames: Tensor) -> Tensor:
        """Return the features of every window of frames."""
        # Other strides would choose other kernels, and so other last bits.
        clip = frames.contiguous()[None]
        starts = range(frames.shape[1] - WINDOW + 1)
        return self._network.lips(torch.cat([clip[:, :, i : i + WINDOW] for i in starts]))


class FastLips:
    """The same network with less work: equal to rounding, and mostly to the last bit.

    - Only the first layer looks across time, so it runs once over all frames without copies of
      windows, and what follows runs on pictures.
    - Pooling comes before normalisation and ReLU, so that these have a quarter of the values.
      Maxima stay maxima under both where the normalisation's factor is positive; where it is
      negative the signs of the factor and of the convolution before it are turned first.
    - Pooling runs with channels innermost in memory, several times faster. So does the first
      convolution; the others would round differently.
    """

    def __init__(self, network: SyncNet) -> None:
        layers: Any = network.towers.netcnnlip
        self._layers = [_Layer(layers[k], layers[k + 1]) for k in _CONVOLUTIONS]
        self._last: Any = network.towers.netfclip

    @torch.inference_mode()
    def __call__(self, frames: Tensor) -> Tensor:
        """Return the features of every window of frames."""
        first, second, third, fourth, fifth, sixth = self._layers
        x = first.over_time(frames)
        x = first.normalised(_pooled(x)).contiguous()
        x = second.normalised(_pooled(second(x), padding=1)).contiguous()
        x = third.normalised(third(x))
        x = fourth.normalised(fourth(x))
        x = fifth.normalised(_pooled(fifth(x))).contiguous()
        x = sixth.normalised(sixth(x))
        return self._last(x.flatten(1))


class _Layer:
    """A convolution and its normalisation, with signs turned so that its factor is positive."""

    def __init__(self, convolution: Any, norm: Any) -> None:
        sign = torch.where(norm.weight < 0, -1.0, 1.0)
        self._kernel = convolution.weight * sign.view(-1, 1, 1, 1, 1)
        self._picture_kernel = self._kernel[:, :, 0].contiguous()
        self._bias = convolution.bias * sign
        self._stride, self._padding = convolution.stride, convolution.padding
        self._mean, self._variance = norm.running_mean * sign, norm.running_var
        self._factor, self._shift, self._eps = norm.weight * sign, norm.bias, norm.eps

    def over_time(self, frames: Tensor) -> Tensor:
        """Convolve [C, T, H, W] into one picture for every window of frames."""
        innermost = torch.channels_last_3d
        clip = frames[None].contiguous(memory_format=innermost)
        kernel = self._kernel.contiguous(memory_format=innermost)
        moving = conv3d(clip, kernel, self._bias, self._stride, self._padding)
        return moving[0].transpose(0, 1)

    def __call__(self, pictures: Tensor) -> Tensor:
        """Convolve [B, C, H, W]."""
        stride, padding = self._stride[1:], self._padding[1:]
        return conv2d(pictures, self._picture_kernel, self._bias, stride, padding)

    def normalised(self, x: Tensor) -> Tensor:
        """Normalise by the statistics of training, then cut off what is negative."""
        scaled = batch_norm(
            x, self._mean, self._variance, self._factor, self._shift, False, 0.0, self._eps
        )
        return relu_(scaled)


def _pooled(x: Tensor, padding: int = 0) -> Tensor:
    return max_pool2d(x.contiguous(memory_format=torch.channels_last), 3, 2, padding)
