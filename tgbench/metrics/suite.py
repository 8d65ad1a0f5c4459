"""Running several metrics over one stream of frames."""

from __future__ import annotations

import dataclasses
import logging
import math
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from .. import plugins
from ..errors import TgbenchError, Unavailable
from ..faces.finders import LandmarkFinder
from ..interfaces import Image, Measurement, Metric, MetricContext, MetricOptions
from ..overlap import drawn_ahead, in_order, opencv_alone
from ..specs import MetricSpec, Needs
from .frames import FaceFinders, LazyFrame
from .noise_floor import NoiseFloor, context_of_floor, metrics_with_floor, with_floors
from .through_codec import DESCRIPTION, Pair, through_codec

_log = logging.getLogger("tgbench")


@runtime_checkable
class HasSeries(Protocol):
    """A metric that keeps per-frame numbers beside its own value, for plots."""

    def series(self) -> Mapping[str, list[float | None]]:
        """Return them by name, one number for every frame seen."""


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

    def merge(self, later: _Entry) -> None:
        self.values += later.values
        self.seen += later.seen
        if self.metric is None:
            return
        if later.metric is None:
            self.stop(later.reason)
            return
        try:
            self.metric.merge(later.metric)
        except Unavailable as error:
            self.stop(str(error))


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
            landmarks: what finds landmarks; None for the detector that the context's options
                name, made only if a metric needs it.

        Raises:
            TgbenchError: an unknown name.
        """
        specs = plugins.metrics()
        self._context = context
        self._finders = FaceFinders(landmarks or context.options.landmarks, context.models)
        self._frames = 0
        self._asked_for: frozenset[str] = frozenset()
        self.floors: dict[str, Measurement] = {}
        self._entries = {name: self._entry(plugins.find(specs, name, "metric")) for name in names}

    def update(self, index: int, prediction: Image, target: Image | None) -> LazyFrame:
        """Show the next frame to every metric.

        Args:
            index: of the frame, for messages.
            prediction: uint8 RGB [H, W, 3].
            target: the ground truth of the same size, None where there is none.

        Returns:
            The frame with what metrics found in it.
        """
        return self.show(LazyFrame(index, prediction, target, self._finders))

    def update_all(self, pairs: Iterable[Pair]) -> Generator[LazyFrame, None, None]:
        """Show pairs of frames to every metric, and yield each with what metrics found in it.

        Other threads draw the pairs, a few ahead, and find the faces that metrics asked for in the
        frames before.

        Args:
            pairs: of prediction and target; see `update`.
        """

        def look(numbered: tuple[int, Pair]) -> LazyFrame:
            index, (prediction, target) = numbered
            frame = LazyFrame(index, prediction, target, self._finders)
            frame.find(self._asked_for)
            return frame

        with (
            closing(drawn_ahead(pairs)) as drawn,
            closing(in_order(look, enumerate(drawn))) as looks,
        ):
            for frame in looks:
                yield self.show(frame)

    def show(self, frame: LazyFrame) -> LazyFrame:
        """Show a frame to every metric, with what was found in it before; return it."""
        self._frames += 1
        for entry in self._entries.values():
            entry.values.append(self._value(entry, frame, frame.has_target))
        self._asked_for = frame.meshes_asked_for
        return frame

    def merge(self, later: MetricSuite) -> None:
        """Take in what another suite of the same metrics saw of the frames after one's own.

        Where a metric cannot be joined from parts it has no value, and a reason.
        """
        self._frames += later._frames
        for name, entry in self._entries.items():
            entry.merge(later._entries[name])

    def results(self) -> dict[str, Measurement]:
        """Return what every metric found, or why it found nothing; with its floor, if asked for."""
        found = {name: self._result(entry) for name, entry in self._entries.items()}
        return with_floors(found, self.floors)

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
            if Needs.CAMERAS in spec.needs and self._context.cameras is None:
                raise Unavailable(
                    "the camera is where the clip's was; measured under --protocol self_driven_3d"
                )
            self._require_faces(spec)
            return _Entry(spec, spec.load()(self._context))
        except Unavailable as error:
            return _Entry(spec, None, str(error))
        except ImportError as error:
            return _Entry(spec, None, f"its module cannot be loaded: {error}")

    def _require_faces(self, spec: MetricSpec) -> None:
        """Make the detectors that a metric needs, or raise why they cannot be had."""
        needs = needs_with(spec, self._context.options)
        if Needs.LANDMARKS in needs:
            _ = self._finders.landmarks
        if Needs.MESH in needs:
            _ = self._finders.mesh

    def _found_by(self, spec: MetricSpec) -> str:
        """Return in words what found the faces that a metric saw."""
        needs = needs_with(spec, self._context.options)
        if Needs.LANDMARKS in needs:
            return f"; landmarks: {self._finders.landmarks.describe()}"
        if Needs.MESH in needs:
            return f"; landmarks: {self._finders.mesh.describe()}"
        return ""

    def _passed(self, spec: MetricSpec) -> str:
        """Return in words what frames went through before a metric saw them."""
        seen = self._context.options.through_codec and Needs.TIMING not in spec.needs
        return f"; {DESCRIPTION}" if seen else ""

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
            entry.stop(f"failed at frame {frame.index}: {_described(error)}")
            return None

    def _result(self, entry: _Entry) -> Measurement:
        if entry.metric is None:
            return Measurement(None, reason=entry.reason, total=entry.seen)
        if self._frames and entry.seen == 0:
            return Measurement(None, reason="there is no ground truth to compare with")
        try:
            found = entry.metric.compute()
        except Exception as error:
            _log.warning("%s failed: %s", entry.spec.name, error)
            return Measurement(None, reason=f"failed: {_described(error)}", total=entry.seen)
        if found.value is not None and not math.isfinite(found.value):
            return Measurement(None, reason=f"came out as {found.value}", total=entry.seen)
        measured_by = found.measured_by + self._found_by(entry.spec) + self._passed(entry.spec)
        return dataclasses.replace(found, measured_by=measured_by)


def measure_frames(
    pairs: Iterable[Pair],
    names: Sequence[str],
    context: MetricContext,
    see: Callable[[LazyFrame], object] = lambda frame: None,
    landmarks: LandmarkFinder | None = None,
    *,
    ahead: bool = False,
) -> MetricSuite:
    """Show every pair of frames to several metrics, in one pass.

    Args:
        pairs: predictions uint8 RGB [H, W, 3] with their ground truth, or with None.
        names: of metrics, in the order in which results are wanted.
        context: what all frames share; its options say whether frames pass a codec first.
        see: gets every frame after the metrics, with what they found in it.
        landmarks: as of `MetricSuite`.
        ahead: whether other threads may draw pairs and find faces ahead, which is faster where
            nothing is timed meanwhile.

    Returns:
        The suite, with the values.

    Raises:
        TgbenchError: an unknown name.
    """
    suite, floor = MetricSuite(names, context, landmarks), None
    if context.options.floor and (compared := metrics_with_floor(names)):
        floor = NoiseFloor(MetricSuite(compared, context_of_floor(context), landmarks))
    seen = through_codec(pairs) if context.options.through_codec else pairs
    with ExitStack() as held:
        frames = (suite.update(index, *pair) for index, pair in enumerate(seen))
        if ahead:
            held.enter_context(opencv_alone())
            frames = held.enter_context(closing(suite.update_all(seen)))
        for frame in frames:
            see(frame)
            if floor is not None and frame.has_target:
                floor.see(frame)
    if floor is not None:
        suite.floors = floor.finish()
    return suite


def needs_with(spec: MetricSpec, options: MetricOptions) -> frozenset[Needs]:
    """Return what a metric must be given when it is measured so."""
    if spec.takes_face_box and options.face_box is not None:
        return spec.needs - {Needs.LANDMARKS}
    return spec.needs


def reasons_against(names: Sequence[str], context: MetricContext) -> dict[str, str]:
    """Return why each of several metrics cannot be had here; nothing for one that can."""
    suite = MetricSuite(names, context)
    return {name: entry.reason for name, entry in suite._entries.items()}


def _described(error: Exception) -> str:
    # What a user can mend says by itself what it is; for the rest the kind is half of it.
    return str(error) if isinstance(error, TgbenchError) else f"{type(error).__name__}: {error}"
