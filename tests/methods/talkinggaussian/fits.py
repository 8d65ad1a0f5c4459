"""What tests of fits share: drives, fits that are stopped, and what a state holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import pytest
import torch

from tgbench.identities import Identity
from tgbench.interfaces import Drive
from tgbench.methods.talkinggaussian.branch import Branch
from tgbench.methods.talkinggaussian.fitting import Fit


def drive_of(identity: Identity, frames: range) -> Drive:
    rows = np.array(frames)
    sound = identity.audio.cut(frames.start / 25, frames.stop / 25)
    return Drive.of_frames(identity, rows, sound, identity.audio_features(), rows)


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


def assert_alike(first: Sequence[Branch], second: Sequence[Branch]) -> None:
    """Two fits ended with the same bits."""
    for one, other in zip(first, second, strict=True):
        mine, theirs = tensors(one.state()), tensors(other.state())
        assert mine.keys() == theirs.keys()
        assert all(torch.equal(mine[key], theirs[key]) for key in mine)


@contextmanager
def dying(stage: str, iteration: int) -> Iterator[None]:
    """The fit inside dies where it would save a stage that has come so far."""
    original = Fit._save

    def save(self: Fit, running) -> None:
        if running.name == stage and running.iteration >= iteration:
            raise KeyboardInterrupt
        original(self, running)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Fit, "_save", save)
        with pytest.raises(KeyboardInterrupt):
            yield
