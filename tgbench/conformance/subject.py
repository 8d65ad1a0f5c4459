"""The method under check: every call of its code goes through here."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..identities import Identity
from ..interfaces import Drive, FitContext, FitReport, Image, Method
from ..progress import Task
from ..running.method_config import MethodConfig
from .findings import DoesNotHold, theirs

Frames = NDArray[np.uint8]
"""Rendered frames, uint8 RGB [T, H, W, 3]."""


class StepCounter:
    """A `Progress` that counts the steps that a fit reports.

    Attributes:
        steps: counted so far, over all tasks, those of an earlier run left out.
        earlier: steps that the method said an earlier run did.
    """

    def __init__(self, at_step: Callable[[int], None] = lambda steps: None) -> None:
        """Call `at_step` with the number of steps whenever it grows."""
        self.steps = 0
        self.earlier = 0
        self._at_step = at_step

    @contextmanager
    def task(self, description: str, total: int | None, done: int = 0) -> Iterator[Task]:
        """Count the steps of a task."""
        self.earlier += done
        yield self

    def advance(self, steps: int = 1) -> None:
        """Count steps."""
        self.steps += steps
        self._at_step(self.steps)

    def note(self, text: str) -> None:
        """Do without the note."""


@dataclass(frozen=True)
class Subject:
    """A method with its settings.

    Attributes:
        config: what is checked.
        device: "cpu" or "cuda".
        seed: of every fit.
    """

    config: MethodConfig
    device: str
    seed: int = 0

    def new(self) -> Method:
        """Return an instance that knows nothing yet."""
        with theirs("constructing the method"):
            method: Method = self.config.spec.load()(self.config.config)
            return method

    def fit(self, method: Method, clip: Identity, workdir: Path, steps: StepCounter) -> FitReport:
        """Fit an instance to a clip, without catching its errors."""
        workdir.mkdir(parents=True, exist_ok=True)
        return method.fit(clip, clip.split(), FitContext(workdir, self.seed, self.device, steps))

    def fitted(self, clip: Identity, workdir: Path) -> Method:
        """Return an instance that was fitted to a clip, saved and loaded again.

        Raises:
            DoesNotHold: one of these failed.
        """
        method = self.new()
        with theirs("fit"):
            self.fit(method, clip, workdir, StepCounter())
        model = workdir.with_name(f"{workdir.name}-model")
        self.save(method, model)
        return self.loaded(model, clip)

    def save(self, method: Method, folder: Path) -> None:
        """Save an instance into a folder that does not exist yet, as a run does."""
        shutil.rmtree(folder, ignore_errors=True)
        with theirs("save"):
            method.save(folder)
        # A method may have nothing to save.
        folder.mkdir(exist_ok=True)

    def loaded(self, model: Path, clip: Identity) -> Method:
        """Return an instance with a saved state.

        Raises:
            DoesNotHold: it cannot be loaded.
        """
        method = self.new()
        with theirs("load"):
            method.load(model, clip, clip.split(), self.device)
        return method

    def render(self, method: Method, drive: Drive) -> Frames:
        """Return the frames of a drive.

        Raises:
            DoesNotHold: rendering failed, or these are not the frames that were asked for.
        """
        with theirs("render"):
            return np.stack(list(checked(method.render(drive), drive)))


def checked(frames: Iterator[Image], drive: Drive) -> Iterator[Image]:
    """Yield copies of frames, and hold them to the contract.

    Raises:
        DoesNotHold: a frame has another shape or type, or there are more or fewer than asked for.
    """
    lens, count = drive.intrinsics, 0
    expected = (lens.height, lens.width, 3)
    for frame in frames:
        if not isinstance(frame, np.ndarray):
            raise DoesNotHold(f"frame {count} is a {type(frame).__name__}, not a NumPy array")
        if frame.shape != expected or frame.dtype != np.uint8:
            raise DoesNotHold(f"frame {count} is {frame.dtype} {frame.shape}, not uint8 {expected}")
        count += 1
        if count > len(drive):
            raise DoesNotHold(f"render yields more than the {len(drive)} frames of the drive")
        yield frame.copy()
    if count < len(drive):
        raise DoesNotHold(f"render yields {count} frames for a drive of {len(drive)}")
