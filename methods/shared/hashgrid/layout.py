"""Where a multi-resolution 2D grid keeps its vertices, as tiny-cuda-nn or torch-ngp lays it out."""

from __future__ import annotations

import ctypes
import os
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

LibraryName = Literal["tiny_cuda_nn", "torch_ngp"]

# A dense level's index must fit into 32 bits; above this many vertices per axis it cannot.
_DENSE_RESOLUTION_MAX = 0xFFFF


@cache
def _libm() -> ctypes.CDLL:
    # numpy's own float32 exp2 and log2 differ from the C library's by one ulp, which moves the
    # vertices of fine levels.
    library = ctypes.CDLL("ucrtbase" if os.name == "nt" else None)
    for name in ("exp2f", "log2f"):
        function = getattr(library, name)
        function.argtypes, function.restype = [ctypes.c_float], ctypes.c_float
    return library


@dataclass(frozen=True, eq=False)
class GridLayout:
    """Levels of one 2D encoder.

    Attributes:
        scales: ``[L]`` float32, vertices between 0 and 1 minus one (not an integer in general).
        resolutions: ``[L]`` uint32, vertices per axis.
        entries: ``[L]`` uint32, table entries of the level.
        offsets: ``[L + 1]`` int64, first entry of each level; the last is the table's length.
        hashed: ``[L]`` bool, whether the level has more vertices than entries.
        base_resolution, per_level_scale, log2_hashmap_size, library: What it was built from.
    """

    scales: NDArray[np.float32]
    resolutions: NDArray[np.uint32]
    entries: NDArray[np.uint32]
    offsets: NDArray[np.int64]
    hashed: NDArray[np.bool_]
    base_resolution: int
    per_level_scale: float
    log2_hashmap_size: int
    library: LibraryName = "tiny_cuda_nn"

    @property
    def levels(self) -> int:
        """Number of levels."""
        return len(self.scales)

    @property
    def length(self) -> int:
        """Entries of all levels."""
        return int(self.offsets[-1])

    @classmethod
    def build(
        cls,
        levels: int,
        base_resolution: int,
        per_level_scale: float,
        log2_hashmap_size: int,
        library: LibraryName = "tiny_cuda_nn",
    ) -> GridLayout:
        """Lay out ``levels`` levels (tiny-cuda-nn ``grid.h``: ``grid_scale``, ``GridOffsetTable``).

        Vertices lie at the same places in both libraries. Positions are shifted by half a cell, so
        the last half cell lies beyond the last vertex: tiny-cuda-nn wraps around there, torch-ngp
        keeps one more vertex on each axis.

        Args:
            levels: Number of levels, at least 1.
            base_resolution: Vertices per axis of the coarsest level.
            per_level_scale: Growth of the resolution from level to level.
            log2_hashmap_size: A level has at most 2 to this power entries.
            library: Whose layout.
        """
        log2_scale = np.float32(_libm().log2f(np.float32(per_level_scale)))
        scales = np.array(
            [
                np.float32(_libm().exp2f(np.float32(level) * log2_scale))
                * np.float32(base_resolution)
                - np.float32(1)
                for level in range(levels)
            ],
            np.float32,
        )
        border = 1 if library == "torch_ngp" else 0
        resolutions = np.ceil(scales).astype(np.uint32) + np.uint32(1 + border)
        vertices = resolutions.astype(np.int64) ** 2
        entries = np.minimum(-(-vertices // 8) * 8, 1 << log2_hashmap_size)
        hashed = (entries < vertices) | (resolutions > _DENSE_RESOLUTION_MAX)
        offsets = np.concatenate([[0], np.cumsum(entries)])
        return cls(
            scales, resolutions, entries.astype(np.uint32), offsets, hashed,
            base_resolution, per_level_scale, log2_hashmap_size, library,
        )  # fmt: skip
