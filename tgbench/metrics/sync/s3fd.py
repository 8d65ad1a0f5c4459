"""S3FD, the face detector of the original SyncNet pipeline.

Zhang et al. 2017, "S3FD: Single Shot Scale-invariant Face Detector": VGG-16 with six heads, each
for faces of one size. Parameter names are those of the published `sfd_face.pth`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ...arrays import Image
from ...weights.loading import load_weights
from .nms import MOST_OVERLAP, without_duplicates

FACE_SIZES = (16, 32, 64, 128, 256, 512)
"""Side of each head's prior boxes, pixels of the network's input."""

STEPS = (4, 8, 16, 32, 64, 128)
"""Distance between the priors of each head, pixels."""

_VGG = (64, 64, "M", 128, 128, "M", 256, 256, 256, "C", 512, 512, 512, "M", 512, 512, 512, "M")
_TAPS = (16, 23, 30)
"""Layers of VGG before which the first three heads look."""

_HEAD_CHANNELS = (256, 512, 512, 1024, 512, 256)
_CENTRE_VARIANCE, _SIZE_VARIANCE = 0.1, 0.2
_OVERLAP_IN_NETWORK = 0.3

_CONFIDENCE = 0.9
_SCALE = 0.25
_SMALLEST = 112
"""Pixels of an image's smaller side below which nothing is left of it for the later heads."""


# The published means are those of blue, green, red. The original turns the image to that order,
# subtracts, and turns it back, so that the network sees red first.
_MEAN_RGB = np.array([123.0, 117.0, 104.0], np.float32)


class ChannelNorm(nn.Module):
    """Scales each pixel's feature vector to unit length, times a weight per channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))

    def forward(self, features: Tensor) -> Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        length = features.pow(2).sum(dim=1, keepdim=True).sqrt() + 1e-10
        return self.weight[:, None, None] * torch.div(features, length)


class S3fdNetwork(nn.Module):
    """The network: an image to a score and a box at every prior."""

    def __init__(self) -> None:
        super().__init__()
        self.vgg = nn.ModuleList(_vgg_layers())
        self.L2Norm3_3 = ChannelNorm(256)
        self.L2Norm4_3 = ChannelNorm(512)
        self.L2Norm5_3 = ChannelNorm(512)
        self.extras = nn.ModuleList(
            [
                nn.Conv2d(1024, 256, 1),
                nn.Conv2d(256, 512, 3, stride=2, padding=1),
                nn.Conv2d(512, 128, 1),
                nn.Conv2d(128, 256, 3, stride=2, padding=1),
            ]
        )
        self.loc = nn.ModuleList(nn.Conv2d(c, 4, 3, padding=1) for c in _HEAD_CHANNELS)
        # The head for the smallest faces has three scores for "no face".
        self.conf = nn.ModuleList(
            nn.Conv2d(c, 4 if head == 0 else 2, 3, padding=1)
            for head, c in enumerate(_HEAD_CHANNELS)
        )

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Find faces in an image [1, 3, H, W].

        Returns:
            Scores [P] in 0 to 1 and boxes [P, 4] as shares of the image's width and height.
        """
        features = list(self._features(image))
        logits = [_flat(head(x)) for head, x in zip(self.conf[1:], features[1:], strict=True)]
        smallest = self.conf[0](features[0])
        background = smallest[:, :3].amax(dim=1, keepdim=True)
        logits.insert(0, _flat(torch.cat((background, smallest[:, 3:]), dim=1)))
        moves = [_flat(head(x)) for head, x in zip(self.loc, features, strict=True)]
        scores = functional.softmax(torch.cat(logits).view(-1, 2), dim=-1)[:, 1]
        height, width = image.shape[2:]
        priors = prior_boxes(width, height, [(x.shape[3], x.shape[2]) for x in features])
        return scores, _placed(torch.cat(moves).view(-1, 4), priors)

    def _features(self, x: Tensor) -> Iterator[Tensor]:
        """Yield what each head looks at."""
        norms = {16: self.L2Norm3_3, 23: self.L2Norm4_3, 30: self.L2Norm5_3}
        for number, layer in enumerate(self.vgg):
            if number in norms:
                yield norms[number](x)
            x = layer(x)
        yield x
        for number, layer in enumerate(self.extras):
            x = functional.relu(layer(x))
            if number % 2 == 1:
                yield x


def _vgg_layers() -> Iterator[nn.Module]:
    channels = 3
    for layer in _VGG:
        if isinstance(layer, int):
            yield nn.Conv2d(channels, layer, 3, padding=1)
            yield nn.ReLU()
            channels = layer
        else:
            yield nn.MaxPool2d(2, 2, ceil_mode=layer == "C")
    yield nn.Conv2d(channels, 1024, 3, padding=6, dilation=6)
    yield nn.ReLU()
    yield nn.Conv2d(1024, 1024, 1)
    yield nn.ReLU()


def _flat(x: Tensor) -> Tensor:
    return x.permute(0, 2, 3, 1).flatten()


def prior_boxes(width: int, height: int, grids: list[tuple[int, int]]) -> Tensor:
    """Return the prior boxes [P, 4]: centre and sides as shares of the image's width and height.

    Args:
        width: of the network's input, pixels.
        height: of it.
        grids: columns and rows of each head's features.
    """
    priors = []
    for (columns, rows), step, side in zip(grids, STEPS, FACE_SIZES, strict=True):
        x = (np.arange(columns) + 0.5) / (width / step)
        y = (np.arange(rows) + 0.5) / (height / step)
        centres = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
        sides = np.broadcast_to([side / width, side / height], centres.shape)
        priors.append(np.concatenate([centres, sides], axis=1))
    return torch.from_numpy(np.concatenate(priors).astype(np.float32))


def _placed(moves: Tensor, priors: Tensor) -> Tensor:
    """Return left, top, right, bottom of the priors moved as the network says."""
    centres = priors[:, :2] + moves[:, :2] * _CENTRE_VARIANCE * priors[:, 2:]
    sides = priors[:, 2:] * torch.exp(moves[:, 2:] * _SIZE_VARIANCE)
    corner = centres - sides / 2
    return torch.cat((corner, sides + corner), dim=1)


class S3fdDetector:
    """Finds faces as the original pipeline does: confidence over 0.9 at a quarter of the size."""

    def __init__(self, network: S3fdNetwork, source: str) -> None:
        """Take a network.

        Args:
            network: with its weights.
            source: where these are from, as results record it.
        """
        self._network = network.eval()
        self._source = source

    def detect(self, image: Image) -> NDArray[np.float64]:
        """Return boxes around faces [N, 4], the most certain first.

        Args:
            image: uint8 RGB [H, W, 3].
        """
        height, width = image.shape[:2]
        if min(height, width) < _SMALLEST:
            return np.empty((0, 4))
        small = cv2.resize(image, (0, 0), fx=_SCALE, fy=_SCALE, interpolation=cv2.INTER_LINEAR)
        pixels = torch.from_numpy(small.astype(np.float32) - _MEAN_RGB).permute(2, 0, 1)[None]
        with torch.inference_mode():
            scores, boxes = self._network(pixels.contiguous())
            certain = scores > _CONFIDENCE
        confidence = scores[certain].numpy()
        shares = boxes[certain].numpy()
        # Twice, as in the original: the second pass also drops what the first one let live.
        kept = without_duplicates(shares, confidence, _OVERLAP_IN_NETWORK)
        found = (shares[kept] * np.array([width, height] * 2, np.float32)).astype(np.float64)
        return found[without_duplicates(found, confidence[kept], MOST_OVERLAP)]

    def describe(self) -> str:
        """Return the detector with its weights."""
        return f"S3FD ({self._source})"


def load_s3fd(path: Path | None = None) -> S3fdNetwork:
    """Return the network.

    Args:
        path: a file in the format of `sfd_face.pth`; None for the weight store's.

    Raises:
        Unavailable: the file is missing, damaged, or not that of S3FD.
    """
    network = S3fdNetwork()
    load_weights(network, "s3fd", path)
    return network
