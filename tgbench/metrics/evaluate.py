"""Running several metrics over one stream of frames."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from .. import plugins
from ..errors import Unavailable
from ..interfaces import Image, Measurement, Metric, MetricContext
from ..specs import MetricSpec, Needs

_log = logging.getLogger("tgbench")

Points = NDArray[np.float32]


class LandmarkFinder(Protocol):
    """Finds the 68 iBUG landmarks of the face in an image."""

    def find(self, image: Image) -> Points | None:
        """Return [68, 2] in pixels, None where there is no face."""

    def describe(self) -> str:
        """Return what finds them, as results record it."""


@runtime_checkable
class HasSeries(Protocol):
    """A metric that keeps per-frame numbers beside its own value, for plots."""

    def series(self) -> Mapping[str, list[float | None]]:
        """Return them by name, one number for every frame seen."""


class MeshLandmarks:
    """The suite's own landmark detector; every image is seen on its own."""

    def __init__(self) -> None:
        """Load the network.

        Raises:
            Unavailable: its package is not installed.
        """
        from ..faces import LandmarkDetector

        self._detector = LandmarkDetector()

    def find(self, image: Image) -> Points | None:
        """Return [68, 2] in pixels, None where there is no face."""
        from ..faces import ibug68

        mesh = self._detector.detect(image)
        return None if mesh is None else ibug68(mesh)

    def describe(self) -> str:
        """Return the detector with its version."""
        return self._detector.describe()


class LazyFrame:
    """A pair of frames whose landmarks are found on first use and shared; see `FrameView`."""

    def __init__(
        self, index: int, prediction: Image, target: Image | None, finder: LandmarkFinder | None
    ) -> None:
        self.index = index
        self.prediction = prediction
        self._target = target
        self._finder = finder

    @property
    def target(self) -> Image:
        """The ground-truth frame, uint8 RGB [H, W, 3].

        Raises:
            ValueError: there is none; metrics that declare to need one are not asked.
        """
        if self._target is None:
            raise ValueError(f"frame {self.index} has no ground truth")
        return self._target

    @cached_property
    def prediction_landmarks(self) -> Points | None:
        """68 iBUG landmarks [68, 2] in pixels, None where no face was found."""
        return self._find(self.prediction)

    @cached_property
    def target_landmarks(self) -> Points | None:
        """The same of the target."""
        return self._find(self.target)

    def _find(self, image: Image) -> Points | None:
        if self._finder is None:
            raise ValueError("a metric asks for landmarks without declaring that it needs them")
        return self._finder.find(image)


@dataclass
class _Entry:
    """A metric with what it said so far."""

    spec: MetricSpec
    metric: Metric | None
    reason: str = ""
    values: list[float | None] = field(default_factory=list)
    seen: int = 0

    def stop(self, reason: str) -> None:
        self.metric, self.reason = None, reason


class MetricSuite:
    """Feeds every frame to several metrics.

    A metric that cannot be had here is a status with a reason. One that fails on a frame is
    stopped, because a number from a broken stream is none, and the others go on.
    """

    def __init__(
        self,
        names: Sequence[str],
        context: MetricContext,
        landmarks: LandmarkFinder | None = None,
    ) -> None:
        """Create the metrics.

        Args:
            names: of metrics, in the order in which results are wanted.
            context: what all frames share.
            landmarks: what finds landmarks; None for the suite's own detector, made only if a
                metric needs it.

        Raises:
            TgbenchError: an unknown name.
        """
        specs = plugins.metrics()
        self._context = context
        self._finder = landmarks
        self._finder_missing = ""
        self._frames = 0
        self._entries = {name: self._entry(plugins.find(specs, name, "metric")) for name in names}

    def update(self, index: int, prediction: Image, target: Image | None) -> None:
        """Show the next frame to every metric.

        Args:
            index: of the frame, for messages.
            prediction: uint8 RGB [H, W, 3].
            target: the ground truth of the same size, None where there is none.
        """
        frame = LazyFrame(index, prediction, target, self._finder)
        self._frames += 1
        for entry in self._entries.values():
            entry.values.append(self._value(entry, frame, target is not None))

    def results(self) -> dict[str, Measurement]:
        """Return what every metric found, or why it found nothing."""
        return {name: self._result(entry) for name, entry in self._entries.items()}

    def per_frame(self) -> dict[str, list[float | None]]:
        """Return one number a frame for every metric that scored any, None where it could not.

        What a metric keeps beside its value, such as the opening of the mouth, comes along.
        """
        table: dict[str, list[float | None]] = {}
        for name, entry in self._entries.items():
            if any(value is not None for value in entry.values):
                table[name] = list(entry.values)
        for entry in self._entries.values():
            if isinstance(entry.metric, HasSeries) and entry.seen == self._frames:
                table.update(entry.metric.series())
        return table

    def _entry(self, spec: MetricSpec) -> _Entry:
        try:
            if Needs.AUDIO in spec.needs and self._context.audio is None:
                raise Unavailable("no sound was given")
            if Needs.TIMING in spec.needs and self._context.timing is None:
                raise Unavailable("nothing was timed")
            if Needs.LANDMARKS in spec.needs:
                self._require_landmarks()
            return _Entry(spec, spec.load()(self._context))
        except Unavailable as error:
            return _Entry(spec, None, str(error))

    def _require_landmarks(self) -> None:
        """Make the detector once; a second metric hears the same reason without another try."""
        if self._finder_missing:
            raise Unavailable(self._finder_missing)
        if self._finder is None:
            try:
                self._finder = MeshLandmarks()
            except Unavailable as error:
                self._finder_missing = str(error)
                raise

    def _value(self, entry: _Entry, frame: LazyFrame, has_target: bool) -> float | None:
        if entry.metric is None:
            return None
        if Needs.TARGET in entry.spec.needs and not has_target:
            return None
        entry.seen += 1
        try:
            return entry.metric.update(frame)
        except Exception as error:
            _log.warning("%s stopped at frame %d: %s", entry.spec.name, frame.index, error)
            _log.debug("%s", entry.spec.name, exc_info=True)
            entry.stop(f"failed at frame {frame.index}: {_told(error)}")
            return None

    def _result(self, entry: _Entry) -> Measurement:
        if entry.metric is None:
            return Measurement(None, reason=entry.reason, total=entry.seen)
        if self._frames and entry.seen == 0:
            return Measurement(None, reason="there are no ground-truth frames to compare with")
        try:
            found = entry.metric.compute()
        except Exception as error:
            _log.warning("%s failed: %s", entry.spec.name, error)
            return Measurement(None, reason=f"failed: {_told(error)}", total=entry.seen)
        if Needs.LANDMARKS in entry.spec.needs and self._finder is not None:
            measured_by = f"{found.measured_by}; landmarks: {self._finder.describe()}"
            found = dataclasses.replace(found, measured_by=measured_by)
        return found


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
