"""The contracts between the harness and its plug-ins.

Data are plain arrays and frozen records; no tensor library appears here, so a method may use any
framework, or run in another process.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from .arrays import Image, Points
from .audio import FeatureSource, Waveform
from .blendshapes import Blendshapes, FaceHalf, HasBlendshapes
from .drive import Backdrop, Drive
from .driving.cameras import View
from .driving.tags import NO_TAGS, TrackTags
from .identities import Identity, Split
from .measurement import FrameView, Measurement, Metric, MetricContext, MetricOptions, Shared
from .progress import Progress
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
