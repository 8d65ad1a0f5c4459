"""The ``tcnn`` backend of the tri-plane hash grid: tiny-cuda-nn itself, on CUDA.

The table stays the caller's, so that checkpoints and optimizers do not depend on the backend: a
plane of it has the layout of the parameters of a tiny-cuda-nn encoding, and takes their place.
"""

from __future__ import annotations

from functools import lru_cache

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
        ValueError: A tensor is not float32 on a CUDA device, or the layout is another library's.
    """
    for name, tensor in (("points", points), ("table", table)):
        if tensor.dtype != torch.float32 or tensor.device.type != DEVICE:
            raise ValueError(
                f"the tcnn hash grid needs float32 on {DEVICE}, {name} is {tensor.dtype} on "
                f"{tensor.device}"
            )
    if layout.library != "tiny_cuda_nn":
        raise ValueError(f"the tcnn hash grid cannot lay out a grid of {layout.library}")
    if len(points) == 0:
        # Nothing to launch a kernel for, but the table stays part of the graph.
        return reference.encode(points, table, layout)
    # tiny-cuda-nn works on the current device, whatever that of its inputs is.
    with torch.cuda.device_of(table):
        encoding = _encoding(layout, table.shape[2], table.device)
        features = [
            _encode_plane(encoding, points[:, axes], plane)
            for plane, axes in zip(table, reference.PLANES, strict=True)
        ]
    return torch.cat(features, dim=1)


def _encode_plane(encoding: nn.Module, points: Tensor, plane: Tensor) -> Tensor:
    features: Tensor = torch.func.functional_call(encoding, {"params": plane.flatten()}, (points,))
    if features.requires_grad:
        # tiny-cuda-nn reads the gradient's memory row by row, whatever its strides; what comes from
        # a decoder that works by feature lies column by column.
        features.register_hook(Tensor.contiguous)
    return features


@lru_cache(maxsize=8)
def _encoding(layout: GridLayout, features: int, device: torch.device) -> nn.Module:
    """The encoding of any of the planes; its own parameters are not used."""
    settings = {
        "otype": "HashGrid",
        "n_levels": layout.levels,
        "n_features_per_level": features,
        "log2_hashmap_size": layout.log2_hashmap_size,
        "base_resolution": layout.base_resolution,
        "per_level_scale": layout.per_level_scale,
        "interpolation": "Linear",
    }
    encoding: nn.Module = extension("tinycudann").Encoding(2, settings, dtype=torch.float32)
    expected = layout.length * features
    found = sum(parameter.numel() for parameter in encoding.parameters())
    if found != expected:
        raise Unavailable(
            f"this tiny-cuda-nn lays out {found} parameters for a grid of {expected}; install "
            "version 2.0, or none"
        )
    return encoding.to(device).requires_grad_(False)
