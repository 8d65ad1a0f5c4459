"""A small network with the names, the shapes and the oddities of GGHead's generator."""

from dataclasses import dataclass, field
from types import SimpleNamespace

import torch
from torch import nn
from torch.nn.functional import grid_sample, interpolate

from gghead.config.gaussian_attribute import GaussianAttribute, GaussianAttributeConfig
from gghead.persistence import Persistent


@dataclass
class MappingNetworkConfig:
    num_layers: int = 8


@dataclass
class GGHeadConfig:
    z_dim: int = 512
    w_dim: int = 512
    # No default_factory: since Python 3.11 this is refused.
    mapping_network_config: MappingNetworkConfig = MappingNetworkConfig()  # noqa: RUF009
    gaussian_attribute_config: GaussianAttributeConfig = GaussianAttributeConfig()  # noqa: RUF009
    uv_attributes: list[GaussianAttribute] = field(default_factory=list)
    plane_resolution: int = 256
    n_uniform_flame_vertices: int = 64
    position_range: float = 1.0


class _Mapping(Persistent, nn.Module):
    def __init__(self, config: GGHeadConfig) -> None:
        super().__init__()
        self.num_ws = 14
        self.fc = nn.Linear(config.z_dim, config.w_dim)
        self.register_buffer("w_avg", torch.zeros(config.w_dim))


class _Synthesis(nn.Module):
    def __init__(self, config: GGHeadConfig, channels: int) -> None:
        super().__init__()
        self.num_ws, self.side = 14, config.plane_resolution
        self.const = nn.Parameter(torch.randn(channels, 8, 8))
        self.affine = nn.Linear(config.w_dim, channels * 64)

    def forward(
        self, ws: torch.Tensor, update_emas: bool = False, noise_mode: str = "random"
    ) -> torch.Tensor:
        assert noise_mode == "const", "heads must not change from call to call"
        assert ws.shape[1:] == (self.num_ws, self.affine.in_features)
        small = self.const + 0.3 * self.affine(ws.mean(dim=1)).view(len(ws), -1, 8, 8)
        return interpolate(small, size=(self.side, self.side), mode="bilinear")


class GGHeadModel(nn.Module):
    def __init__(self, config: GGHeadConfig) -> None:
        super().__init__()
        self._config = config
        parts = config.uv_attributes
        sizes = [each.get_n_channels(config.gaussian_attribute_config) for each in parts]
        self.backbone = nn.Module()
        self.backbone.mapping = _Mapping(config)
        self.backbone.synthesis = _Synthesis(config, sum(sizes))
        self._sizes = sizes
        count = config.n_uniform_flame_vertices
        line = torch.linspace(-1, 1, count)
        grid = torch.stack(torch.meshgrid(line, line, indexing="xy"), dim=-1).view(1, -1, 1, 2)
        self.register_buffer("_uv_grid", grid)
        self.register_buffer("_flame_vertices", torch.zeros(1, count * count, 3))
        self.register_buffer("_gaussian_bg", torch.ones(3), persistent=False)
        self._gaussian_model = SimpleNamespace(
            scaling_activation=torch.exp, opacity_activation=torch.sigmoid
        )

    def predict_planes(self, ws: torch.Tensor, **synthesis: object) -> torch.Tensor:
        return self.backbone.synthesis(ws, **synthesis)

    def predict_gaussian_attributes(self, planes: torch.Tensor) -> SimpleNamespace:
        grid = self._uv_grid.expand(len(planes), -1, -1, -1)
        texels = grid_sample(planes, grid, align_corners=False)[..., 0].transpose(1, 2)
        found = dict(zip(self._config.uv_attributes, texels.split(self._sizes, dim=2), strict=True))
        offset = self._config.position_range * torch.tanh(found[GaussianAttribute.POSITION])
        found[GaussianAttribute.POSITION] = self._flame_vertices + offset
        found[GaussianAttribute.SCALE] = -3.6 - torch.nn.functional.softplus(
            -found[GaussianAttribute.SCALE]
        )
        turn = found[GaussianAttribute.ROTATION]
        found[GaussianAttribute.ROTATION] = turn / turn.norm(dim=2, keepdim=True)
        return SimpleNamespace(gaussian_attributes=found)
