"""The dense layers of a motion field, forward and backward, over blocks of Gaussians.

By autograd each of the dozen layers takes several passes over memory that no cache holds. Here a
block goes through all layers while it is in the cache, a row of ones carries the biases, and the
decoder's first layer is one product.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import softplus

from ..shared.threads import halves

_AT_ONCE = 2560
"""Gaussians of a block: what it holds, about 3 MB in all, nearly fits a core's second cache."""


Layer = tuple[Tensor, Tensor | None]
"""Weights [outputs, inputs] and bias [outputs] of a dense layer."""


@dataclass(frozen=True)
class Attention:
    """Layers of the region attention.

    Attributes:
        audio: the two layers of V_a, a rectifier between them.
        expression: the two layers of V_e.
        smooth: whether V_e ends in a softplus; otherwise in a rectifier.
    """

    audio: tuple[Layer, Layer]
    expression: tuple[Layer, Layer]
    smooth: bool


def decode(
    features: Tensor, layers: Sequence[Layer], attention: Attention | None = None
) -> tuple[Tensor, Tensor | None, Tensor | None]:
    """Decode what a motion field changes at every Gaussian.

    Args:
        features: H(mu), [features, N].
        layers: the decoder's three. The inputs of the first are the features and, with attention,
            V_a and V_e.
        attention: of the face.

    Returns:
        What the last layer makes, [outputs, N]; V_a and V_e, [dim, N] and [units, N], or None.
    """
    smooth = attention is not None and attention.smooth
    if attention is not None:
        layers = (*layers, *attention.audio, *attention.expression)
    return _Decode.apply(features, smooth, *(tensor for layer in layers for tensor in layer))


@dataclass(frozen=True)
class _Block:
    """What backward needs of a block; the first row of all but the slope is ones.

    Attributes:
        place: its Gaussians.
        inputs: of the decoder: features, V_a, V_e.
        hidden: of the decoder, after its first and its second layer.
        attending: after the first layer of V_a and of V_e.
        slope: of V_e's last function, [units, n], or None.
    """

    place: slice
    inputs: Tensor
    hidden: tuple[Tensor, Tensor]
    attending: tuple[Tensor, ...]
    slope: Tensor | None


class _Decode(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, features: Tensor, smooth: bool, *weights_and_biases: Tensor | None
    ) -> tuple[Tensor, Tensor | None, Tensor | None]:
        biases = weights_and_biases[1::2]
        layers = [*map(_joined, weights_and_biases[::2], biases)]
        count = features.shape[1]
        outputs = [features.new_empty(len(layer), count) for layer in layers[2::2]]
        places = _places(count, features.device)
        blocks: list[_Block | None] = [None] * len(places)

        def work(numbers: range) -> None:
            for number in numbers:
                blocks[number] = _forward(features, places[number], smooth, layers, outputs)

        halves(work, _halves_of(blocks))
        ctx.save_for_backward(features, *weights_and_biases)
        ctx.layers, ctx.blocks = layers, blocks
        ctx.set_materialize_grads(False)
        output, audio, expression = (*outputs, None, None)[:3]
        assert output is not None
        return output, audio, expression

    @staticmethod
    def backward(ctx: Any, *d_outputs: Tensor | None) -> tuple[Tensor | None, ...]:
        features, *weights_and_biases = ctx.saved_tensors
        layers, parts = ctx.layers, _halves_of(ctx.blocks)
        # A sum for each half, whatever the threads, so that its order is always the same.
        sums = [[torch.zeros_like(layer) for layer in layers] for _ in parts]
        d_features = torch.empty_like(features)

        def work(numbers: range) -> None:
            for number in numbers:
                d_layers = sums[parts.index(numbers)]
                _backward(ctx.blocks[number], layers, d_outputs, d_layers, d_features)

        halves(work, parts)
        gradients: list[Tensor | None] = []
        for first, second, bias in zip(*sums, weights_and_biases[1::2], strict=True):
            gradient = first + second
            gradients += [gradient[:, 1:], None if bias is None else gradient[:, 0]]
        return d_features, None, *gradients


def _joined(weight: Tensor | None, bias: Tensor | None) -> Tensor:
    """Return a layer as one matrix [outputs, 1 + inputs], the bias first."""
    assert weight is not None
    first = weight.new_zeros(len(weight)) if bias is None else bias
    return torch.cat([first[:, None], weight], dim=1)


def _halves_of(blocks: Sequence[object]) -> tuple[range, range]:
    middle = len(blocks) // 2
    return range(middle), range(middle, len(blocks))


def _places(count: int, device: torch.device) -> list[slice]:
    """Return blocks of nearly equal size; an even number of them, but where one core is enough."""
    one = device.type != "cpu" or 2 * count <= _AT_ONCE
    blocks = 1 if one else 2 * -(-count // (2 * _AT_ONCE))
    return [slice(count * k // blocks, count * (k + 1) // blocks) for k in range(blocks)]


def _forward(
    features: Tensor,
    place: slice,
    smooth: bool,
    layers: Sequence[Tensor],
    outputs: Sequence[Tensor],
) -> _Block:
    count, plain = place.stop - place.start, 1 + len(features)
    inputs = features.new_empty(layers[0].shape[1], count)
    inputs[0] = 1.0
    inputs[1:plain] = features[:, place]
    attending, rows = [], plain
    for narrow, wide in zip(layers[3::2], layers[4::2], strict=True):
        attending.append(_rectified(narrow, inputs[:plain]))
        torch.mm(wide, attending[-1], out=inputs[rows : rows + len(wide)])
        rows += len(wide)
    slope = None
    if attending:
        expression = inputs[rows - len(layers[-1]) :]
        if smooth:
            slope = torch.sigmoid(expression)
            expression.copy_(softplus(expression))
        else:
            slope = (expression > 0.0).to(expression)
            expression.relu_()
        looks = inputs[plain:].split([len(output) for output in outputs[1:]])
        for output, look in zip(outputs[1:], looks, strict=True):
            output[:, place] = look
    first = _rectified(layers[0], inputs)
    second = _rectified(layers[1], first)
    torch.mm(layers[2], second, out=outputs[0][:, place])
    return _Block(place, inputs, (first, second), tuple(attending), slope)


def _backward(
    block: _Block,
    layers: Sequence[Tensor],
    d_outputs: Sequence[Tensor | None],
    d_layers: Sequence[Tensor],
    d_features: Tensor,
) -> None:
    """Add the gradients of the layers, and fill those of the features."""
    place, count = block.place, len(d_features)
    d_output = d_outputs[0]
    d = layers[2].new_zeros(len(layers[2]), 1) if d_output is None else d_output[:, place]
    inputs = (block.inputs, *block.hidden)
    d = d.expand(-1, block.inputs.shape[1])
    for number in (2, 1, 0):
        d = _pulled(d, number, layers, inputs[number], d_layers)
        if number:
            _cut(d, inputs[number])
    looks = d[count:].split([len(layer) for layer in layers[4::2]])
    for number, (look, attending) in enumerate(zip(looks, block.attending, strict=True)):
        d_look = d_outputs[1 + number]
        if d_look is not None:
            look += d_look[:, place]
        if number == 1:
            look *= block.slope
        narrow, wide = 3 + 2 * number, 4 + 2 * number
        d_hidden = _cut(_pulled(look, wide, layers, attending, d_layers), attending)
        plain = block.inputs[: 1 + count]
        d_layers[narrow].addmm_(d_hidden, plain.t())
        d[:count].addmm_(layers[narrow][:, 1:].t(), d_hidden)
    d_features[:, place] = d[:count]


def _rectified(layer: Tensor, inputs: Tensor) -> Tensor:
    """Return a row of ones, then what a layer makes of inputs, rectified."""
    made = inputs.new_empty(1 + len(layer), inputs.shape[1])
    made[0] = 1.0
    torch.mm(layer, inputs, out=made[1:]).relu_()
    return made


def _pulled(
    d_output: Tensor,
    number: int,
    layers: Sequence[Tensor],
    inputs: Tensor,
    d_layers: Sequence[Tensor],
) -> Tensor:
    """Add a layer's gradient, and return that of its inputs but the row of ones."""
    d_layers[number].addmm_(d_output, inputs.t())
    return layers[number][:, 1:].t() @ d_output


def _cut(d_output: Tensor, made: Tensor) -> Tensor:
    """Return a gradient, in its place, where a rectifier let something pass."""
    threshold = torch.ops.aten.threshold_backward.grad_input
    return threshold(d_output, made[1:], 0, grad_input=d_output)
