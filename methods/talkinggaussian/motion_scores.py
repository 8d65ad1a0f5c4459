"""Strength of the motions that frames are sampled by, in each training frame (equation 6)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tgbench.errors import TgbenchError
from tgbench.identities.layout import ACTION_UNITS

from .frames import TrainingFrames

Metric = NDArray[np.float32]
"""Strength of a motion in each training frame, [N] in [0, 1]."""

_CLOSED = 2.0
"""AU45 of closed eyes; greater values count as this."""


@dataclass(frozen=True)
class MotionScores:
    """Motions of the training frames, each [N] in [0, 1], all zero where nothing moves.

    Attributes:
        lips: gap between the lips.
        blink: how far the eyes are closed.
        parted: AU25, by which the inside of the mouth is sampled.
        closed_eyes: AU45 in units of 2, at most 1: a share of its scale, not of what was seen.
        notes: motions that do not occur, for the report.
    """

    lips: Metric
    blink: Metric
    parted: Metric
    closed_eyes: Metric
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, frames: TrainingFrames) -> MotionScores:
        """Measure the training frames by their landmarks, AU45 and AU25.

        Raises:
            TgbenchError: a landmark or an action unit is NaN or infinite.
        """
        lips = normalised(frames.lips_height())
        eyes, mouth = (_unit(frames, name) for name in ("AU45", "AU25"))
        blink, parted = normalised(eyes), normalised(mouth)
        closed = np.clip(eyes / _CLOSED, 0.0, 1.0).astype(np.float32)
        notes = []
        if len(frames) == 1:
            notes.append("there is one training frame, so no motion can be learned")
        else:
            if not lips.any():
                notes.append("the lips never move in the training frames, so no speech is learned")
            if not blink.any():
                notes.append(
                    "nobody blinks in the training frames (AU45 is constant): no blink is learned"
                )
            if not parted.any() and lips.any():
                notes.append(
                    f"AU25 is constant in, or missing from, {ACTION_UNITS}: the inside of the "
                    "mouth is sampled by the height of the lips"
                )
        return cls(lips, blink, parted if parted.any() else lips, closed, tuple(notes))


def normalised(metric: NDArray[np.floating]) -> Metric:
    """Scale to [0, 1] between the 5th and 95th percentile, so that outliers do not count.

    What is the same in nearly all frames, as rare blinks are, is scaled between its extremes; a
    constant becomes zero.
    """
    low, high = np.percentile(metric, (5, 95))
    if high <= low:
        low, high = metric.min(), metric.max()
    if high <= low:
        return np.zeros(len(metric), np.float32)
    return np.clip((metric - low) / (high - low), 0.0, 1.0).astype(np.float32)


def _unit(frames: TrainingFrames, name: str) -> NDArray[np.floating]:
    """Return an action unit of the training frames; zeros where it was not measured."""
    identity, inside = frames.identity, frames.frames
    values: NDArray[np.floating] | None = identity.action_units.values.get(name)
    if values is None:
        return np.zeros(len(frames), np.float32)
    values = values[inside.start : inside.stop]
    if not np.isfinite(values).all():
        frame = inside[int(np.argmin(np.isfinite(values)))]
        raise TgbenchError(
            f"{identity.folder / ACTION_UNITS}: {name}_r of frame {frame} is NaN or infinite; "
            "measure the action units again"
        )
    return values
