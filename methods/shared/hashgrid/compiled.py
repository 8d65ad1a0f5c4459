"""The ``numba`` backend of the tri-plane hash grid."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..threads import halves, in_halves
from .kernels import encode as _encode
from .kernels import encode_backward as _encode_backward
from .layout import GridLayout

_COST = 16
"""Nanoseconds that a point takes in one level of three planes, in either direction."""


def encode(points: Tensor, table: Tensor, layout: GridLayout) -> Tensor:
    """Encode points; see :class:`.module.Encoder`."""
    for name, tensor in (("points", points), ("table", table)):
        if tensor.dtype != torch.float32 or tensor.device.type != "cpu":
            raise ValueError(f"the numba hash grid needs float32 on the CPU, {name} is not")
    return _Encode.apply(points, table, layout)


def _level_arrays(layout: GridLayout) -> tuple[Any, ...]:
    return layout.scales, layout.resolutions, layout.entries, layout.offsets, layout.hashed


class _Encode(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, points: Tensor, table: Tensor, layout: GridLayout) -> Tensor:
        points, table = points.contiguous(), table.contiguous()
        output = torch.empty(3 * layout.levels * table.shape[2], len(points))
        flat = table.view(3, -1).numpy()

        def work(levels: slice) -> None:
            _encode(
                points.numpy(), flat, table.shape[2], *_level_arrays(layout),
                levels.start, levels.stop, output.numpy(),
            )  # fmt: skip

        in_halves(work, layout.levels, cost=_COST * len(points))
        ctx.save_for_backward(points, table)
        ctx.layout = layout
        # A view: by feature is how the kernel writes, and how a decoder multiplies fastest.
        return output.t()

    @staticmethod
    def backward(ctx: Any, d_output: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        points, table = ctx.saved_tensors
        entries = table.shape[1] if ctx.needs_input_grad[1] else 0
        d_table = np.empty((3, entries, table.shape[2]), np.float32)
        middle = ctx.layout.levels // 2
        parts = slice(0, middle), slice(middle, ctx.layout.levels)
        d_points = np.empty((2, len(points) if ctx.needs_input_grad[0] else 0, 3), np.float32)
        by_feature = d_output.t().contiguous().numpy()

        def work(levels: slice) -> None:
            _encode_backward(
                points.numpy(), table.view(3, -1).numpy(), table.shape[2],
                *_level_arrays(ctx.layout), levels.start, levels.stop, by_feature,
                d_table.reshape(3, entries * table.shape[2]), d_points[parts.index(levels)],
            )  # fmt: skip

        halves(work, parts, cost=_COST * len(points) * ctx.layout.levels)
        return (
            torch.from_numpy(d_points[0] + d_points[1]) if ctx.needs_input_grad[0] else None,
            torch.from_numpy(d_table) if ctx.needs_input_grad[1] else None,
            None,
        )
