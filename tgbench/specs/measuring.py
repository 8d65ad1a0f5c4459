"""What protocols and metrics declare about themselves."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

from ..driving.rules import USUAL_RULES, DriveRules
from ..vocabulary import Direction, Needs, Region
from .base import NOTHING, Requires, Spec

Bounds = tuple[float, float]
"""The least and the most that a number can be."""

UNBOUNDED: Bounds = (-math.inf, math.inf)
FROM_ZERO: Bounds = (0.0, math.inf)
CORRELATION: Bounds = (-1.0, 1.0)

OWN_SOUND = "self"
"""Name of the driver of a case that a self-driven protocol makes."""


@dataclass(frozen=True)
class ProtocolSpec(Spec):
    """An evaluation setting.

    Attributes:
        version: changes whenever results of the same method would.
        self_driven: whether the clip's own sound drives the head.
        excludes: needs of metrics that it cannot give, such as ground truth.
        rules: how sounds and poses meet.
        takes_rules: names of those that a user may change; its implementation is then called with
            the rules, else with nothing.
        other_language: whether only sounds in another language than the person's drive.
        moves_camera: whether cameras leave the place of the one that filmed, so that a method must
            take a camera.
    """

    version: str = "1"
    self_driven: bool = False
    excludes: frozenset[Needs] = frozenset()
    rules: DriveRules = USUAL_RULES
    takes_rules: tuple[str, ...] = ()
    other_language: bool = False
    moves_camera: bool = False

    @property
    def compares_with_truth(self) -> bool:
        """Whether it has true frames to compare with."""
        return Needs.TARGET not in self.excludes

    @property
    def names_driver(self) -> bool:
        """Whether drivers tell its cases of an identity apart: sounds, or views of one's own."""
        return not self.self_driven or self.moves_camera

    def why_not_measured(self, metric: MetricSpec) -> str:
        """Return what a metric needs and the protocol cannot give; empty if it can measure it."""
        lacking = self.excludes | (frozenset() if self.moves_camera else {Needs.CAMERAS})
        return ", ".join(sorted(metric.needs & lacking))


@dataclass(frozen=True)
class MetricSpec(Spec):
    """A measure.

    Attributes:
        title: as a table's head shows it.
        unit: of the value, empty for none.
        direction: which way is better.
        needs: what it must be given.
        decimals: digits shown in tables.
        by_name: whether it is measured only when asked for by name, being a variant of a metric
            that protocols measure anyway.
        averages_frames: whether the value is the mean of its values at single frames.
        takes_face_box: whether a face box that the user gives stands in for landmarks.
        bounds: the least and the most that a value can be; intervals of means stay between.
        shortest_seconds: of frames that it takes; with fewer it has no value.
        requires: what must be installed, so that `tgbench list` can say whether it can be had.
        region: what part of an image it looks at.
        gate_tolerance: how much worse it may get before `tgbench gate` fails, in its unit; None:
            a share of the baseline's value.
        table_place: its place in tables, from left to right; equal places go by name.
    """

    title: str = ""
    unit: str = ""
    direction: Direction = Direction.HIGHER
    needs: frozenset[Needs] = frozenset()
    decimals: int = 3
    by_name: bool = False
    averages_frames: bool = True
    takes_face_box: bool = False
    bounds: Bounds = UNBOUNDED
    shortest_seconds: float = 0.0
    requires: Requires = NOTHING
    region: Region = Region.NONE
    gate_tolerance: float | None = None
    table_place: int = 1000

    @property
    def times_rendering(self) -> bool:
        """Whether a method must render against the clock for it, which takes a while."""
        return Needs.TIMING in self.needs and Needs.TRAINING not in self.needs

    @property
    def label(self) -> str:
        """Return the title with the direction and the unit."""
        unit = f"[{self.unit}]" if self.unit else ""
        return " ".join(filter(None, (self.title, self.direction.arrow, unit)))

    def variant(
        self, suffix: str, implementation: str, title: str, summary: str, **others: Any
    ) -> MetricSpec:
        """Return another meaning of this metric, measured only when asked for by name.

        Args:
            suffix: of its name, after an underscore.
            implementation: as of any metric.
            title: as of any metric.
            summary: as of any metric.
            others: further fields that differ.
        """
        return dataclasses.replace(
            self,
            name=f"{self.name}_{suffix}",
            implementation=implementation,
            title=title,
            summary=summary,
            by_name=True,
            **others,
        )
