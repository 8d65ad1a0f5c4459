"""The torso: a flat field of the image, warped as the head's pose says (pseudo-3D deformation).

The head turns about a torso that hardly moves. Three points that move with the head say how it is
turned; from where they appear in the image, every pixel gets the place of the torso that it shows.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..shared.hashgrid.layout import GridLayout
from .network import CODES, mlp
from .rays import Pinhole

_SHRINK = 0.8
"""What the image's border is on the torso's plane, which reaches from -1 to 1."""

_PLACE_OCTAVES, _POSE_OCTAVES = 8, 3
_LEVELS, _FEATURES, _COARSEST, _FINEST, _LOG2_SIZE = 16, 2, 16, 2048, 16
_HIDDEN, _CODE, _CODE_START = 32, 8, 0.1
_GRID_START = 1e-4
_ANCHORS = ((-0.1, -0.1, 0.1), (0.1, -0.1, 0.1), (0.0, 0.1, 0.1))
"""Where the points begin, in units of the field."""


class TorsoField(nn.Module):
    """Colour and opacity of the torso's pixels for a pose of the head."""

    def __init__(self) -> None:
        """Make an untrained field; sizes are those of the official code."""
        super().__init__()
        anchors = torch.tensor(_ANCHORS)
        self.anchors = nn.Parameter(torch.cat([anchors, torch.ones(len(anchors), 1)], dim=1))
        self.grid = TiledGrid()
        pose = 2 * len(anchors) * (1 + 2 * _POSE_OCTAVES)
        inputs = 2 * (1 + 2 * _PLACE_OCTAVES) + pose + _CODE
        self.deformation = mlp(inputs, _HIDDEN, _HIDDEN, 2)
        self.paint = mlp(self.grid.output_dim + inputs, _HIDDEN, _HIDDEN, 4)
        self.codes = nn.Parameter(_CODE_START * torch.randn(CODES, _CODE))

    def forward(
        self, columns: Tensor, rows: Tensor, camera: Pinhole, frame: int = 0
    ) -> tuple[Tensor, Tensor]:
        """Return colours [R, 3] and opacities [R, 1] of pixels.

        Args:
            columns: int [R], of the pixels.
            rows: int [R].
            camera: of the frame.
            frame: number of the training frame; those that are rendered have the first's code.
        """
        size = torch.tensor([camera.width, camera.height], device=columns.device)
        pixels = torch.stack([columns, rows], dim=1)
        places = _SHRINK * ((pixels + 0.5) / size * 2.0 - 1.0)
        turn = octaves(self.projected(camera).flatten()[None], _POSE_OCTAVES)
        known = torch.cat([turn, self.codes[frame][None]], dim=1).expand(len(places), -1)
        inputs = torch.cat([octaves(places, _PLACE_OCTAVES), known], dim=1)
        shown = (places + self.deformation(inputs)).clamp(-1.0, 1.0)
        painted = torch.sigmoid(self.paint(torch.cat([self.grid(shown), inputs], dim=1)))
        return painted[:, 1:], painted[:, :1]

    def projected(self, camera: Pinhole) -> Tensor:
        """Return where a camera sees the points, [3, 2], by their depth: right and up."""
        seen = (self.anchors[:, :3] / self.anchors[:, 3:] - camera.centre) @ camera.axes
        return seen[:, :2] / -seen[:, 2:]

    def over(
        self, plate: Tensor, columns: Tensor, rows: Tensor, camera: Pinhole, frame: int = 0
    ) -> Tensor:
        """Return the colours [R, 3] of the torso over a plate [R, 3]; arguments as of `forward`."""
        colour, opacity = self(columns, rows, camera, frame)
        return opacity * colour + (1.0 - opacity) * plate

    def out_of_scale(self) -> Tensor:
        """Return by how much the points' fourth coordinates differ from 1, squared; the mean."""
        return (1.0 - self.anchors[:, 3]).square().mean()


class TiledGrid(nn.Module):
    """Features of a plane from -1 to 1, interpolated between the vertices of grids.

    A level with more vertices than entries uses them again and again, without hashing
    (torch-ngp's "tiled").
    """

    scales: Tensor
    resolutions: Tensor
    entries: Tensor
    offsets: Tensor
    corners: Tensor

    def __init__(self) -> None:
        super().__init__()
        growth = (_FINEST / _COARSEST) ** (1.0 / (_LEVELS - 1))
        layout = GridLayout.build(_LEVELS, _COARSEST, growth, _LOG2_SIZE, "torch_ngp")
        self.output_dim = _LEVELS * _FEATURES
        start = 2.0 * torch.rand(layout.length, _FEATURES) - 1.0
        self.table = nn.Parameter(_GRID_START * start)
        self.register_buffer("scales", torch.from_numpy(layout.scales), persistent=False)
        for name in ("resolutions", "entries"):
            numbers = torch.from_numpy(getattr(layout, name).astype("int64"))
            self.register_buffer(name, numbers, persistent=False)
        offsets = torch.from_numpy(layout.offsets[:-1].copy())
        self.register_buffer("offsets", offsets, persistent=False)
        corners = torch.tensor([[0, 0], [1, 0], [0, 1], [1, 1]])
        self.register_buffer("corners", corners, persistent=False)

    def forward(self, places: Tensor) -> Tensor:
        """Return the features [N, levels * features] of places [N, 2]."""
        where = (0.5 * (places[:, None] + 1.0)) * self.scales[:, None].to(places.dtype) + 0.5
        lower = torch.floor(where).detach()
        # Axes: corners, places, levels.
        x, y = (lower + self.corners[:, None, None]).long().unbind(-1)
        rows = (x + y * self.resolutions) % self.entries + self.offsets
        share = (1.0 - (self.corners[:, None, None] - (where - lower)).abs()).prod(dim=-1)
        # Indexing sorts its rows to add their gradients, which is ten times as slow.
        vertices = functional.embedding(rows, self.table)
        return (share[..., None] * vertices).sum(dim=0).flatten(1)


def octaves(values: Tensor, count: int) -> Tensor:
    """Return values [N, D] with sine and cosine of their doubles, [N, D + 2 * D * count]."""
    turned = [values * math.ldexp(1.0, octave) for octave in range(count)]
    return torch.cat(
        [values, *(part(turn) for turn in turned for part in (torch.sin, torch.cos))], 1
    )
