"""An expert that reads lips, which the network has to satisfy (paper, section 3.1).

The paper's expert was trained to say whether lips and speech belong together. The articulators of
synthetic mouths are known, so this one reads them off a face.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

_MOUTH = (slice(44, 94), slice(20, 76))
"""Rows and columns of a face that it looks at."""

_CHANNELS = (3, 16, 32, 64, 64)


class LipReader(nn.Module):
    """Reads what a mouth does from a face."""

    def __init__(self, articulators: int) -> None:
        """Make an untrained one."""
        super().__init__()
        layers: list[nn.Module] = []
        for before, after in pairwise(_CHANNELS):
            convolution = nn.Conv2d(before, after, 3, stride=2, padding=1)
            layers += [convolution, nn.BatchNorm2d(after), nn.ReLU()]
        self.seen = nn.Sequential(*layers, nn.Flatten())
        self.said = nn.LazyLinear(articulators)

    def forward(self, faces: Tensor) -> Tensor:
        """Return articulators [B, N], normalised, of faces [B, 3, 96, 96] in 0 to 1, blue first."""
        said: Tensor = self.said(self.seen(faces[:, :, _MOUTH[0], _MOUTH[1]]))
        return said

    def apart(self, made: Tensor, true: Tensor) -> Tensor:
        """Return by how much two sets of faces [B, 3, 96, 96] seem to say other things."""
        with torch.no_grad():
            wanted = self(true)
        return (self(made) - wanted).abs().mean()
