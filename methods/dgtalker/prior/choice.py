"""The head prior that the settings name."""

from __future__ import annotations

from pathlib import Path

import torch

from tgbench.errors import TgbenchError

from ..config import DGTalkerConfig
from .interface import HeadPrior
from .procedural import ProceduralPrior


def load_prior(config: DGTalkerConfig, seed: int, device: torch.device) -> HeadPrior:
    """Load a prior to a device.

    Args:
        config: names it.
        seed: of the random start, where there is no prior.
        device: that trains and renders.

    Raises:
        TgbenchError: a setting is missing or of no use, a file is no such prior, or it needs a GPU.
    """
    if config.prior == "none" and config.prior_weights:
        raise TgbenchError(
            "prior=none starts at random and takes no prior_weights; leave them out, or use "
            "prior=procedural"
        )
    if config.prior != "gghead":
        weights = config.prior_weights
        prior = ProceduralPrior(
            trained=config.prior == "procedural",
            seed=seed,
            weights=Path(weights) if weights else None,
        )
        prior.network.to(device)
        return prior
    if device.type != "cuda":
        raise TgbenchError(
            f"prior=gghead runs on CUDA, not on '{device}': run with --device cuda, or use "
            "prior=procedural"
        )
    if not config.gghead_checkout or not config.prior_weights:
        raise TgbenchError(
            "prior=gghead needs GGHead's checkout and a checkpoint: --set "
            "gghead_checkout=FOLDER,prior_weights=FILE"
        )
    from .gghead.prior import GGHeadPrior

    return GGHeadPrior(Path(config.gghead_checkout), Path(config.prior_weights), device)
