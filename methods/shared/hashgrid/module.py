"""The tri-plane hash encoder of TalkingGaussian (section 3.2), after ER-NeRF's."""

from __future__ import annotations

from importlib import import_module
from typing import Literal, Protocol, cast

import torch
from torch import Tensor, nn

from ..backends import choose, has_extension
from ..not_finite import NotFinite
from .layout import GridLayout, LibraryName

BackendName = Literal["torch", "numba", "tcnn"]

_INITIAL_RANGE = 1e-4


class Encoder(Protocol):
    """Interpolates three planes of 2D grids."""

    def __call__(self, points: Tensor, table: Tensor, layout: GridLayout) -> Tensor:
        """Encode ``[N, 3]`` points (in [0, 1] inside the box) with a ``[3, T, F]`` table.

        Points outside the box wrap around as in tiny-cuda-nn: defined, but meaningless.
        """
        ...


# Module of this package that holds ``encode``; imported when first asked for.
_BACKENDS = {"torch": ".reference", "numba": ".compiled", "tcnn": ".tcnn"}


def _encoder(named: str | None, device: torch.device) -> Encoder:
    fast = device.type == "cuda" and has_extension("tinycudann")
    on_cuda = "tcnn" if fast else "torch"
    name = choose(named, device, {"cpu": "numba", "cuda": on_cuda})
    return cast(Encoder, import_module(_BACKENDS[name], __package__).encode)


class TriPlaneHashGrid(nn.Module):
    """Encodes positions by multi-resolution hash grids on the planes xy, yz and xz.

    Each plane is one tiny-cuda-nn ``HashGrid`` encoding with linear interpolation, or torch-ngp's
    of the same settings, which is zero outside the box; resolutions count vertices, as
    tiny-cuda-nn does, and its ``per_level_scale`` is ``(finest / base) ** (1 / (levels - 1))``.

    Attributes:
        table: Parameter ``[3, entries, features]``; per plane in tiny-cuda-nn's order.
        layout: Levels of one plane.
        output_dim: Features of one encoded point, ``3 * levels * features``; ordered by plane,
            then level, then feature.
    """

    def __init__(
        self,
        base_resolution: int,
        finest_resolution: float,
        *,
        levels: int = 12,
        features: int = 1,
        log2_hashmap_size: int = 17,
        bound: float = 0.15,
        generator: torch.Generator | None = None,
        library: LibraryName = "tiny_cuda_nn",
        backend: BackendName | None = None,
    ) -> None:
        """Make the tables, drawn from U(-1e-4, 1e-4).

        Args:
            base_resolution: Vertices per axis of the coarsest level.
            finest_resolution: Vertices per axis of the finest level, not an integer in general.
            levels: Number of levels per plane.
            features: Features per entry.
            log2_hashmap_size: A level with more vertices than 2 to this power is hashed.
            bound: Half the box's edge, in the unit of the positions.
            generator: Source of the initial values.
            library: Whose layout of the table, see :class:`.layout.GridLayout`.
            backend: ``numba`` (float32, CPU), ``tcnn`` (float32, CUDA) or ``torch`` (any float
                type and device, slow); by default the one for the device of the positions, which
                on CUDA is ``torch`` where tiny-cuda-nn is not installed.
        """
        super().__init__()
        if backend is not None and backend not in _BACKENDS:
            raise ValueError(f"no hash grid backend {backend!r}; there are {', '.join(_BACKENDS)}")
        if levels < 1 or features < 1 or min(base_resolution, finest_resolution) < 2:
            raise ValueError(
                f"no such grid: {levels} levels of {features} features from {base_resolution} "
                f"to {finest_resolution} vertices"
            )
        growth = (finest_resolution / base_resolution) ** (1.0 / max(levels - 1, 1))
        self.layout = GridLayout.build(levels, base_resolution, growth, log2_hashmap_size, library)
        self.output_dim = 3 * levels * features
        self.bound = bound
        self._backend: str | None = backend
        table = torch.rand(3, self.layout.length, features, generator=generator)
        self.table = nn.Parameter((2.0 * table - 1.0) * _INITIAL_RANGE)

    def forward(self, positions: Tensor) -> Tensor:
        """Encode positions.

        Args:
            positions: ``[N, 3]``, within ``[-bound, bound]``; outside of it torch-ngp's features
                are zero.

        Returns:
            ``[N, output_dim]``.

        Raises:
            NotFinite: A position on a CPU is NaN or infinite. On a GPU nothing is read back to
                see it: that would be to wait for the device.
            Unavailable: tiny-cuda-nn was named and is not installed.
        """
        on_cpu = positions.device.type == "cpu"
        if on_cpu and not torch.isfinite(positions.detach().sum()):
            raise NotFinite("positions hold NaN or infinity, so they cannot be encoded")
        encode = _encoder(self._backend, positions.device)
        if self.layout.library == "tiny_cuda_nn":
            return encode(self._in_box(positions), self.table, self.layout)
        inside = (positions.detach().abs() <= self.bound).all(dim=1)
        points = self._in_box(positions.clamp(-self.bound, self.bound))
        return encode(points, self.table, self.layout) * inside[:, None]

    def _in_box(self, positions: Tensor) -> Tensor:
        return (positions + self.bound) / (2.0 * self.bound)
