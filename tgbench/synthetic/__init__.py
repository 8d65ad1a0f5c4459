"""Synthetic people and voices with exact ground truth. Importing this imports nothing heavy."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .dataset import ensure_driving_track, ensure_identity, film

__all__ = ["ensure_driving_track", "ensure_identity", "film"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import dataset

    return getattr(dataset, name)
