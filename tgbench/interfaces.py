"""The contracts between the harness and its plug-ins.

Data are plain arrays and frozen records; no tensor library appears here, so a method may use any
framework, or run in another process.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, Self, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from .arrays import Image, Points
from .audio import FeatureSource, Waveform
from .audio.phones import Spoken
from .blendshapes import Blendshapes, FaceHalf, HasBlendshapes
from .drive import Backdrop, Drive
from .driving.cameras import View
from .driving.tags import NO_TAGS, TrackTags
from .errors import Unavailable
from .identities import Identity, Split
from .progress import Progress
from .specs import MetricSpec
from .timing import ReportsSpeed, TimedFrames, Timing
from .views import FilmedClip, Layers, MovedCameras, RendersLayers, TrueViews
from .vocabulary import CompositeMode

__all__ = [
    "AudioEncoder",
    "Backdrop",
    "Blendshapes",
    "Case",
    "Drive",
    "EvaluationProtocol",
    "Exports",
    "FaceHalf",
    "FilmedClip",
    "FitContext",
    "FitReport",
    "FrameView",
    "HasBlendshapes",
    "Image",
    "KeepsFiles",
    "Layers",
    "Measurement",
    "Method",
    "Metric",
    "MetricContext",
    "MetricOptions",
    "MovedCameras",
    "NotesRendering",
    "Points",
    "RendersLayers",
    "ReportsSpeed",
    "Shared",
    "TimedFrames",
    "Timing",
    "TrueViews",
    "View",
]

T = TypeVar("T")


@dataclass(frozen=True)
class FitContext:
    """The environment in which a method trains.

    Attributes:
        workdir: folder for the method's checkpoints; kept between runs of the same
            configuration, so that an interrupted fit can resume.
        seed: for every random choice.
        device: "cpu" or "cuda".
        progress: where to report.
    """

    workdir: Path
    seed: int
    device: str
    progress: Progress


@dataclass(frozen=True)
class FitReport:
    """What training took.

    Attributes:
        seconds: wall time of all stages, including resumed ones, without loading and evaluation;
            None if it is not known.
        iterations: optimiser steps by stage.
        notes: what a reader of the numbers must know, such as a loss term that was left out.
    """

    seconds: float | None
    iterations: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@runtime_checkable
class Method(Protocol):
    """A system under test. Constructed with an instance of its config dataclass."""

    def fit(self, identity: Identity, split: Split, context: FitContext) -> FitReport:
        """Train on the training frames of `split`, and on nothing else."""

    def render(self, drive: Drive) -> Iterator[Image]:
        """Yield one frame for every frame of `drive`, in order, as uint8 RGB [H, W, 3]."""

    def save(self, folder: Path) -> None:
        """Write the fitted state, atomically."""

    def load(self, folder: Path, identity: Identity, split: Split, device: str) -> None:
        """Restore the state that `save` wrote for the same config, identity and split.

        Raises:
            TgbenchError: the state belongs to something else; the message names the difference.
        """


@runtime_checkable
class Exports(Protocol):
    """Optional: a method that can write its fitted state as a file for other programs."""

    def export(self, path: Path, part: str, drive: Drive | None) -> str:
        """Write a file, atomically.

        Args:
            path: of the file; its suffix names the format.
            part: which part of the fitted state, by a name of the method; "all" for everything.
            drive: deform the state as in its first frame; None for the state itself.

        Returns:
            A description of what the file holds.

        Raises:
            TgbenchError: no such part or format.
        """


@runtime_checkable
class KeepsFiles(Protocol):
    """Optional: a method whose fitted state stays in files, which it reads when it renders."""

    def saved_at(self, folder: Path) -> None:
        """Use what `save` wrote, which lies in this folder for good.

        Called after a fit, when the work folder of the fit is about to go.
        """


@runtime_checkable
class NotesRendering(Protocol):
    """Optional: a method that has something to say of how it made the frames of a case."""

    def rendering_notes(self) -> Sequence[str]:
        """Return what a reader of the numbers must know of the frames of the last `render`.

        Such as which were left out or repeated to fit the case; the result holds it.
        """


@dataclass(frozen=True)
class Case:
    """One evaluation: an identity, what drives it, and what it is compared with.

    Attributes:
        protocol, protocol_version: the protocol that planned it.
        identity: the person.
        split: what a method may be fitted on.
        driver: short name of the driving sound, part of the result's path.
        drive: what to render.
        driving_audio: the file that the driving sound was read from.
        target_frames: int [T], frames of the identity that are the ground truth, or None where
            they are not.
        metrics: names of the metrics that apply.
        features_file: the file that the audio features of the drive were read from; None where
            an encoder computed them.
        rules: of the drive, by name; like the next two, a protocol need not set it.
        changed_rules: those that are not the protocol's usual ones.
        tags: what is declared of the driving sound.
        view: where the cameras of the drive are; None: where the clip's camera was.
        truth: ground truth that is no frame of the identity.
        composite_mode: what frames are made of, where the drive decides it; None: the method does.
        notes: what a reader of the numbers must know of the view.
    """

    protocol: str
    protocol_version: str
    identity: Identity
    split: Split
    driver: str
    drive: Drive
    driving_audio: Path
    target_frames: NDArray[np.int64] | None
    metrics: tuple[str, ...]
    features_file: Path | None = None
    rules: Mapping[str, str] = field(default_factory=dict)
    changed_rules: Mapping[str, str] = field(default_factory=dict)
    tags: TrackTags = NO_TAGS
    view: View | None = None
    truth: TrueViews | None = field(default=None, repr=False)
    composite_mode: CompositeMode | None = None
    notes: tuple[str, ...] = ()

    @property
    def has_truth(self) -> bool:
        """Whether there is something to compare frames with."""
        return self.target_frames is not None or self.truth is not None


class EvaluationProtocol(Protocol):
    """Turns identities and driving sounds into cases."""

    def plan(
        self, identities: Sequence[Identity], audio: Sequence[Path], features: FeatureSource
    ) -> list[Case]:
        """Return the cases.

        Args:
            identities: the people to measure.
            audio: driving sounds; empty for the protocol's own choice.
            features: where the audio features of the drives come from.
        """


@runtime_checkable
class AudioEncoder(Protocol):
    """Turns sound into windows of features. Constructed without arguments."""

    def features(self, waveform: Waveform) -> NDArray[np.float32]:
        """Return one window for every whole video frame of a sound.

        Args:
            waveform: mono at 16 kHz.

        Returns:
            float32 [frames, steps, channels]: frames is floor(seconds * 25), steps and channels
            are those of the encoder's `AudioEncoderSpec.window`. Window i is about the time
            i / 25 s.

        Raises:
            TgbenchError: the sound is too short.
        """


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
