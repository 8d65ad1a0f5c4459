"""From rays to pixels through the field."""

from __future__ import annotations

import torch
from torch import Tensor

from .losses import Pixels
from .marching import March, blend, march
from .network import Conditions, HeadField


def render_rays(
    head: HeadField,
    occupied: Tensor,
    rule: March,
    rays: tuple[Tensor, Tensor],
    behind: Tensor,
    given: Conditions,
    noise: Tensor | None = None,
) -> Pixels:
    """Render rays.

    Args:
        head: the field.
        occupied: its occupied cells, bool [C, C, C].
        rule: how rays are sampled.
        rays: origins and unit directions, [R, 3] each.
        behind: [R, 3], colours behind the head, from 0 to 1.
        given: what drives the frame.
        noise: see `march`.
    """
    samples = march(*rays, occupied, rule, noise)
    at = head(samples.positions, rays[1][samples.rays], given)
    values = torch.cat([at.colour, at.uncertainty[:, None]], dim=1)
    seen = blend(at.density, values, samples, rule.step)
    sums = torch.stack([at.attention, at.expression_attention], dim=1)
    sums = sums.new_zeros(len(behind), 2).index_add(0, samples.rays, sums)
    colour = seen.values[:, :3] + (1.0 - seen.opacity)[:, None] * behind
    return Pixels(
        colour, seen.opacity, seen.values[:, 3], sums[:, 0], sums[:, 1] / rule.samples
    )
