"""What tests of fits share: drives, and what a state holds."""

from __future__ import annotations

import numpy as np
import torch

from tgbench.identities import ActionUnits, Identity
from tgbench.interfaces import Drive


def drive_of(identity: Identity, frames: range) -> Drive:
    rows = np.array(frames)
    units = identity.action_units
    return Drive(
        identity.intrinsics,
        identity.poses[rows],
        ActionUnits({n: v[rows] for n, v in units.values.items()}, units.measured_by),
        identity.audio.cut(frames.start / 25, frames.stop / 25),
        identity.audio_features(),
        rows,
        rows,
        identity,
    )


def tensors(value: object, path: str = "") -> dict[str, torch.Tensor]:
    """All tensors of a nested state by path."""
    if isinstance(value, torch.Tensor):
        return {path: value}
    items = value.items() if isinstance(value, dict) else enumerate(value)  # type: ignore[arg-type]
    if not isinstance(value, dict | list | tuple):
        return {}
    found: dict[str, torch.Tensor] = {}
    for key, inner in items:
        if isinstance(inner, torch.Tensor | dict | list | tuple):
            found |= tensors(inner, f"{path}/{key}")
    return found
