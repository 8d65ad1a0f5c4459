"""Stacks of small 1-D convolutions with leaky rectifiers.

The audio encoder's nine are so small that torch spends its time between them, not in them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from .njit import Floats, kernel, part

_ZERO, _ZERO64 = np.float32(0), np.uint64(0)


def convolve(layers: nn.Sequential, inputs: Tensor) -> Tensor:
    """Apply `Conv1d`, `LeakyReLU`, `Conv1d`, ... of one stride and slope, width 3 and padding 1.

    Args:
        layers: the stack.
        inputs: [batch, channels, steps].

    Returns:
        What ``layers(inputs)`` does; on the CPU and in float32 by compiled kernels.
    """
    if inputs.device.type != "cpu" or inputs.dtype != torch.float32:
        return layers(inputs)
    convolutions = [cast(nn.Conv1d, layer) for layer in list(layers)[::2]]
    weights = [tensor for layer in convolutions for tensor in (layer.weight, layer.bias)]
    slope = cast(nn.LeakyReLU, layers[1]).negative_slope
    return _Stack.apply(inputs, convolutions[0].stride[0], slope, *weights)


class _Stack(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, inputs: Tensor, stride: int, slope: float, *weights: Tensor) -> Tensor:
        outputs = [inputs.contiguous()]
        for weight, bias in _pairs(weights):
            batch, _, steps = outputs[-1].shape
            output = torch.empty(batch, len(bias), (steps - 1) // stride + 1)
            _convolve(
                outputs[-1].numpy(), weight.flatten(1).numpy(), bias.numpy(), stride, slope,
                output.numpy(),
            )  # fmt: skip
            outputs.append(output)
        ctx.save_for_backward(*weights, *outputs)
        ctx.stride, ctx.slope = stride, slope
        return outputs[-1]

    @staticmethod
    def backward(ctx: Any, d_output: Tensor) -> tuple[Tensor | None, ...]:
        saved = ctx.saved_tensors
        layers = (len(saved) - 1) // 3
        weights, outputs = saved[: 2 * layers], saved[2 * layers :]
        gradients: list[Tensor] = []
        for layer in range(layers - 1, -1, -1):
            weight, bias = weights[2 * layer : 2 * layer + 2]
            wanted = layer > 0 or ctx.needs_input_grad[0]
            d_weight, d_bias = torch.zeros_like(weight), torch.zeros_like(bias)
            d_input = torch.zeros_like(outputs[layer]) if wanted else torch.empty(0, 0, 0)
            _convolve_backward(
                outputs[layer].numpy(), weight.flatten(1).numpy(), ctx.stride, ctx.slope,
                outputs[layer + 1].numpy(), d_output.contiguous().numpy(),
                d_weight.flatten(1).numpy(), d_bias.numpy(), d_input.numpy(),
            )  # fmt: skip
            gradients[:0] = [d_weight, d_bias]
            d_output = d_input
        return d_output if ctx.needs_input_grad[0] else None, None, None, *gradients


def _pairs(weights: Sequence[Tensor]) -> list[tuple[Tensor, Tensor]]:
    return list(zip(weights[::2], weights[1::2], strict=True))


@part
def _gather(inputs: Floats, b: int, centre: int, taps: Floats) -> None:
    """Copy the three steps about one, of all channels; beyond the ends there are zeros."""
    steps = inputs.shape[2]
    for c in range(inputs.shape[1]):
        for k in range(3):
            step = centre + k - 1
            taps[3 * c + k] = inputs[b, c, step] if 0 <= step < steps else _ZERO


@kernel
def _convolve(
    inputs: Floats, weight: Floats, bias: Floats, stride: int, slope: float, output: Floats
) -> None:
    """Fill ``[B, O, T]`` from ``[B, I, S]`` and weights ``[O, 3 I]``."""
    taps = np.empty(weight.shape[1], np.float32)
    leak = np.float32(slope)
    for b in range(output.shape[0]):
        for t in range(output.shape[2]):
            _gather(inputs, b, t * stride, taps)
            for o in range(output.shape[1]):
                total = _ZERO
                for k in range(_ZERO64, np.uint64(taps.shape[0])):
                    total += weight[o, k] * taps[k]
                total += bias[o]
                output[b, o, t] = total if total > _ZERO else leak * total


@kernel
def _convolve_backward(
    inputs: Floats,
    weight: Floats,
    stride: int,
    slope: float,
    output: Floats,
    d_output: Floats,
    d_weight: Floats,
    d_bias: Floats,
    d_inputs: Floats,
) -> None:
    """Add the gradients; those of the inputs are left out where the array is empty."""
    taps = np.empty(weight.shape[1], np.float32)
    d_taps = np.empty(weight.shape[1], np.float32)
    leak, one = np.float32(slope), np.float32(1)
    steps, wanted = inputs.shape[2], d_inputs.shape[0] > 0
    for b in range(output.shape[0]):
        for t in range(output.shape[2]):
            _gather(inputs, b, t * stride, taps)
            d_taps[:] = _ZERO
            for o in range(output.shape[1]):
                # A slope above 0 leaves the sign that the rectifier saw.
                d = d_output[b, o, t] * (one if output[b, o, t] > _ZERO else leak)
                d_bias[o] += d
                for k in range(_ZERO64, np.uint64(taps.shape[0])):
                    d_weight[o, k] += d * taps[k]
                if wanted:
                    for k in range(_ZERO64, np.uint64(taps.shape[0])):
                        d_taps[k] += d * weight[o, k]
            if wanted:
                for c in range(inputs.shape[1]):
                    for k in range(3):
                        step = t * stride + k - 1
                        if 0 <= step < steps:
                            d_inputs[b, c, step] += d_taps[3 * c + k]
