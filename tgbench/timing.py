"""How long training and rendering took, as methods report it and metrics read it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class TimedFrames:
    """Timed rendering with one batch size.

    Attributes:
        batch: frames of each request.
        repeats: of each repeat, float64 [K] the wall seconds of its requests, one after another.
    """

    batch: int
    repeats: tuple[NDArray[np.float64], ...]

    @property
    def frames(self) -> int:
        """How many frames were timed, over all repeats."""
        return self.batch * sum(len(requests) for requests in self.repeats)

    @property
    def seconds(self) -> float:
        """Their wall time."""
        return float(sum(requests.sum() for requests in self.repeats))


@runtime_checkable
class ReportsSpeed(Protocol):
    """What a method of `Timed.SELF_REPORTED` offers: its own clock, as of an external program."""

    def rendering_time(self) -> TimedFrames | None:
        """Return how long the frames of the last `render` took; None: it is not known."""


@dataclass(frozen=True)
class Timing:
    """Training and rendering times, for the metrics that report them.

    Attributes:
        training_seconds: of the fit; None if nothing was fitted or the time is not known.
        rendering: by rising size of the requests, the first for one frame each; empty where
            nothing was timed.
        protocol: a description of how and on what machine it was measured.
        end_to_end: from the sound to the encoded video, None where that cannot be timed.
        no_end_to_end: why not.
        trains: whether the method is fitted to an identity at all.
        training_shared: whether other jobs ran on the machine while it was trained.
        trained_outside: whether programs of its own trained it, of which the time of the whole
            command is all that is known.
        no_rendering: why nothing was timed.
        reports: a method that says itself, after it rendered, how long that took.
    """

    training_seconds: float | None
    rendering: tuple[TimedFrames, ...]
    protocol: str
    end_to_end: TimedFrames | None = None
    no_end_to_end: str = ""
    trains: bool = True
    training_shared: bool = False
    trained_outside: bool = False
    no_rendering: str = ""
    reports: ReportsSpeed | None = None

    def after_rendering(self) -> Timing:
        """Return it with what the method reports of the frames that it rendered, if it does."""
        if self.reports is None:
            return self
        reported = self.reports.rendering_time()
        if reported is None:
            return replace(self, no_rendering="the method did not report how long rendering took")
        return replace(self, rendering=(reported,))
