"""tiny-cuda-nn's 2D ``HashGrid`` on the CPU, by the formulas of its grid.h, level by level."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

GRANULARITY = 256


class _RawGradient(torch.autograd.Function):
    """As the bindings do: hands the gradient's memory over, with no regard to its strides."""

    @staticmethod
    def forward(ctx, output: Tensor) -> Tensor:
        return output.clone()

    @staticmethod
    def backward(ctx, d_output: Tensor) -> Tensor:
        scaled = d_output * 1.0
        return torch.as_strided(scaled, scaled.shape, (scaled.shape[1], 1))


class Encoding(nn.Module):
    made: ClassVar[list[Encoding]] = []

    def __init__(self, n_input_dims: int, encoding_config: dict, seed: int = 1337, dtype=None):
        super().__init__()
        assert n_input_dims == 2
        assert dtype is torch.float32
        assert encoding_config["otype"] == "HashGrid"
        assert encoding_config["interpolation"] == "Linear"
        self.features = encoding_config["n_features_per_level"]
        if self.features not in (1, 2, 4, 8):
            raise RuntimeError("number of features must be 1, 2, 4 or 8")
        self.levels = []
        offset = 0
        log2_scale = np.float32(math.log2(np.float32(encoding_config["per_level_scale"])))
        for level in range(encoding_config["n_levels"]):
            growth = np.float32(2.0 ** float(np.float32(level) * log2_scale))
            scale = growth * np.float32(encoding_config["base_resolution"]) - np.float32(1)
            resolution = math.ceil(scale) + 1
            padded = (resolution**2 + 7) // 8 * 8
            entries = min(padded, 1 << encoding_config["log2_hashmap_size"])
            self.levels.append((scale, resolution, entries, offset))
            offset += entries
        generator = torch.Generator().manual_seed(seed)
        values = 2e-4 * torch.rand(offset * self.features, generator=generator) - 1e-4
        self.params = nn.Parameter(values)
        self.n_output_dims = len(self.levels) * self.features
        Encoding.made.append(self)

    def forward(self, x: Tensor) -> Tensor:
        assert x.ndim == 2
        assert x.shape[1] == 2
        assert len(x) > 0
        count = len(x)
        padded = functional.pad(x, [0, 0, 0, -count % GRANULARITY]).to(torch.float32).contiguous()
        params = self.params.to(torch.float32).contiguous()
        output = torch.cat([self._level(padded, params, *level) for level in self.levels], 1)
        return _RawGradient.apply(output)[:count, : self.n_output_dims]

    def _level(self, x, params, scale, resolution, entries, offset) -> Tensor:
        position = x * float(scale) + 0.5
        cell = np.floor(position.detach().numpy())
        fraction = position - torch.from_numpy(cell)
        cell = cell.astype(np.int32).view(np.uint32)
        total = torch.zeros(len(x), self.features)
        for corner in range(4):
            weight, vertex = torch.ones(len(x)), []
            for d in range(2):
                upper = corner >> d & 1
                weight = weight * (fraction[:, d] if upper else 1 - fraction[:, d])
                vertex.append(cell[:, d] + np.uint32(upper))
            if resolution**2 > entries:
                index = vertex[0] ^ vertex[1] * np.uint32(2654435761)
            else:
                index = vertex[0] + vertex[1] * np.uint32(resolution)
            first = (index % np.uint32(entries)).astype(np.int64) + offset
            for f in range(self.features):
                column = torch.zeros(self.features)
                column[f] = 1.0
                value = params[torch.from_numpy(first * self.features + f)]
                total = total + (weight * value)[:, None] * column
        return total
