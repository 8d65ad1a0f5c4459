"""LPIPS as a loss, if the package and its weights are installed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

from tgbench.errors import Unavailable

from .window import Window

_log = logging.getLogger(__name__)

Distance = Callable[[Tensor, Tensor], Tensor]
"""Of two stacks of images [B, H, W, 3] in [0, 1], at least `_LEAST_SIDE` pixels each way."""

LARGE_TILES, SMALL_TILES = (64, 96), (32, 42)
"""Least and greatest side in pixels of the tiles that the official code compares."""

_LEAST_SIDE = 32
"""AlexNet's pooling needs at least this."""


@dataclass(frozen=True)
class Perceptual:
    """LPIPS of images and of parts of them.

    Attributes:
        distance: the network.
        generator: draws the side of the tiles.
    """

    distance: Distance
    generator: torch.Generator

    def of(self, prediction: Tensor, target: Tensor, window: Window | None = None) -> Tensor:
        """Return LPIPS of two images [H, W, 3], or of a window, widened to what LPIPS takes."""
        prediction, target = _at_least(prediction), _at_least(target)
        height, width = prediction.shape[:2]
        window = window or Window(0, 0, width, height)
        wide, high = (max(side, _LEAST_SIDE) for side in window.size)
        inside = window.resized(wide, high, (width, height)).rows_columns
        return self.distance(prediction[inside][None], target[inside][None])

    def of_tiles(self, prediction: Tensor, target: Tensor, sides: tuple[int, int]) -> Tensor:
        """Return the mean LPIPS of all tiles of a random side between two lengths in pixels.

        The remainder at the right and at the bottom is left out.
        """
        prediction, target = _at_least(prediction), _at_least(target)
        least, greatest = (min(side, *prediction.shape[:2]) for side in sides)
        side = int(torch.randint(least, greatest + 1, (1,), generator=self.generator))
        return self.distance(tiles(prediction, side), tiles(target, side))


def _at_least(image: Tensor) -> Tensor:
    """Return an image [H, W, 3], continued at the right and at the bottom if LPIPS needs more."""
    down, right = (max(_LEAST_SIDE - side, 0) for side in image.shape[:2])
    if not (down or right):
        return image
    return pad(image.permute(2, 0, 1)[None], (0, right, 0, down), "replicate")[0].permute(1, 2, 0)


def tiles(image: Tensor, side: int) -> Tensor:
    """Return the squares of an image [H, W, 3], from its top left, [B, side, side, 3]."""
    rows, columns = (length // side for length in image.shape[:2])
    cut = image[: rows * side, : columns * side]
    squares = cut.reshape(rows, side, columns, side, 3).transpose(1, 2)
    return squares.reshape(-1, side, side, 3)


def perceptual_distance(device: torch.device) -> tuple[Distance | None, str]:
    """Return LPIPS as a loss and "", or None and the reason, which is logged."""
    from tgbench.metrics.image.lpips import load_network

    try:
        network = load_network().requires_grad_(False).to(device)
    except Unavailable as error:
        missing = f"trained without LPIPS terms: {error}"
        _log.warning(missing)
        return None, missing

    def distance(prediction: Tensor, target: Tensor) -> Tensor:
        scaled = [2.0 * images.permute(0, 3, 1, 2) - 1.0 for images in (prediction, target)]
        return network(*scaled).mean()

    return distance, ""
