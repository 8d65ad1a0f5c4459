"""Which values the settings of TalkingGaussian may have."""

from __future__ import annotations

import math
from dataclasses import fields
from typing import TYPE_CHECKING

from tgbench.errors import TgbenchError

if TYPE_CHECKING:
    from .config import TalkingGaussianConfig

_RESOLUTIONS = (
    "face_grid_coarsest",
    "face_grid_finest",
    "mouth_grid_coarsest",
    "mouth_grid_finest",
)
_POSITIVE = (
    "checkpoint_every",
    "static_iterations",
    "face_gaussians",
    "mouth_gaussians",
    "initial_extent",
    "mouth_extent",
    "harmonics_every",
    "position_lr",
    "position_lr_final",
    "position_lr_iterations",
    "densify_every",
    "dense_size",
    "prune_size",
    "grid_levels",
    "grid_bound",
    "face_hidden",
    "mouth_hidden",
    "audio_dim",
    "motion_lr_final",
    "hair_every",
    "face_open_every",
    "mouth_open_every",
    "face_incremental_every",
    "mouth_incremental_every",
    "incremental_width",
    "face_incremental_until",
    "mouth_incremental_until",
)
_SHARES = (
    "open_share",
    "face_densify_until",
    "mouth_densify_until",
    "prune_opacity",
    "prune_opacity_final",
    "background_tolerance",
    "motion_lr_final",
    "ssim_weight",
    "incremental_width",
    "face_incremental_until",
    "mouth_incremental_until",
)


def check_settings(config: TalkingGaussianConfig) -> None:
    """Check every value.

    Raises:
        TgbenchError: a value is out of range; the message names it.
    """
    for field in fields(config):
        value = getattr(config, field.name)
        if isinstance(value, float) and not math.isfinite(value):
            raise TgbenchError(f"{field.name}={value} must be a finite number")
        if isinstance(value, int | float) and not isinstance(value, bool) and value < 0:
            raise TgbenchError(f"{field.name}={value} must not be negative")
    for name in _POSITIVE:
        if getattr(config, name) <= 0:
            raise TgbenchError(f"{name}={getattr(config, name)} must be positive")
    for name in _SHARES:
        if getattr(config, name) > 1:
            raise TgbenchError(f"{name}={getattr(config, name)} is a share and must be at most 1")
    for name in _RESOLUTIONS:
        if getattr(config, name) < 2:
            raise TgbenchError(f"{name}={getattr(config, name)} must be at least 2")
    if config.motion == "appearance" and (config.predict_opacity or config.predict_color):
        raise TgbenchError(
            "motion=appearance decodes opacity and colour by itself; leave out "
            "predict_opacity and predict_color"
        )
    if config.unused_opacity and (config.predict_opacity or config.motion == "appearance"):
        raise TgbenchError(
            "unused_opacity decodes an opacity that is not used; leave out predict_opacity and "
            "motion=appearance"
        )
    if not 1 <= config.grid_log2_size <= 24:
        raise TgbenchError(f"grid_log2_size={config.grid_log2_size} must be 1 to 24")
    if config.audio_jitter > 1:
        raise TgbenchError(f"audio_jitter={config.audio_jitter} must be at most 1 frame")
    if config.harmonics_degree > 2:
        raise TgbenchError(f"harmonics_degree={config.harmonics_degree} must be 0 to 2")
