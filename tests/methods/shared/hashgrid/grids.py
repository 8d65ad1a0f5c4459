"""Grids to compare, and the backends and devices that hold them."""

from __future__ import annotations

from typing import NamedTuple

import pytest
import torch

from tgbench.methods.shared.backends import has_extension
from tgbench.methods.shared.hashgrid import TriPlaneHashGrid

BOUND = 0.15
PLANES = ((0, 1), (1, 2), (0, 2))


class Place(NamedTuple):
    """A backend and where it works; slack is for a device with fast arithmetic."""

    backend: str
    device: str = "cpu"
    slack: float = 1.0


CPU, ORACLE = Place("numba"), Place("torch")
TWIN = pytest.param("twin", id="tcnn-twin")


def on_cuda(place: Place):
    reason = "" if torch.cuda.is_available() else "no CUDA device"
    if not reason and place.backend == "tcnn" and not has_extension("tinycudann"):
        reason = "tiny-cuda-nn is not installed"
    return pytest.param(
        place, marks=pytest.mark.skipif(bool(reason), reason=reason), id=f"{place.backend}-cuda"
    )


CUDA = (on_cuda(Place("torch", "cuda")), on_cuda(Place("tcnn", "cuda", slack=10.0)))


def grid(base: int, finest: int, place: Place = CPU, *, seed: int = 0, **options):
    made = TriPlaneHashGrid(
        base, finest, generator=torch.Generator().manual_seed(seed), backend=place.backend,
        **options,
    )  # fmt: skip
    # As drawn, entries are so small that errors would drown in rounding.
    made.table.data *= 1e4
    return made.to(place.device)


def supported(place: Place, features: int) -> None:
    if place.backend == "tcnn" and features not in (1, 2, 4, 8):
        pytest.skip("tiny-cuda-nn has 1, 2, 4 or 8 features")


def random_positions(count: int, reach: float = BOUND, seed: int = 1) -> torch.Tensor:
    g = torch.Generator().manual_seed(seed)
    return (2 * torch.rand(count, 3, generator=g) - 1) * reach
