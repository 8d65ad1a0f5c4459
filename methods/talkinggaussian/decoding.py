"""The dense layers of a motion field, forward and backward, over blocks of Gaussians.

By autograd each of the dozen layers takes several passes over memory that no cache holds. Here a
block goes through all layers while it is in the cache, a row of ones carries the biases, the
decoder's first layer is one product, and so are the layers of both kinds of attention.
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

_LEAST_STRENGTH = 1e-6
"""Of region attention: shorter vectors count as this long, as a root has no slope at 0."""


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
) -> tuple[Tensor, Tensor | None]:
    """Decode what a motion field changes at every Gaussian.

    Args:
        features: H(mu), [features, N].
        layers: the decoder's three. The inputs of the first are the features and, with attention,
            V_a and V_e.
        attention: of the face.

    Returns:
        What the last layer makes, [outputs, N]; the lengths of V_a and V_e, [2, N], or None.
    """
    joined = [_joined(*layer) for layer in layers]
    if attention is None:
        return _Decode.apply(features, None, *joined)
    (narrow_a, wide_a), (narrow_e, wide_e) = attention.audio, attention.expression
    joined += [
        torch.cat([_joined(*narrow_a), _joined(*narrow_e)]),
        _side_by_side(_joined(*wide_a), _joined(*wide_e)),
    ]
    rows = _AttentionRows((len(wide_a[0]), len(wide_e[0])), attention.smooth)
    return _Decode.apply(features, rows, *joined)


def strength(attention: Tensor) -> Tensor:
    """Return the lengths [N] of attention vectors [dim, N]."""
    # Torch's own norm is slower, and its gradient at 0 is NaN.
    return attention.square().sum(dim=0).clamp_min(_LEAST_STRENGTH**2).sqrt()


def _joined(weight: Tensor, bias: Tensor | None) -> Tensor:
    """Return a layer as one matrix [outputs, 1 + inputs], the bias first."""
    first = weight.new_zeros(len(weight)) if bias is None else bias
    return torch.cat([first[:, None], weight], dim=1)


def _side_by_side(first: Tensor, second: Tensor) -> Tensor:
    """Return two layers as one, [outputs of both, 1 + inputs of both], the bias first."""
    weights = torch.block_diag(first[:, 1:], second[:, 1:])
    return torch.cat([torch.cat([first[:, :1], second[:, :1]]), weights], dim=1)


@dataclass(frozen=True)
class _AttentionRows:
    """What the rows of region attention are.

    Attributes:
        widths: rows of V_a and of V_e.
        smooth: see `Attention`.
    """

    widths: tuple[int, int]
    smooth: bool

    def split(self, both: Tensor) -> tuple[Tensor, ...]:
        """Return the rows of V_a and those of V_e."""
        return both.split(self.widths)


@dataclass(frozen=True)
class _AttentionBlock:
    """What backward needs of a block's attention.

    Attributes:
        hidden: a row of ones, then what the narrow layer makes, rectified.
        slope: of V_e's last function, [units, n].
        strength: lengths of V_a and V_e, [2, n].
    """

    hidden: Tensor
    slope: Tensor
    strength: Tensor


@dataclass(frozen=True)
class _Block:
    """What backward needs of a block; the first row of inputs and hidden is ones.

    Attributes:
        place: its Gaussians.
        inputs: of the decoder: features, V_a, V_e.
        hidden: of the decoder, after its first and its second layer.
        attention: with attention.
    """

    place: slice
    inputs: Tensor
    hidden: tuple[Tensor, Tensor]
    attention: _AttentionBlock | None


class _Decode(torch.autograd.Function):
    """Layers are the decoder's three and, with attention, a narrow and a wide one."""

    @staticmethod
    def forward(
        ctx: Any, features: Tensor, rows: _AttentionRows | None, *layers: Tensor
    ) -> tuple[Tensor, Tensor | None]:
        count = features.shape[1]
        output = features.new_empty(len(layers[2]), count)
        strengths = None if rows is None else features.new_empty(2, count)
        places = _places(count, features.device)
        blocks: list[_Block | None] = [None] * len(places)

        def work(numbers: range) -> None:
            for number in numbers:
                block = _forward(features, places[number], rows, layers, output)
                blocks[number] = block
                if block.attention is not None and strengths is not None:
                    strengths[:, places[number]] = block.attention.strength

        halves(work, _halves_of(blocks))
        ctx.save_for_backward(features, *layers)
        ctx.rows, ctx.blocks = rows, blocks
        ctx.set_materialize_grads(False)
        return output, strengths

    @staticmethod
    def backward(
        ctx: Any, d_output: Tensor | None, d_strengths: Tensor | None
    ) -> tuple[Tensor | None, ...]:
        features, *layers = ctx.saved_tensors
        parts = _halves_of(ctx.blocks)
        # A sum for each half, whatever the threads, so that its order is always the same.
        sums = [[torch.zeros_like(layer) for layer in layers] for _ in parts]
        d_features = torch.empty_like(features)

        def work(numbers: range) -> None:
            d_layers = sums[parts.index(numbers)]
            for number in numbers:
                block = ctx.blocks[number]
                d_attention = _backward(block, layers, d_output, d_layers, d_features)
                if block.attention is not None:
                    d_strength = None if d_strengths is None else d_strengths[:, block.place]
                    _ends_backward(d_attention, block, ctx.rows, d_strength)
                    _attention_backward(d_attention, block, layers, d_layers, d_features)

        halves(work, parts)
        return d_features, None, *(first + second for first, second in zip(*sums, strict=True))


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
    rows: _AttentionRows | None,
    layers: Sequence[Tensor],
    output: Tensor,
) -> _Block:
    plain = 1 + len(features)
    inputs = features.new_empty(layers[0].shape[1], place.stop - place.start)
    inputs[0] = 1.0
    inputs[1:plain] = features[:, place]
    kept = None
    if rows is not None:
        hidden = _rectified(layers[3], inputs[:plain])
        torch.mm(layers[4], hidden, out=inputs[plain:])
        on_audio, on_expression = rows.split(inputs[plain:])
        if rows.smooth:
            slope = torch.sigmoid(on_expression)
            on_expression.copy_(softplus(on_expression))
        else:
            slope = (on_expression > 0.0).to(on_expression)
            on_expression.relu_()
        lengths = torch.stack([strength(on_audio), strength(on_expression)])
        kept = _AttentionBlock(hidden, slope, lengths)
    first = _rectified(layers[0], inputs)
    second = _rectified(layers[1], first)
    torch.mm(layers[2], second, out=output[:, place])
    return _Block(place, inputs, (first, second), kept)


def _backward(
    block: _Block,
    layers: Sequence[Tensor],
    d_output: Tensor | None,
    d_layers: Sequence[Tensor],
    d_features: Tensor,
) -> Tensor:
    """Add the gradients of the decoder's layers, fill those of the features, return attention's."""
    place, plain = block.place, 1 + len(d_features)
    d = layers[2].new_zeros(len(layers[2]), 1) if d_output is None else d_output[:, place]
    d = d.expand(-1, block.inputs.shape[1])
    for number, hidden in ((2, block.hidden[1]), (1, block.hidden[0])):
        d_layers[number].addmm_(d, hidden.t())
        d = _cut(layers[number][:, 1:].t() @ d, hidden)
    d_layers[0].addmm_(d, block.inputs.t())
    torch.mm(layers[0][:, 1:plain].t(), d, out=d_features[:, place])
    return layers[0][:, plain:].t() @ d


def _ends_backward(
    d_attention: Tensor, block: _Block, rows: _AttentionRows, d_strength: Tensor | None
) -> None:
    """Add what comes by way of the lengths of V_a and V_e, and undo V_e's last function."""
    assert block.attention is not None
    lengths, parts = block.attention.strength, rows.split(d_attention)
    if d_strength is not None:
        shares = (d_strength / lengths).masked_fill_(lengths <= _LEAST_STRENGTH, 0.0)
        seen = rows.split(block.inputs[-len(d_attention) :])
        for part, look, share in zip(parts, seen, shares, strict=True):
            part.addcmul_(look, share)
    parts[1].mul_(block.attention.slope)


def _attention_backward(
    d_attention: Tensor,
    block: _Block,
    layers: Sequence[Tensor],
    d_layers: Sequence[Tensor],
    d_features: Tensor,
) -> None:
    """Add the gradients of the attention's layers, and of the features by way of them."""
    assert block.attention is not None
    hidden, plain = block.attention.hidden, 1 + len(d_features)
    d_layers[4].addmm_(d_attention, hidden.t())
    d = _cut(layers[4][:, 1:].t() @ d_attention, hidden)
    d_layers[3].addmm_(d, block.inputs[:plain].t())
    d_features[:, block.place].addmm_(layers[3][:, 1:].t(), d)


def _rectified(layer: Tensor, inputs: Tensor) -> Tensor:
    """Return a row of ones, then what a layer makes of inputs, rectified."""
    made = inputs.new_empty(1 + len(layer), inputs.shape[1])
    made[0] = 1.0
    torch.mm(layer, inputs, out=made[1:]).relu_()
    return made


def _cut(d_output: Tensor, made: Tensor) -> Tensor:
    """Return a gradient, in its place, where a rectifier let something pass."""
    threshold = torch.ops.aten.threshold_backward.grad_input
    return threshold(d_output, made[1:], 0, grad_input=d_output)
