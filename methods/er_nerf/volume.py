"""From rays to pixels through the field."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from .losses import Pixels
from .marching import March, Samples, blend, march
from .network import Conditions, HeadField

Rays = tuple[Tensor, Tensor]
"""Origins and unit directions, [R, 3] each."""

_UNSEEN = 1e-4
"""A sample with a smaller share of its pixel has no colour in a finished picture."""


class Head(NamedTuple):
    """A head that can be rendered.

    Attributes:
        field: its density and colour.
        occupied: the cells that hold some of it, bool [C, C, C].
        rule: how rays are sampled.
    """

    field: HeadField
    occupied: Tensor
    rule: March


def render_rays(
    head: Head, rays: Rays, behind: Tensor, given: Conditions, noise: Tensor | None = None
) -> Pixels:
    """Render rays, with all that the losses need.

    Args:
        head: what to render.
        rays: of R pixels.
        behind: [R, 3], colours behind the head, from 0 to 1.
        given: what drives the frame.
        noise: see `march`.
    """
    samples = march(*rays, head.occupied, head.rule, noise)
    at = head.field(samples.positions, rays[1][samples.rays], given)
    values = torch.cat([at.colour, at.uncertainty[:, None]], dim=1)
    seen = blend(at.density, values, samples, head.rule.step)
    attentions = torch.stack([at.attention, at.expression_attention], dim=1)
    sums = attentions.new_zeros(len(behind), 2).index_add(0, samples.rays, attentions)
    return Pixels(
        seen.values[:, :3] + (1.0 - seen.opacity)[:, None] * behind,
        seen.opacity,
        seen.values[:, 3],
        sums[:, 0],
        sums[:, 1] / head.rule.samples,
    )


def render_colours(head: Head, rays: Rays, behind: Tensor, given: Conditions) -> Tensor:
    """Return the colours [R, 3] of rays alone; arguments as in `render_rays`."""
    samples = march(*rays, head.occupied, head.rule)
    density, shape = head.field.shapes(samples.positions, given)
    weights = _weights(density, samples, head.rule.step)
    chosen = torch.nonzero(weights > _UNSEEN)[:, 0]
    at, share = samples.rays[chosen], weights[chosen][:, None]
    colours = head.field.colours(shape[chosen], rays[1][at], given)
    opacity = share.new_zeros(len(behind), 1).index_add(0, at, share)
    return ((1.0 - opacity) * behind).index_add(0, at, share * colours)


def render_distances(head: Head, rays: Rays, given: Conditions) -> tuple[Tensor, Tensor]:
    """Return the opacity [R] of rays, and how far along them the head is expected; NaN: nowhere."""
    samples = march(*rays, head.occupied, head.rule)
    density, _ = head.field.shapes(samples.positions, given)
    seen = blend(density, samples.depths[:, None], samples, head.rule.step)
    return seen.opacity, seen.values[:, 0] / seen.opacity.masked_fill(seen.opacity == 0, torch.nan)


def _weights(density: Tensor, samples: Samples, step: float) -> Tensor:
    return blend(density, density.new_empty(len(density), 0), samples, step).weights
