"""Where rays are sampled and how samples become pixels; every backend gives the same."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor

from ...shared.backends import choose

BackendName = Literal["torch", "numba"]
_BACKENDS = {"torch": ".reference", "numba": ".compiled"}
_BY_DEVICE = {"cpu": "numba", "cuda": "torch"}

TRANSMITTANCE_END = 1e-4
"""A ray ends where less of the light behind comes through."""


@dataclass(frozen=True)
class March:
    """How rays are sampled.

    Points of a ray lie a step apart, the first where it enters the box; those in occupied cells
    are its samples, up to a number. This is what torch-ngp's marching comes to with the settings
    of ER-NeRF: its least step, of the cube's diagonal by the number of samples, is above its
    largest, of the diagonal of one of 128 cells, and the largest holds.

    Attributes:
        low, high: corners of the box that holds the head, within the cube [-1, 1].
        step: distance of two points of a ray.
        samples: most samples of a ray.
        nearest: distance from the camera before which nothing is sampled.
    """

    low: tuple[float, float, float] = (-1.0, -1.0, -0.5)
    high: tuple[float, float, float] = (1.0, 1.0, 0.5)
    step: float = 2.0 * 3.0**0.5 / 128
    samples: int = 16
    nearest: float = 0.05


class Samples(NamedTuple):
    """Samples of R rays, one ray after another.

    Attributes:
        positions: [M, 3].
        rays: int64 [M], the ray of each.
        depths: [M], distance from the camera.
        offsets: int64 [R + 1], where the samples of each ray begin; the last is M.
    """

    positions: Tensor
    rays: Tensor
    depths: Tensor
    offsets: Tensor


class Blended(NamedTuple):
    """What the samples of R rays come to.

    Attributes:
        values: [R, C], sum of the samples' values, each by its weight.
        opacity: [R], sum of the weights.
        weights: [M], share of the pixel that each sample has.
    """

    values: Tensor
    opacity: Tensor
    weights: Tensor


def march(
    origins: Tensor,
    directions: Tensor,
    occupied: Tensor,
    rule: March,
    noise: Tensor | None = None,
    *,
    backend: BackendName | None = None,
) -> Samples:
    """Sample rays where space is occupied.

    Args:
        origins: [R, 3], in the units of the box.
        directions: [R, 3], of unit length.
        occupied: bool [C, C, C], cells of the cube [-1, 1], axes x, y, z.
        rule: how.
        noise: [R] in [0, 1), the part of a step by which each ray starts later; None: none.
        backend: "numba" (CPU) or "torch" (any device); by default by the device.
    """
    if noise is None:
        noise = torch.zeros_like(origins[:, 0])
    return _module(backend, origins.device).march(origins, directions, occupied, rule, noise)


def blend(
    densities: Tensor,
    values: Tensor,
    samples: Samples,
    step: float,
    *,
    backend: BackendName | None = None,
) -> Blended:
    """Blend samples from front to back (NeRF's quadrature); differentiable.

    A sample's share of its pixel is what comes through all before it times
    1 - exp(-density * step). Samples behind the point where less than a ten thousandth comes
    through count nothing.

    Args:
        densities: [M], at least 0.
        values: [M, C].
        samples: where they lie.
        step: length of a sample.
        backend: as in `march`.
    """
    module = _module(backend, densities.device)
    return Blended(*module.blend(densities, values, samples.rays, samples.offsets, step))


def _module(named: str | None, device: torch.device) -> Any:
    name = choose(named, device, _BY_DEVICE)
    return import_module(_BACKENDS[name], __package__)
