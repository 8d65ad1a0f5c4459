"""Which frame trains next: drawn evenly, except where a rule prefers a motion (equation 6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from .config import BranchName, TalkingGaussianConfig
from .motion_scores import Metric, MotionScores

_GREATEST_SHARE = 0.05
"""The official code clips AU25 at its 95th percentile and takes the frames at the maximum."""


class Rule(Protocol):
    """Prefers certain frames in certain iterations."""

    def applies(self, iteration: int) -> bool:
        """Return whether the rule decides an iteration."""

    def candidates(self, iteration: int) -> NDArray[np.int64]:
        """Return the frames to draw from."""


@dataclass(frozen=True)
class SlidingWindow:
    """Equation 6: a window over a metric that moves from its least to its greatest values.

    Attributes:
        metric: of each training frame.
        width: of the window, B_upper - B_lower.
        first, last: iterations in which the window starts to move and has arrived.
        every, phase: the window decides when iteration = phase (mod every); K of the paper.
        since, until: first iteration that it may decide, and the one after the last; None for
            `first` and for no end.
    """

    metric: Metric
    width: float
    first: int
    last: int
    every: int
    phase: int = 0
    since: int | None = None
    until: int | None = None

    def applies(self, iteration: int) -> bool:
        """Return whether the window decides an iteration."""
        since = self.first if self.since is None else self.since
        active = iteration >= since and (self.until is None or iteration < self.until)
        return active and iteration % self.every == self.phase

    def bounds(self, iteration: int) -> tuple[float, float]:
        """Return [B_lower + k T, B_upper + k T], inside [0, 1]."""
        lower = self._progress(iteration) * (1.0 - self.width)
        return lower, lower + self.width

    def _progress(self, iteration: int) -> float:
        steps = max(self.last - self.first, 1)
        return min(max((iteration - self.first) / steps, 0.0), 1.0)

    def candidates(self, iteration: int) -> NDArray[np.int64]:
        """Return the frames inside the window, or the nearest ones if there are none."""
        lower, upper = self.bounds(iteration)
        inside = np.flatnonzero((self.metric >= lower) & (self.metric <= upper))
        if len(inside):
            return inside
        # All of the nearest: one of many similar frames would be overfitted.
        distance = np.abs(self.metric - 0.5 * (lower + upper))
        return np.flatnonzero(distance == distance.min())


class EyesWindow(SlidingWindow):
    """The window that the official code slides over AU45: it reaches half its width farther back.

    The metric is AU45 / 2, at most 1.
    """

    def bounds(self, iteration: int) -> tuple[float, float]:
        """Return [p - width / 2, p + width] of the progress p."""
        progress = self._progress(iteration)
        return progress - 0.5 * self.width, progress + self.width


class OpenFrames(SlidingWindow):
    """The window of the official code's mouth: from the most open frames it widens downwards."""

    def bounds(self, iteration: int) -> tuple[float, float]:
        """Return the window, whose lower end falls to the lower quartile of the metric."""
        most, quartile = float(self.metric.max()), float(np.quantile(self.metric, 0.25))
        return most - self._progress(iteration) * (most - quartile), most


@dataclass(frozen=True)
class Strongest:
    """The frames with the strongest motion, before motion is learned.

    A field that starts from an open mouth has the gap between the lips that its motion then
    closes; one that starts from closed lips would have to tear.

    Attributes:
        metric: of each training frame.
        share: of the frames, at least one.
        until: iteration after the last that it may decide.
        every: the rule decides once in this many iterations.
    """

    metric: Metric
    share: float
    until: int
    every: int

    def applies(self, iteration: int) -> bool:
        """Return whether the rule decides an iteration."""
        return iteration < self.until and iteration % self.every == 0

    def candidates(self, iteration: int) -> NDArray[np.int64]:
        """Return the strongest frames."""
        count = max(round(self.share * len(self.metric)), 1)
        return np.argsort(-self.metric, kind="stable")[:count]


class FrameSampler:
    """Draws training frames in shuffled rounds, or among those that the first rule prefers."""

    def __init__(
        self, frames: NDArray[np.int64], rules: Sequence[Rule], generator: torch.Generator
    ) -> None:
        """Draw from `frames` [M]."""
        self._frames = frames
        self._rules = rules
        self._generator = generator
        self._round: list[int] = []

    def draw(self, iteration: int) -> int:
        """Return the frame of an iteration."""
        for rule in self._rules:
            if rule.applies(iteration):
                candidates = np.intersect1d(rule.candidates(iteration), self._frames)
                if len(candidates):
                    drawn = torch.randint(len(candidates), (1,), generator=self._generator)
                    return int(candidates[int(drawn)])
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


def sampling_rules(
    branch: BranchName, scores: MotionScores, config: TalkingGaussianConfig
) -> list[Rule]:
    """Return the rules of a branch; the first that applies decides.

    A motion that never occurs has no rule: it would prefer the same few frames again and again.
    """
    if branch == "face":
        return _static_face(scores, config) + _moving_face(scores, config)
    return _static_mouth(scores, config) + _moving_mouth(scores, config)


def _static_face(scores: MotionScores, config: TalkingGaussianConfig) -> list[Rule]:
    lips, until = scores.lips, config.schedule.static_iterations
    if not lips.any():
        return []
    if config.sampling.static == "widest":
        return [Strongest(lips, config.sampling.open_share, until, config.face.open_every)]
    if not config.incremental_sampling:
        return []
    every, last = config.face.incremental_every, config.window_end("face")
    return [SlidingWindow(lips, config.sampling.width, 0, last, every, until=until)]


def _moving_face(scores: MotionScores, config: TalkingGaussianConfig) -> list[Rule]:
    if not config.incremental_sampling:
        return []
    every, width = config.face.incremental_every, config.sampling.width
    first, last = config.schedule.static_iterations, config.window_end("face")
    if config.face.sampling == "eyes":
        eyes = scores.closed_eyes
        if not eyes.any():
            return []
        return [EyesWindow(eyes, width, 0, last, every, since=first, until=last)]
    # The metrics take turns.
    metrics = (scores.lips, scores.blink)
    turns = len(metrics)
    return [
        SlidingWindow(metric, width, first, last, every * turns, every * turn)
        for turn, metric in enumerate(metrics)
        if metric.any()
    ]


def _static_mouth(scores: MotionScores, config: TalkingGaussianConfig) -> list[Rule]:
    parted, until = scores.parted, config.schedule.static_iterations
    if not parted.any():
        return []
    if config.sampling.static == "widest":
        return [Strongest(parted, config.sampling.open_share, until, config.mouth.open_every)]
    return [Strongest(parted, _GREATEST_SHARE, until, every=1)]


def _moving_mouth(scores: MotionScores, config: TalkingGaussianConfig) -> list[Rule]:
    parted = scores.parted
    if not config.incremental_sampling or not parted.any():
        return []
    every, width = config.mouth.incremental_every, config.sampling.width
    first, last = config.schedule.static_iterations, config.window_end("mouth")
    if config.mouth.sampling == "closing":
        return [OpenFrames(parted, width, 0, last, every, since=first, until=last)]
    return [SlidingWindow(parted, width, first, last, every)]
