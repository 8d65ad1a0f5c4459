"""The ``torch`` backend: all rays at once, any float type and device, by autograd."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from .interface import TRANSMITTANCE_END, March, Samples


def march(
    origins: Tensor, directions: Tensor, occupied: Tensor, rule: March, noise: Tensor
) -> Samples:
    """Sample rays; see :func:`.interface.march`."""
    near, far = _span(origins, directions, rule)
    # No ray is longer within the cube than its diagonal.
    longest = 2.0 * math.sqrt(3.0) / rule.step
    points = torch.arange(math.ceil(longest) + 1, device=origins.device)
    depths = near[:, None] + rule.step * (points + noise[:, None])
    positions = origins[:, None] + depths[..., None] * directions[:, None]
    count = len(occupied)
    cells = (0.5 * (positions + 1.0) * count).floor().long().clamp(0, count - 1)
    inside = (depths < far[:, None]) & occupied[cells.unbind(-1)]
    inside &= inside.cumsum(dim=1) <= rule.samples
    counts = inside.sum(dim=1)
    offsets = torch.cat([counts.new_zeros(1), counts.cumsum(0)])
    rays = torch.arange(len(origins), device=origins.device)
    return Samples(positions[inside], rays.repeat_interleave(counts), depths[inside], offsets)


def blend(
    densities: Tensor, values: Tensor, rays: Tensor, offsets: Tensor, step: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Blend samples; see :func:`.interface.blend`."""
    thickness = densities * step
    # Each ray in a row of its own: over all rays at once float32 sums lose what a sample adds.
    counts = offsets.diff()
    most = int(torch.cat([counts, counts.new_ones(1)]).max())
    places = torch.arange(len(rays), device=rays.device) - offsets[rays]
    before = thickness.new_zeros(len(counts), most + 1)
    before = before.index_put((rays, places + 1), thickness).cumsum(dim=1)
    through = torch.exp(-before[rays, places])
    share = through * (1.0 - torch.exp(-thickness))
    weights = torch.where(through.detach() >= TRANSMITTANCE_END, share, 0.0)
    blended = values.new_zeros(len(offsets) - 1, values.shape[1])
    blended = blended.index_add(0, rays, weights[:, None] * values)
    opacity = weights.new_zeros(len(offsets) - 1).index_add(0, rays, weights)
    return blended, opacity, weights


def _span(origins: Tensor, directions: Tensor, rule: March) -> tuple[Tensor, Tensor]:
    """Where rays enter and leave the box; a ray that misses it leaves before it enters."""
    low, high = origins.new_tensor(rule.low), origins.new_tensor(rule.high)
    first, second = (low - origins) / directions, (high - origins) / directions
    near = torch.minimum(first, second).amax(dim=1).clamp_min(rule.nearest)
    return near, torch.maximum(first, second).amin(dim=1)
