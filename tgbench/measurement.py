"""The contract between the harness and its metrics: frames go in, a measurement comes out."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, Self, TypeVar

from .arrays import Image, Points
from .audio import Waveform
from .audio.phones import Spoken
from .errors import Unavailable
from .identities import Identity
from .specs import MetricSpec
from .timing import Timing
from .views import MovedCameras

T = TypeVar("T")


class FrameView(Protocol):
    """One frame as metrics see it. Costly values are computed on first use and shared."""

    index: int
    prediction: Image

    @property
    def target(self) -> Image:
        """The ground-truth frame, uint8 RGB [H, W, 3]."""

    @property
    def prediction_landmarks(self) -> Points | None:
        """68 iBUG landmarks [68, 2] in pixels, None where no face was found."""

    @property
    def target_landmarks(self) -> Points | None:
        """The same of the target, found by the same detector."""

    @property
    def prediction_mesh(self) -> Points | None:
        """Points of MediaPipe's face mesh [478, 3] in pixels, None where no face was found."""

    @property
    def target_mesh(self) -> Points | None:
        """The same of the target."""


@dataclass(frozen=True)
class MetricOptions:
    """Options of measuring.

    Attributes:
        landmarks: which detector finds the 68 landmarks, "mediapipe" or "fan".
        face_box: left, top, right, bottom of the face region in pixels, ends exclusive, the same
            for all frames; None: each frame's own, around the target's landmarks.
        action_units: OpenFace's CSV of the prediction and of the target.
        aligned_faces: folders of OpenFace's aligned faces, of the prediction and of the target.
        phonemes: file with the times of the sounds of speech; None: what lies beside the sound.
        floor: whether the truth is measured against itself, too, as it comes out of an H.264 file
            (crf 23); `floor` in the details of what compares with a truth has the value.
        through_codec: whether the frames that metrics see were encoded and decoded before, as
            `tgbench.metrics.through_codec` does; results say so.
    """

    landmarks: str = "mediapipe"
    face_box: tuple[int, int, int, int] | None = None
    action_units: tuple[Path, Path] | None = None
    aligned_faces: tuple[Path, Path] | None = None
    phonemes: Path | None = None
    through_codec: bool = False
    floor: bool = False


class Shared:
    """Objects that several metrics share, such as a network."""

    def __init__(self) -> None:
        self._made: dict[Hashable, Any] = {}

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return the object of a key, made by `make` on first use.

        Raises:
            Unavailable: it could not be made; every later call raises the same error.
        """
        if key not in self._made:
            try:
                self._made[key] = make()
            except Unavailable as error:
                self._made[key] = error
        made = self._made[key]
        if isinstance(made, Unavailable):
            raise made
        found: T = made
        return found


@dataclass(frozen=True)
class MetricContext:
    """What a metric is constructed with: everything that all frames of a case share.

    Attributes:
        audio: the driving sound.
        spoken: what is said at each frame; None where that is not known.
        fps: frames a second.
        timing: see `Timing`; None when two videos are compared.
        options: how to measure.
        cameras: what is known of moved cameras; None: they are where the clip's was.
        shared: what metrics use together.
        models: networks and detectors that were loaded for other clips; see `model`. None: every
            clip loads its own.
    """

    audio: Waveform | None = None
    fps: float = Identity.fps
    timing: Timing | None = None
    options: MetricOptions = field(default_factory=MetricOptions)
    cameras: MovedCameras | None = field(default=None, repr=False, compare=False)
    shared: Shared = field(default_factory=Shared, repr=False, compare=False)
    models: Shared | None = field(default=None, repr=False, compare=False)
    spoken: Spoken | None = field(default=None, repr=False)

    def model(self, name: Hashable, load: Callable[[], T]) -> T:
        """Return a network or detector that keeps nothing of what it saw, loaded if need be.

        Args:
            name: of it, the same for every clip.
            load: makes it.

        Raises:
            Unavailable: it cannot be had.
        """
        return load() if self.models is None else self.models.once(name, load)


@dataclass(frozen=True)
class Measurement:
    """The result of a metric.

    Attributes:
        value: the number; None if it could not be measured.
        reason: why there is no number.
        scored: number of frames that count in the value.
        total: number of frames that the metric saw.
        measured_by: backend, version, variant; two values compare only if these agree.
        details: further numbers a reader may want, such as percentiles.
    """

    value: float | None
    reason: str = ""
    scored: int = 0
    total: int = 0
    measured_by: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


class Metric(Protocol):
    """A measure that sees a stream of frames once.

    Constructed with a `MetricContext`. The constructor raises `Unavailable` where it cannot be
    measured here.
    """

    spec: MetricSpec

    def update(self, frame: FrameView) -> float | None:
        """Score the next frame. Returns its value, or None if it cannot be scored."""

    def compute(self) -> Measurement:
        """Return the value over all frames seen."""

    def merge(self, later: Self) -> None:
        """Add the frames that `later` has seen, as if they followed the own ones.

        Raises:
            Unavailable: the value depends on the whole clip, so parts cannot be joined.
        """
