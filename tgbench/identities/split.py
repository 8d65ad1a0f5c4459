"""The split of a clip into training and held-out frames."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..errors import TgbenchError

TRAIN_SHARE = (10, 11)
"""The share of frames that trains, from the start of the clip: AD-NeRF's 10/11."""


@dataclass(frozen=True)
class Split:
    """Frame ranges of a clip, in indices of the identity.

    Attributes:
        train: frames a method may see.
        test: frames held out.
    """

    train: range
    test: range


def default_split(frames: int, clip: Path | str = "the clip") -> Split:
    """Return the field's split of a clip: the first 10/11 train, the rest is held out.

    Args:
        frames: how many it has.
        clip: what an error calls it.

    Raises:
        TgbenchError: too few frames to hold one out.
    """
    numerator, denominator = TRAIN_SHARE
    cut = frames * numerator // denominator
    if cut < 1 or cut >= frames:
        raise TgbenchError(
            f"{clip}: has {frames} frame(s), too few to train on some and hold out others; give a "
            "longer one"
        )
    return Split(range(cut), range(cut, frames))
