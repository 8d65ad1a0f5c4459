"""Comparison of a rendering with the truth, with a rule for each pixel label.

In torch this takes two dozen passes over the image and copies single channels; the compiled form
is one pass in each direction. It was half of the time of a large image's loss.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..shared.njit import Doubles, Floats, kernel
from ..shared.pixel_labels import HAIRS, IGNORED, TEETH
from ..shared.rasterizer import Rasterization
from ..shared.threads import in_halves
from ..shared.window import Window
from .frames import Crop

Bytes = NDArray[np.uint8]

AUDIO_CHANNEL, EXPRESSION_CHANNEL = 3, 4
"""Channels of a rendering, after the colours, that hold the region attention."""

_LABELS = TEETH + 1
_ON_LIPS = {"labelled": 0, "free": 1, "opaque": 2}
_FREE, _FILLED = _ON_LIPS["free"], _ON_LIPS["opaque"]
_SHOWN, _SEEN, _OPAQUE, _COUNTED, _CHARGED = range(5)
_ZERO, _ONE = np.float32(0), np.float32(1)
_ZERO64 = np.uint64(0)
_UNIT = np.float32(1.0 / 255.0)


@dataclass(frozen=True)
class Comparison:
    """A rendering and the truth, both over the training background.

    Attributes:
        prediction, target: [H, W, 3].
        alpha_error: mean absolute error of alpha over all pixels, 0 where it is free.
        lips_attention: mean of the expression attention over the window about the lips.
        hair_attention: mean of the audio and expression attention over the hair.
    """

    prediction: Tensor
    target: Tensor
    alpha_error: Tensor
    lips_attention: Tensor
    hair_attention: Tensor


@dataclass(frozen=True)
class LossRegion:
    """What a branch must show in the pixels of each label.

    Attributes:
        shown: labels of the region; elsewhere the target is the background.
        seen: labels whose pixels are compared; elsewhere the prediction is the background too.
        opaque: labels where alpha must be 1; elsewhere it must be 0.
        counted: labels where alpha matters.
        alpha_on_lips: alpha inside the window around the lips follows the labels, is free, or
            must be 1.
        seen_beside_lips: whether all pixels outside the window around the lips are compared.
    """

    shown: Collection[int]
    seen: Collection[int]
    opaque: Collection[int]
    counted: Collection[int]
    alpha_on_lips: Literal["labelled", "free", "opaque"] = "labelled"
    seen_beside_lips: bool = False

    def table(self) -> Floats:
        """Return these and where attention is charged as 0 or 1 by label, float32 [labels, 5]."""
        table = np.zeros((_LABELS, 5), np.float32)
        # Ignored pixels are hair that this iteration leaves out; nothing may move it either.
        columns = (self.shown, self.seen, self.opaque, self.counted, (HAIRS, IGNORED))
        for column, labels in enumerate(columns):
            table[list(labels), column] = 1.0
        return table


def compare(
    drawn: Rasterization, background: Tensor, crop: Crop, lips: Window, region: LossRegion
) -> Comparison:
    """Compare a rendering over a colour [3] with a crop; gradients go to the rendering.

    Args:
        drawn: colours, then the strengths of audio and expression attention or nothing.
        background: a colour.
        crop: the truth.
        lips: window about the lips in the crop.
        region: what counts.

    Raises:
        ValueError: the rendering has neither three nor five channels.
    """
    colors, alpha = drawn.colors, drawn.alpha
    if colors.shape[-1] not in (3, EXPRESSION_CHANNEL + 1):
        raise ValueError(f"expected 3 or 5 channels, got {colors.shape[-1]}")
    if colors.device.type == "cpu" and colors.dtype == torch.float32:
        return Comparison(*_Compare.apply(colors, alpha, background, crop, lips, region))
    return _compare_by_autograd(colors, alpha, background, crop, lips, region)


def _compare_by_autograd(
    colors: Tensor, alpha: Tensor, background: Tensor, crop: Crop, lips: Window, region: LossRegion
) -> Comparison:
    """For other devices and types; what the kernels are tested against."""
    table = _placed_table(region, colors.device).to(colors.dtype)
    shown, seen, opaque, counted, charged = table[crop.labels.long()].unbind(-1)
    image = crop.image.to(colors.dtype) / 255.0
    over = colors[..., :3] + (1.0 - alpha)[..., None] * background
    inside = torch.zeros_like(alpha)
    inside[lips.rows_columns] = 1.0
    if region.alpha_on_lips == "free":
        counted = counted * (1.0 - inside)
    elif region.alpha_on_lips == "opaque":
        opaque, counted = torch.maximum(opaque, inside), torch.maximum(counted, inside)
    if region.seen_beside_lips:
        seen = torch.maximum(seen, 1.0 - inside)
    on_lips = on_hair = torch.zeros((), dtype=colors.dtype, device=colors.device)
    if colors.shape[-1] > EXPRESSION_CHANNEL:
        audio, expression = colors[..., AUDIO_CHANNEL], colors[..., EXPRESSION_CHANNEL]
        on_lips = (expression * inside).sum() / inside.sum().clamp_min(1.0)
        on_hair = ((audio + expression) * charged).sum() / charged.sum().clamp_min(1.0)
    return Comparison(
        torch.where(seen[..., None] > 0, over, background),
        torch.where(shown[..., None] > 0, image, background),
        ((alpha - opaque).abs() * counted).mean(),
        on_lips,
        on_hair,
    )


@cache
def _placed_table(region: LossRegion, device: torch.device) -> Tensor:
    return torch.from_numpy(region.table()).to(device)


class _Compare(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        colors: Tensor,
        alpha: Tensor,
        background: Tensor,
        crop: Crop,
        lips: Window,
        region: LossRegion,
    ) -> tuple[Tensor, ...]:
        colors, alpha = colors.contiguous(), alpha.contiguous()
        box = (lips.left, lips.top, lips.right, lips.bottom)
        labels, image = crop.labels.contiguous().numpy(), crop.image.contiguous().numpy()
        on_lips = _ON_LIPS[region.alpha_on_lips]
        shared = labels, region.table(), box, on_lips, region.seen_beside_lips
        prediction, target = torch.empty(2, *alpha.shape, 3)
        rows_sums = np.empty((len(alpha), 5))

        def work(rows: slice) -> None:
            _compose(
                colors.numpy(), alpha.numpy(), background.numpy(), image,
                *shared, rows.start, rows.stop, prediction.numpy(), target.numpy(), rows_sums,
            )  # fmt: skip

        in_halves(work, len(alpha), cost=28 * alpha.shape[1])
        *sums, lips_count, hair_count = rows_sums.sum(axis=0)
        ctx.save_for_backward(alpha, background)
        ctx.shared, ctx.channels = shared, colors.shape[-1]
        ctx.mark_non_differentiable(target)
        ctx.counts = alpha.numel(), max(lips_count, 1), max(hair_count, 1)
        means = [
            torch.tensor(total / count, dtype=torch.float32)
            for total, count in zip(sums, ctx.counts, strict=True)
        ]
        return prediction, target, *means

    @staticmethod
    def backward(ctx: Any, d_prediction: Tensor, _d_target: Tensor, *d_means: Tensor) -> Any:
        alpha, background = ctx.saved_tensors
        scales = [
            np.float32(d_mean.item() / count)
            for d_mean, count in zip(d_means, ctx.counts, strict=True)
        ]
        d_colors = torch.empty(*alpha.shape, ctx.channels)
        d_alpha = torch.empty_like(alpha)
        by_prediction = d_prediction.contiguous().numpy()

        def work(rows: slice) -> None:
            _compose_backward(
                alpha.numpy(), background.numpy(), *ctx.shared, rows.start, rows.stop,
                by_prediction, *scales, d_colors.numpy(), d_alpha.numpy(),
            )  # fmt: skip

        in_halves(work, len(alpha), cost=9 * alpha.shape[1])
        return d_colors, d_alpha, None, None, None, None


@kernel
def _compose(
    colors: Floats,
    alpha: Floats,
    background: Floats,
    image: Bytes,
    labels: Bytes,
    table: Floats,
    lips: tuple[int, int, int, int],
    on_lips_alpha: int,
    seen_beside_lips: bool,
    first_row: int,
    last_row: int,
    prediction: Floats,
    target: Floats,
    sums: Doubles,
) -> None:
    """Fill some rows of prediction, target and sums.

    Sums, float64 [H, 5], are those of a row's alpha errors, of its attention on lips and on hair,
    and the numbers of pixels of both.
    """
    left, top, right, bottom = lips
    has_attention = colors.shape[2] > EXPRESSION_CHANNEL
    width = np.uint64(alpha.shape[1])
    for y in range(first_row, last_row):
        row_error = row_lips = row_hair = _ZERO
        lips_count = hair_count = 0
        between = top <= y < bottom
        for x in range(_ZERO64, width):
            label = np.uint64(labels[y, x])
            inside = between and left <= np.int64(x) < right
            passed = _ONE - alpha[y, x]
            seen = table[label, _SEEN] > _ZERO or (seen_beside_lips and not inside)
            shown = table[label, _SHOWN] > _ZERO
            for c in range(3):
                behind = background[c]
                over = colors[y, x, c] + passed * behind
                prediction[y, x, c] = over if seen else behind
                truth = np.float32(image[y, x, c]) * _UNIT
                target[y, x, c] = truth if shown else behind
            if inside and on_lips_alpha == _FILLED:
                row_error += abs(alpha[y, x] - _ONE)
            elif not (inside and on_lips_alpha == _FREE):
                row_error += table[label, _COUNTED] * abs(alpha[y, x] - table[label, _OPAQUE])
            if inside:
                lips_count += 1
            if table[label, _CHARGED] > _ZERO:
                hair_count += 1
            if has_attention:
                audio, expression = colors[y, x, AUDIO_CHANNEL], colors[y, x, EXPRESSION_CHANNEL]
                row_hair += table[label, _CHARGED] * (audio + expression)
                if inside:
                    row_lips += expression
        sums[y, 0], sums[y, 1], sums[y, 2] = row_error, row_lips, row_hair
        sums[y, 3], sums[y, 4] = lips_count, hair_count


@kernel
def _compose_backward(
    alpha: Floats,
    background: Floats,
    labels: Bytes,
    table: Floats,
    lips: tuple[int, int, int, int],
    on_lips_alpha: int,
    seen_beside_lips: bool,
    first_row: int,
    last_row: int,
    d_prediction: Floats,
    d_alpha_error: np.float32,
    d_lips: np.float32,
    d_hair: np.float32,
    d_colors: Floats,
    d_alpha: Floats,
) -> None:
    left, top, right, bottom = lips
    has_attention = d_colors.shape[2] > EXPRESSION_CHANNEL
    width = np.uint64(alpha.shape[1])
    for y in range(first_row, last_row):
        between = top <= y < bottom
        for x in range(_ZERO64, width):
            label = np.uint64(labels[y, x])
            inside = between and left <= np.int64(x) < right
            by_alpha = _ZERO
            seen = _ONE if seen_beside_lips and not inside else table[label, _SEEN]
            for c in range(3):
                d = d_prediction[y, x, c] * seen
                d_colors[y, x, c] = d
                by_alpha -= d * background[c]
            wanted, counted = table[label, _OPAQUE], table[label, _COUNTED]
            if inside and on_lips_alpha == _FILLED:
                wanted = counted = _ONE
            if not (inside and on_lips_alpha == _FREE):
                error = alpha[y, x] - wanted
                sign = _ONE if error > _ZERO else (-_ONE if error < _ZERO else _ZERO)
                by_alpha += d_alpha_error * counted * sign
            d_alpha[y, x] = by_alpha
            if has_attention:
                on_hair = d_hair * table[label, _CHARGED]
                d_colors[y, x, AUDIO_CHANNEL] = on_hair
                d_colors[y, x, EXPRESSION_CHANNEL] = on_hair + (d_lips if inside else _ZERO)
