"""Identities: prepared clips in the folder layout of AD-NeRF and its successors."""

from .identity import ActionUnits, Identity, Intrinsics
from .layout import HAIR, HEAD, INNER_MOUTH, NECK, TORSO, WHITE
from .split import Split, default_split
from .writer import IdentityWriter

__all__ = [
    "HAIR",
    "HEAD",
    "INNER_MOUTH",
    "NECK",
    "TORSO",
    "WHITE",
    "ActionUnits",
    "Identity",
    "IdentityWriter",
    "Intrinsics",
    "Split",
    "default_split",
]
