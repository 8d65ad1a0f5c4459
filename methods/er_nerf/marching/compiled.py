"""The ``numba`` backend of marching and blending: float32 on the CPU."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from . import kernels
from .interface import TRANSMITTANCE_END, March, Samples


def march(
    origins: Tensor, directions: Tensor, occupied: Tensor, rule: March, noise: Tensor
) -> Samples:
    """Sample rays; see :func:`.interface.march`."""
    starts, slopes = origins.contiguous().numpy(), directions.contiguous().numpy()
    found = np.empty((len(starts), rule.samples), np.float32)
    counts = np.empty(len(starts), np.int64)
    box = (np.array(rule.low, np.float32), np.array(rule.high, np.float32))
    limits = (np.float32(rule.nearest), np.float32(rule.step))
    kernels.sample_rays(
        starts, slopes, noise.numpy(), occupied.numpy(), *box, *limits, found, counts
    )
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
    positions = np.empty((offsets[-1], 3), np.float32)
    rays, depths = np.empty(offsets[-1], np.int64), np.empty(offsets[-1], np.float32)
    kernels.place_samples(starts, slopes, found, offsets, positions, rays, depths)
    return Samples(*map(torch.from_numpy, (positions, rays, depths, offsets)))


def blend(
    densities: Tensor, values: Tensor, rays: Tensor, offsets: Tensor, step: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Blend samples; see :func:`.interface.blend`."""
    return _Blend.apply(densities, values, offsets, step)


class _Blend(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, densities: Tensor, values: Tensor, offsets: Tensor, step: float
    ) -> tuple[Tensor, Tensor, Tensor]:
        densities, values = densities.contiguous(), values.contiguous()
        blended = torch.empty(len(offsets) - 1, values.shape[1])
        opacity, weights = torch.empty(len(offsets) - 1), torch.empty_like(densities)
        kernels.blend_forward(
            densities.numpy(), values.numpy(), offsets.numpy(), np.float32(step),
            np.float32(TRANSMITTANCE_END), blended.numpy(), opacity.numpy(), weights.numpy(),
        )  # fmt: skip
        ctx.save_for_backward(densities, values, offsets, weights)
        ctx.step = step
        return blended, opacity, weights

    @staticmethod
    def backward(
        ctx: Any, d_blended: Tensor, d_opacity: Tensor, d_weights: Tensor
    ) -> tuple[Tensor, Tensor, None, None]:
        densities, values, offsets, weights = ctx.saved_tensors
        d_densities, d_values = torch.empty_like(densities), torch.empty_like(values)
        gradients = (part.contiguous().numpy() for part in (d_blended, d_opacity, d_weights))
        kernels.blend_backward(
            densities.numpy(), values.numpy(), offsets.numpy(), np.float32(ctx.step),
            weights.numpy(), *gradients, d_densities.numpy(), d_values.numpy(),
        )  # fmt: skip
        return d_densities, d_values, None, None
