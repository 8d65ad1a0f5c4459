"""The ``torch`` backend of the tri-plane hash grid: any float type and device, by autograd."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional

from .layout import GridLayout

PLANES = (slice(0, 2), slice(1, 3), slice(0, 3, 2))
"""Columns of a point on the planes xy, yz and xz."""

_PRIME = 2654435761
_UINT32 = 0xFFFFFFFF
_CORNERS = ((0, 0), (1, 0), (0, 1), (1, 1))


def encode(points: Tensor, table: Tensor, layout: GridLayout) -> Tensor:
    """Encode points; see :class:`.module.Encoder`. All planes and levels are worked off at once."""
    scales, *integers = _levels(layout, points.device)
    on_planes = torch.stack([points[:, axes] for axes in PLANES], dim=1)
    # From here on the axes are points, planes, levels.
    position = on_planes[:, :, None] * scales[:, None].to(points.dtype) + 0.5
    lower = torch.floor(position)
    fx, fy = (position - lower).unbind(-1)
    rows = _rows(lower.detach().to(torch.int64) & _UINT32, *integers)
    planes = torch.arange(len(PLANES), device=points.device)[:, None] * layout.length
    v00, v10, v01, v11 = functional.embedding(rows + planes, table.flatten(0, 1))
    fx, fy = fx[..., None], fy[..., None]
    low = v00 * (1 - fx) + v10 * fx
    high = v01 * (1 - fx) + v11 * fx
    return (low * (1 - fy) + high * fy).flatten(1)


def _rows(
    lower: Tensor, resolutions: Tensor, entries: Tensor, offsets: Tensor, hashed: Tensor
) -> Tensor:
    """Rows of a plane's table, of the four vertices around each cell."""
    corners = []
    for step_x, step_y in _CORNERS:
        x, y = (lower[..., 0] + step_x) & _UINT32, (lower[..., 1] + step_y) & _UINT32
        index = torch.where(hashed, x ^ (y * _PRIME & _UINT32), (x + y * resolutions) & _UINT32)
        corners.append(index % entries + offsets)
    return torch.stack(corners)


@lru_cache(maxsize=8)
def _levels(layout: GridLayout, device: torch.device) -> tuple[Tensor, ...]:
    """Scales, resolutions, entries, offsets and whether hashed: each ``[L]``, on the device."""
    integers = (layout.resolutions, layout.entries, layout.offsets[:-1])
    return (
        torch.from_numpy(layout.scales).to(device),
        *(torch.from_numpy(numbers.astype("int64")).to(device) for numbers in integers),
        torch.from_numpy(layout.hashed).to(device),
    )
