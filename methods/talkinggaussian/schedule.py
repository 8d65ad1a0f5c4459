"""Which frames a branch asks for in which iterations, by the settings (equation 6)."""

from __future__ import annotations

from .config import BranchName, TalkingGaussianConfig
from .sampling import EyesWindow, OpenFrames, Rule, SlidingWindow, Strongest
from .strengths import Strengths

_GREATEST_SHARE = 0.05
"""The official code clips AU25 at its 95th percentile and asks for the frames with the maximum."""


def sampling_rules(
    branch: BranchName, strengths: Strengths, config: TalkingGaussianConfig
) -> list[Rule]:
    """Return the rules of a branch, of which the first that applies decides.

    A rule about what never moves is left out: it would ask for the same few frames again and again.
    """
    if branch == "face":
        return _static_face(strengths, config) + _moving_face(strengths, config)
    return _static_mouth(strengths, config) + _moving_mouth(strengths, config)


def _static_face(strengths: Strengths, config: TalkingGaussianConfig) -> list[Rule]:
    lips, until = strengths.lips, config.static_iterations
    if not lips.any():
        return []
    if config.static_sampling == "widest":
        return [Strongest(lips, config.open_share, until, config.face_open_every)]
    if not config.incremental_sampling:
        return []
    every, last = config.face_incremental_every, config.window_end("face")
    return [SlidingWindow(lips, config.incremental_width, 0, last, every, until=until)]


def _moving_face(strengths: Strengths, config: TalkingGaussianConfig) -> list[Rule]:
    if not config.incremental_sampling:
        return []
    every, width = config.face_incremental_every, config.incremental_width
    first, last = config.static_iterations, config.window_end("face")
    if config.face_sampling == "eyes":
        eyes = strengths.closed_eyes
        if not eyes.any():
            return []
        return [EyesWindow(eyes, width, 0, last, every, since=first, until=last)]
    # The metrics take turns.
    metrics = (strengths.lips, strengths.blink)
    turns = len(metrics)
    return [
        SlidingWindow(metric, width, first, last, every * turns, every * turn)
        for turn, metric in enumerate(metrics)
        if metric.any()
    ]


def _static_mouth(strengths: Strengths, config: TalkingGaussianConfig) -> list[Rule]:
    parted, until = strengths.parted, config.static_iterations
    if not parted.any():
        return []
    if config.static_sampling == "widest":
        return [Strongest(parted, config.open_share, until, config.mouth_open_every)]
    return [Strongest(parted, _GREATEST_SHARE, until, every=1)]


def _moving_mouth(strengths: Strengths, config: TalkingGaussianConfig) -> list[Rule]:
    parted = strengths.parted
    if not config.incremental_sampling or not parted.any():
        return []
    every, width = config.mouth_incremental_every, config.incremental_width
    first, last = config.static_iterations, config.window_end("mouth")
    if config.mouth_sampling == "closing":
        return [OpenFrames(parted, width, 0, last, every, since=first, until=last)]
    return [SlidingWindow(parted, width, first, last, every)]
