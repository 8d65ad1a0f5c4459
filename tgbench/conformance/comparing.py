"""How much frames differ, in pixels and levels of 0 to 255."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..arrays import Mask
from .subject import Frames

VISIBLE = 2
"""Levels; less is rounding."""


def levels(first: Frames, second: Frames) -> NDArray[np.int16]:
    """Return how far the pixels of frames are apart in their worst channel, int16 [T, H, W]."""
    return np.abs(first.astype(np.int16) - second).max(axis=-1)


def share_changed(first: Frames, second: Frames, where: Mask, above: int = VISIBLE) -> float:
    """Return the share of pixels that differ by more than so many levels.

    Args:
        first: uint8 [T, H, W, 3].
        second: the same.
        where: bool [T, H, W] or [H, W], the pixels that count; without any the share is 0.
        above: levels.
    """
    counted = levels(first, second)[np.broadcast_to(where, first.shape[:3])]
    return float((counted > above).mean()) if counted.size else 0.0


def difference(first: Frames, second: Frames) -> str:
    """Return in words how frames differ; empty: they do not."""
    if first.shape != second.shape:
        return f"{len(first)} and {len(second)} frames of {first.shape[1:]} and {second.shape[1:]}"
    apart = levels(first, second)
    if not apart.any():
        return ""
    frames = int((apart.reshape(len(apart), -1).max(axis=1) > 0).sum())
    return (
        f"{frames} of {len(first)} frames differ, by up to {apart.max()} levels in "
        f"{(apart > 0).mean():.2%} of the pixels"
    )
