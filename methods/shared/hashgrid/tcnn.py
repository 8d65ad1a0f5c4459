"""The ``tcnn`` backend of the tri-plane hash grid: tiny-cuda-nn itself, on CUDA.

The table stays the caller's, so that checkpoints and optimizers do not depend on the backend: a
plane of it has the layout of the parameters of a tiny-cuda-nn encoding, and takes their place. Of
a table that torch-ngp laid out, each level has.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn

from tgbench.errors import Unavailable

from ..backends import extension
from . import reference
from .layout import GridLayout

DEVICE = "cuda"


def encode(points: Tensor, table: Tensor, layout: GridLayout) -> Tensor:
    """Encode points; see :class:`.module.Encoder`.

    Raises:
        Unavailable: tiny-cuda-nn is not installed, or lays its parameters out in another way.
        ValueError: A tensor is not float32 on a CUDA device.
    """
    for name, tensor in (("points", points), ("table", table)):
        if tensor.dtype != torch.float32 or tensor.device.type != DEVICE:
            raise ValueError(
                f"the tcnn hash grid needs float32 on {DEVICE}, {name} is {tensor.dtype} on "
                f"{tensor.device}"
            )
    if len(points) == 0:
        # Nothing to launch a kernel for, but the table stays part of the graph.
        return reference.encode(points, table, layout)
    # tiny-cuda-nn works on the current device, whatever that of its inputs is.
    with torch.cuda.device_of(table):
        parts = _parts(layout, table.shape[2], table.device)
        features = [
            _encode_plane(part, points[:, axes], plane)
            for plane, axes in zip(table, reference.PLANES, strict=True)
            for part in parts
        ]
    return torch.cat(features, dim=1)


class _Part(NamedTuple):
    """Levels that one encoding holds.

    Attributes:
        encoding: of any of the planes; its own parameters are not used.
        rows: of a plane's table, its first and the one after its last.
        factor: what the encoding takes for a point, as a share of it.
    """

    encoding: nn.Module
    rows: tuple[int, int]
    factor: float


def _encode_plane(part: _Part, points: Tensor, plane: Tensor) -> Tensor:
    levels = plane[slice(*part.rows)]
    if part.factor != 1.0:
        points = points * part.factor
    features: Tensor = torch.func.functional_call(
        part.encoding, {"params": levels.flatten()}, (points,)
    )
    if features.requires_grad:
        # tiny-cuda-nn reads the gradient's memory row by row, whatever its strides; what comes from
        # a decoder that works by feature lies column by column.
        features.register_hook(Tensor.contiguous)
    return features


@lru_cache(maxsize=8)
def _parts(layout: GridLayout, features: int, device: torch.device) -> tuple[_Part, ...]:
    """Return the encodings of a layout.

    One holds all levels of tiny-cuda-nn's own. A level of torch-ngp has one more vertex on each
    axis than tiny-cuda-nn would give it, so each is a grid of that many vertices, in which points
    lie nearer to the first.
    """
    if layout.library == "tiny_cuda_nn":
        whole = (layout.levels, layout.base_resolution, layout.per_level_scale)
        encoding = _encoding(layout, features, *whole, layout.length).to(device)
        return (_Part(encoding, (0, layout.length), 1.0),)
    levels = zip(layout.scales, layout.resolutions, pairwise(layout.offsets), strict=True)
    parts = []
    for scale, vertices, (first, last) in levels:
        encoding = _encoding(layout, features, 1, int(vertices), 1.0, int(last - first))
        factor = float(scale) / (int(vertices) - 1)
        parts.append(_Part(encoding.to(device), (int(first), int(last)), factor))
    return tuple(parts)


def _encoding(
    layout: GridLayout, features: int, levels: int, coarsest: int, growth: float, entries: int
) -> nn.Module:
    settings = {
        "otype": "HashGrid",
        "n_levels": levels,
        "n_features_per_level": features,
        "log2_hashmap_size": layout.log2_hashmap_size,
        "base_resolution": coarsest,
        "per_level_scale": growth,
        "interpolation": "Linear",
    }
    encoding: nn.Module = extension("tinycudann").Encoding(2, settings, dtype=torch.float32)
    expected = entries * features
    found = sum(parameter.numel() for parameter in encoding.parameters())
    if found != expected:
        raise Unavailable(
            f"this tiny-cuda-nn lays out {found} parameters for a grid of {expected}; install "
            "version 2.0, or none"
        )
    return encoding.requires_grad_(False)
