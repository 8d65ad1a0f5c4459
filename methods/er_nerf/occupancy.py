"""Which cells of the box hold some of the head, so that rays pass over the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from .marching import March
from .rays import Pinhole

_DECAY = 0.95
_DENSEST = 10.0
_ALL_CELLS = 16
"""Updates at the start that look at every cell."""

_AT_ONCE = 1 << 18


class Occupancy(nn.Module):
    """Densities of cells, as they were last seen, and the cells that rays are sampled in."""

    densities: Tensor
    occupied: Tensor
    seen: Tensor
    updates: Tensor

    def __init__(self, cells: int, rule: March, cameras: Sequence[Pinhole]) -> None:
        """Begin with every cell that a camera sees.

        Args:
            cells: along each axis of the cube [-1, 1].
            rule: whose box holds the head.
            cameras: of training frames.
        """
        super().__init__()
        self._cells = cells
        sides = (torch.arange(cells) + 0.5) / cells * 2.0 - 1.0
        centres = torch.stack(torch.meshgrid(sides, sides, sides, indexing="ij"), dim=-1)
        half = 1.0 / cells
        low, high = torch.tensor(rule.low) - half, torch.tensor(rule.high) + half
        seen = ((centres > low) & (centres < high)).all(dim=-1)
        seen &= torch.stack([camera.sees(centres, half * 3**0.5) for camera in cameras]).any(dim=0)
        self.register_buffer("seen", seen)
        self.register_buffer("occupied", seen.clone())
        self.register_buffer("densities", torch.zeros(cells, cells, cells))
        self.register_buffer("updates", torch.zeros((), dtype=torch.int64))

    @torch.no_grad()
    def update(
        self, density: Callable[[Tensor], Tensor], share: float, generator: torch.Generator
    ) -> None:
        """Look at cells again, each at a random point of it.

        Args:
            density: returns the density [M] at points [M, 3].
            share: of the cells, after the first updates.
            generator: of the points.
        """
        rows = self.seen.nonzero()
        if self.updates >= _ALL_CELLS and share < 1:
            chosen = torch.rand(len(rows), generator=generator, device=generator.device) < share
            rows = rows[chosen.to(rows.device)]
        self.densities *= _DECAY
        for part in rows.split(_AT_ONCE):
            jitter = torch.rand(part.shape, generator=generator, device=generator.device)
            points = (part + jitter.to(part.device)) / self._cells * 2.0 - 1.0
            here = part.unbind(-1)
            self.densities[here] = torch.maximum(self.densities[here], density(points))
        threshold = self.densities[self.seen].mean().clamp_max(_DENSEST)
        spread = functional.max_pool3d(self.densities[None, None], 3, stride=1, padding=1)[0, 0]
        self.occupied = (spread > threshold) & self.seen
        self.updates += 1
