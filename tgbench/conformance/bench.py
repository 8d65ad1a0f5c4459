"""What the checks share: one fit of the method, its frames, and changed copies of the clip."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from ..arrays import Mask
from ..errors import TgbenchError, Unavailable
from ..identities import Identity
from ..interfaces import Drive, FitReport, Method
from ..specs import AudioEncoderSpec, MethodSpec
from . import drives
from .clips import copied
from .comparing import VISIBLE, levels
from .findings import NotTried, theirs
from .subject import Frames, StepCounter, Subject

DRIVEN = 16
"""How many held-out frames are rendered at a time."""

Region = Callable[[Identity, int], Mask]


@dataclass(frozen=True)
class BaseFit:
    """The fit that all other ones are compared with.

    Attributes:
        method: as it is after `fit`.
        report: what `fit` returned.
        steps: that it reported as progress.
        seconds: that it took.
        workdir: its folder of checkpoints.
    """

    method: Method
    report: FitReport
    steps: int
    seconds: float
    workdir: Path


@dataclass(frozen=True)
class Variant:
    """Frames that were rendered with one thing changed.

    Attributes:
        clip: the changed copy of the identity.
        frames: what the method rendered.
        refused: whether the method would not load with the copy, so that it was loaded with the
            unchanged clip, and only the drive was changed.
    """

    clip: Identity
    frames: Frames
    refused: bool


class Bench:
    """Where a method is tried.

    What is costly is made on first use. A check that needs what failed raises `NotTried`.
    """

    def __init__(self, subject: Subject, name: str, identity: Identity, folder: Path) -> None:
        """Work in a folder.

        Raises:
            TgbenchError: the identity holds out no frames, or lacks audio features.
        """
        self.subject = subject
        self.name = name
        self.original = identity
        self.folder = folder
        self.clip = copied(identity, folder / "clip")
        self.stamps = stamps(self.clip.folder)
        self.rows = tuple(identity.split().test[:DRIVEN])
        if not self.rows:
            raise TgbenchError(f"{identity.folder}: holds out no frames; see transforms_val.json")
        self.drive = self.drive_of(self.clip)
        self._fit: BaseFit | None = None
        self._model: Path | None = None
        self._variants: dict[str, Variant] = {}

    @property
    def spec(self) -> MethodSpec:
        """What the method declares."""
        return self.subject.config.spec

    @property
    def encoder(self) -> AudioEncoderSpec:
        """The audio encoder that it wants."""
        return self.subject.config.encoder

    def drive_of(self, clip: Identity) -> Drive:
        """Return the drive that the held-out frames of a copy give."""
        return drives.of_frames(clip, self.rows, self.encoder)

    def make_fit(self) -> BaseFit:
        """Fit the method for the first time.

        Raises:
            DoesNotHold: it fails.
            Unavailable: something that it takes is not on this machine.
        """
        method, workdir = self.subject.new(), self.folder / "fit"
        steps = StepCounter()
        started = time.perf_counter()
        with theirs("fit", passing=Unavailable):
            report = self.subject.fit(method, self.clip, workdir, steps)
        seconds = time.perf_counter() - started
        self._fit = BaseFit(method, report, steps.steps, seconds, workdir)
        return self._fit

    @property
    def fit(self) -> BaseFit:
        """The first fit.

        Raises:
            NotTried: it failed.
        """
        if self._fit is None:
            raise NotTried("fit failed")
        return self._fit

    def make_model(self) -> Path:
        """Save the first fit.

        Raises:
            DoesNotHold: that fails.
        """
        model = self.folder / "model"
        self.subject.save(self.fit.method, model)
        self._model = model
        return model

    @property
    def model(self) -> Path:
        """The folder of the saved first fit.

        Raises:
            NotTried: it was not saved.
        """
        if self._model is None:
            raise NotTried("there is no saved fit")
        return self._model

    @cached_property
    def frames(self) -> Frames:
        """The held-out frames, as the first fit renders them."""
        return self.subject.render(self.fit.method, self.drive)

    @cached_property
    def again(self) -> Method:
        """The same fit with the same seed, made once more."""
        return self.subject.fitted(self.clip, self.folder / "again")

    @cached_property
    def chance(self) -> int:
        """Levels by which pixels of two renders of one drive differ; 0 for a sound method."""
        again = self.subject.render(self.fit.method, self.drive)
        return int(levels(self.frames, again).max())

    @property
    def visible(self) -> int:
        """Levels above which a pixel counts as changed."""
        return VISIBLE + self.chance

    def variant(
        self,
        name: str,
        edit: Callable[[Identity], None] = lambda clip: None,
        drive_of: Callable[[Identity], Drive] | None = None,
    ) -> Variant:
        """Return the frames that the saved fit renders with one thing changed; made once by name.

        Args:
            name: of the folder of the copy.
            edit: changes a copy of the clip.
            drive_of: makes the drive from the copy; None: its held-out frames.
        """
        if name in self._variants:
            return self._variants[name]
        clip = copied(self.clip, self.folder / name)
        edit(clip)
        clip = Identity(clip.folder)
        method, refused = self.loaded_with(clip)
        drive = (drive_of or self.drive_of)(clip)
        made = Variant(clip, self.subject.render(method, drive), refused)
        self._variants[name] = made
        return made

    def masks(self, region: Region, clip: Identity | None = None) -> Mask:
        """Return a region in every held-out frame, bool [T, H, W]."""
        shown = clip or self.clip
        return np.stack([region(shown, frame) for frame in self.rows])

    def loaded_with(
        self, clip: Identity, model: Path | None = None, own: Identity | None = None
    ) -> tuple[Method, bool]:
        """Return a saved fit loaded with another clip, and whether the method refused that.

        By contract it may: a state is of one clip. Then it is loaded with its own one.

        Args:
            clip: the other one.
            model: of the fit; None: of the first one.
            own: what it was fitted to; None: the unchanged clip.
        """
        model = model or self.model
        method = self.subject.new()
        try:
            with theirs("load", passing=TgbenchError):
                method.load(model, clip, clip.split(), self.subject.device)
        except TgbenchError:
            return self.subject.loaded(model, own or self.clip), True
        return method, False


def stamps(folder: Path) -> dict[str, tuple[int, int] | None]:
    """Return size and time of change of everything below a folder; None for folders."""
    found: dict[str, tuple[int, int] | None] = {}
    for path in folder.rglob("*"):
        about = path.stat()
        stamp = (about.st_size, about.st_mtime_ns) if path.is_file() else None
        found[path.relative_to(folder).as_posix()] = stamp
    return found
