"""The LPIPS term of fine-tuning, where the package and its weights are at hand."""

from __future__ import annotations

import logging
from collections.abc import Callable

from torch import Tensor

from tgbench.errors import Unavailable

_log = logging.getLogger(__name__)

PerceptualLoss = Callable[[Tensor, Tensor], Tensor]
"""Distance of two images [H, W, 3] in [0, 1]."""


def perceptual_loss() -> tuple[PerceptualLoss | None, str]:
    """Return LPIPS as a loss and "", or None and why there is none, which is logged."""
    from tgbench.metrics.lpips import load_network

    try:
        network = load_network().requires_grad_(False)
    except Unavailable as error:
        missing = f"trained without the LPIPS term of equation 12: {error}"
        _log.warning(missing)
        return None, missing

    def loss(prediction: Tensor, target: Tensor) -> Tensor:
        scaled = [2.0 * image.permute(2, 0, 1)[None] - 1.0 for image in (prediction, target)]
        return network(*scaled).mean()

    return loss, ""
