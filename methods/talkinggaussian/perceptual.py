"""LPIPS as a loss, where the package and its weights are at hand."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from tgbench.errors import Unavailable

from .windows import Window, random_patch

_log = logging.getLogger(__name__)

Distance = Callable[[Tensor, Tensor], Tensor]
"""Of two images [H, W, 3] in [0, 1], at least `_LEAST_SIDE` pixels wide and high."""

LARGE_PATCH, SMALL_PATCH = (64, 96), (32, 42)
"""Least and greatest side in pixels of the patches that the official code compares."""

_LEAST_SIDE = 32
"""Below this AlexNet's pooling has nothing left to pool."""


@dataclass(frozen=True)
class Perceptual:
    """LPIPS of images and of parts of them.

    Attributes:
        distance: the network.
        generator: draws the patches.
    """

    distance: Distance
    generator: torch.Generator

    def of(self, prediction: Tensor, target: Tensor, window: Window | None = None) -> Tensor:
        """Return LPIPS of two images [H, W, 3], or of a window, widened to what LPIPS takes."""
        height, width = prediction.shape[:2]
        window = window or Window(0, 0, width, height)
        sides = (max(side, _LEAST_SIDE) for side in window.size)
        wide, high = (min(side, limit) for side, limit in zip(sides, (width, height), strict=True))
        inside = window.resized(wide, high, (width, height)).rows_columns
        return self.distance(prediction[inside], target[inside])

    def of_patch(self, prediction: Tensor, target: Tensor, sides: tuple[int, int]) -> Tensor:
        """Return LPIPS of a random square whose side lies between two lengths in pixels."""
        height, width = prediction.shape[:2]
        return self.of(prediction, target, random_patch((width, height), sides, self.generator))


def perceptual_distance(device: torch.device) -> tuple[Distance | None, str]:
    """Return LPIPS as a loss and "", or None and why there is none, which is logged."""
    from tgbench.metrics.lpips import load_network

    try:
        network = load_network().requires_grad_(False).to(device)
    except Unavailable as error:
        missing = f"trained without LPIPS terms: {error}"
        _log.warning(missing)
        return None, missing

    def distance(prediction: Tensor, target: Tensor) -> Tensor:
        scaled = [2.0 * image.permute(2, 0, 1)[None] - 1.0 for image in (prediction, target)]
        return network(*scaled).mean()

    return distance, ""
