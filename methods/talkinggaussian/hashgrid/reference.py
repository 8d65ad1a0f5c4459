"""The ``torch`` backend of the tri-plane hash grid: any float type, by autograd."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from .layout import GridLayout

_PLANES = ((0, 1), (1, 2), (0, 2))
_PRIME = 2654435761
_UINT32 = 0xFFFFFFFF


def encode(points: Tensor, table: Tensor, layout: GridLayout) -> Tensor:
    """Encode points; see :class:`.module.Encoder`."""
    columns = [
        _interpolate(points[:, axes], table[plane], layout, level)
        for plane, axes in enumerate(_PLANES)
        for level in range(layout.levels)
    ]
    return torch.cat(columns, dim=1)


def _interpolate(points: Tensor, table: Tensor, layout: GridLayout, level: int) -> Tensor:
    position = points * float(layout.scales[level]) + 0.5
    lower = torch.floor(position)
    fx, fy = (position - lower).unbind(-1)
    gx, gy = (lower.detach().to(torch.int64) & _UINT32).unbind(-1)

    def vertex(step_x: int, step_y: int) -> Tensor:
        x, y = (gx + step_x) & _UINT32, (gy + step_y) & _UINT32
        if layout.hashed[level]:
            index = x ^ (y * _PRIME & _UINT32)
        else:
            index = x + y * int(layout.resolutions[level]) & _UINT32
        row = index % int(layout.entries[level]) + int(layout.offsets[level])
        return functional.embedding(row, table)

    fx, fy = fx[:, None], fy[:, None]
    low = vertex(0, 0) * (1 - fx) + vertex(1, 0) * fx
    high = vertex(0, 1) * (1 - fx) + vertex(1, 1) * fx
    return low * (1 - fy) + high * fy
