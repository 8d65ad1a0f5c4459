"""What the metrics make of the truth itself after a video codec: below it, a value says nothing."""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from .. import plugins
from ..interfaces import Image, Measurement, MetricContext, Shared
from ..specs import Needs
from .frames import LazyFrame
from .through_codec import Codec

if TYPE_CHECKING:
    from .suite import MetricSuite

RATE_FACTOR = 23
"""libx264's own: what most videos have passed before anybody looks at them."""

FLOOR = "floor"
"""Of a measurement's details."""


class NoiseFloor:
    """Measures the truth as it comes out of an H.264 file against the truth, frame by frame.

    Attributes:
        suite: of the metrics that compare with a truth.
    """

    def __init__(self, suite: MetricSuite) -> None:
        """Measure with a suite that has seen nothing."""
        self.suite = suite
        self._codec: Codec | None = None
        self._waiting: deque[LazyFrame] = deque()

    def see(self, frame: LazyFrame) -> None:
        """Take in a frame of which the metrics of the prediction have seen enough."""
        if self._codec is None:
            self._codec = Codec(frame.target, RATE_FACTOR)
        self._waiting.append(frame)
        self._measure(self._codec.push(frame.target))

    def finish(self) -> dict[str, Measurement]:
        """Return what the metrics found, after the last frame."""
        if self._codec is not None:
            self._measure(self._codec.finish())
        return self.suite.results()

    def _measure(self, coded: Iterable[Image]) -> None:
        for image in coded:
            self.suite.show(self._waiting.popleft().with_prediction(image))


def metrics_with_floor(names: Sequence[str]) -> list[str]:
    """Return the metrics that compare frames with a truth."""
    specs = plugins.metrics()
    return [name for name in names if name in specs and Needs.TARGET in specs[name].needs]


def context_of_floor(context: MetricContext) -> MetricContext:
    """Return the context in which the floor is measured; frames are not encoded twice."""
    options = dataclasses.replace(context.options, floor=False, through_codec=False)
    return dataclasses.replace(context, options=options, shared=Shared())


def with_floors(
    found: dict[str, Measurement], floors: dict[str, Measurement]
) -> dict[str, Measurement]:
    """Return measurements with the floor of each in its details."""
    numbers = {name: floor.value for name, floor in floors.items() if floor.value is not None}
    return {
        name: dataclasses.replace(one, details={**one.details, FLOOR: numbers[name]})
        if name in numbers
        else one
        for name, one in found.items()
    }
