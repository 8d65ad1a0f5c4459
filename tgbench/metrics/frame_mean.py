"""The mean over frames, with what could not be scored counted separately."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..interfaces import Measurement


@dataclass
class FrameMean:
    """A running mean of per-frame values.

    Attributes:
        total: sum of the values.
        scored: frames with a value.
        offered: frames seen.
    """

    total: float = 0.0
    scored: int = 0
    offered: int = 0

    def add(self, value: float | None) -> float | None:
        """Count a frame and return its value; None: it could not be scored."""
        self.offered += 1
        if value is not None:
            self.total += value
            self.scored += 1
        return value

    def merge(self, later: FrameMean) -> None:
        """Take in the frames that another mean has seen."""
        self.total += later.total
        self.scored += later.scored
        self.offered += later.offered

    @property
    def value(self) -> float | None:
        """The mean, None where no frame was scored."""
        return self.total / self.scored if self.scored else None

    def measurement(
        self,
        measured_by: str,
        *,
        reason: str = "no frame could be scored",
        details: Mapping[str, Any] | None = None,
    ) -> Measurement:
        """Return the mean as a `Measurement`; `reason` is given only where there is none."""
        value = self.value
        return Measurement(
            value,
            reason="" if value is not None else reason,
            scored=self.scored,
            total=self.offered,
            measured_by=measured_by,
            details=dict(details or {}),
        )
