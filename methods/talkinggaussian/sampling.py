"""Which frame trains next: evenly drawn, and now and then from a sliding window (equation 6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray


@dataclass(frozen=True)
class SlidingWindow:
    """A window over a motion metric that moves from its least to its greatest values.

    Attributes:
        metric: [N] of each training frame, scaled to [0, 1] by `normalised`.
        width: of the window, B_upper - B_lower.
        first, last: iterations at which the window starts to move and has arrived.
    """

    metric: NDArray[np.float32]
    width: float
    first: int
    last: int

    def bounds(self, iteration: int) -> tuple[float, float]:
        """Return [B_lower + k T, B_upper + k T], inside [0, 1]."""
        steps = max(self.last - self.first, 1)
        progress = min(max((iteration - self.first) / steps, 0.0), 1.0)
        lower = progress * (1.0 - self.width)
        return lower, lower + self.width

    def candidates(self, iteration: int) -> NDArray[np.int64]:
        """Return the frames inside the window; the nearest one where there is none."""
        lower, upper = self.bounds(iteration)
        inside = np.flatnonzero((self.metric >= lower) & (self.metric <= upper))
        if len(inside):
            return inside
        distance = np.abs(self.metric - 0.5 * (lower + upper))
        return np.array([int(distance.argmin())])


def normalised(metric: NDArray[np.floating]) -> NDArray[np.float32]:
    """Scale a metric to [0, 1] by its 5th and 95th percentile, so that outliers do not count."""
    low, high = np.percentile(metric, (5, 95))
    if high <= low:
        return np.zeros(len(metric), np.float32)
    return np.clip((metric - low) / (high - low), 0.0, 1.0).astype(np.float32)


class FrameSampler:
    """Draws training frames in shuffled rounds; every K-th time from a sliding window."""

    def __init__(
        self,
        frames: NDArray[np.int64],
        windows: Sequence[SlidingWindow],
        every: int,
        generator: torch.Generator,
    ) -> None:
        """Draw from `frames` [M]; the windows take turns once every `every` iterations."""
        self._frames = frames
        self._windows = windows
        self._every = every
        self._generator = generator
        self._round: list[int] = []

    def draw(self, iteration: int) -> int:
        """Return the frame of an iteration."""
        if self._windows and iteration % self._every == 0:
            window = self._windows[(iteration // self._every) % len(self._windows)]
            candidates = np.intersect1d(window.candidates(iteration), self._frames)
            if len(candidates):
                return int(candidates[self._index(len(candidates))])
        if not self._round:
            order = torch.randperm(len(self._frames), generator=self._generator)
            self._round = [int(i) for i in self._frames[order.numpy()]]
        return self._round.pop()

    def state(self) -> dict[str, object]:
        """Return the rest of the current round."""
        return {"round": list(self._round)}

    def restore(self, state: Mapping) -> None:
        """Continue the round whose `state` was taken."""
        self._round = list(state["round"])

    def _index(self, count: int) -> int:
        return int(torch.randint(count, (1,), generator=self._generator))
