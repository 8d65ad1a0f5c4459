"""A declared system as a method of the suite."""

from __future__ import annotations

import hashlib
import logging
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..drive import Drive
from ..errors import TgbenchError
from ..files import hash_of, remove, sha256, write_json
from ..identities import Identity, Split
from ..inputs import read_json, reason
from ..interfaces import FitContext, FitReport, Image, TimedFrames
from ..progress import SILENT
from ..running.locks import sole_replacer
from .clips import DrivenClip, TrainingClip
from .config import SystemConfig
from .declaration import Declaration
from .fields import Phase
from .installation import Installation, locate
from .outputs import SystemOutput
from .stages import StageRun, StageRunner, interrupted
from .work import WorkFolder, made_by_fitting

_STATE = "system.json"
_MADE = "made"
_LOGS = "logs"
_AGAIN = "delete it and run again"
_log = logging.getLogger("tgbench")


@dataclass(frozen=True)
class _Fitted:
    """A fitted system.

    Attributes:
        identity: whom it learned.
        split: from which frames.
        seed: of every random choice.
        made: folder with what the fit made.
        logs: folder of the logs.
        room: an existing folder to render in.
    """

    identity: Identity
    split: Split
    seed: int
    made: Path
    logs: Path
    room: Path


class DeclaredMethod:
    """A system that a TOML file declares: its commands run as programs in their own environment.

    Everything happens in a work folder with a copy of the checkout. Fitting shows the commands the
    training frames alone.
    """

    def __init__(self, declaration: Declaration, config: SystemConfig) -> None:
        """Take a declaration and where its system is; nothing is looked at yet."""
        self._declaration, self._config = declaration, config
        self._fitted: _Fitted | None = None
        self._found: Installation | None = None
        self._notes: list[str] = []
        self._speed: TimedFrames | None = None

    def fit(self, identity: Identity, split: Split, context: FitContext) -> FitReport:
        """Run the commands of `prepare` and `train`; those that finished before stay done.

        Raises:
            ProgramFailed: a command failed.
            TgbenchError: something is missing.
        """
        installation = self._installation(context)
        # Before anything is run, because this looks into the environment.
        about = installation.notes()
        clip = TrainingClip(identity, split)
        work = WorkFolder(installation, context.workdir, identity.name, context.seed)
        logs = context.workdir / _LOGS
        prepare, train = self._declaration.prepare, self._declaration.train
        runs: list[StageRun] = []
        if prepare or train:
            work.furnish()
            inputs = self._hash_of_inputs("fit", _hash_of_clip(clip))
            with context.progress.task(f"staging {identity.name}", None):
                work.stage(clip, inputs)
            runner = StageRunner(installation, work, inputs, logs, "")
            prepared = runner.run(prepare, context.progress)
            runs = runner.run(train, context.progress)
            notes = interrupted([*prepared, *runs])
        else:
            notes = []
        self._fitted = _Fitted(identity, split, context.seed, work.root, logs, context.workdir)
        if train:
            notes.append("training time is that of the train commands, from start to end")
        seconds = sum(run.seconds for run in runs)
        return FitReport(seconds=seconds, notes=(*about, *notes))

    def render(self, drive: Drive) -> Iterator[Image]:
        """Run the commands of `render`, then yield the frames that they left.

        Raises:
            ProgramFailed: a command failed.
            TgbenchError: what it left does not fit the drive.
        """
        fitted = self._require_fit()
        installation = self._installation()
        digest = _hash_of_drive(drive, fitted.seed)[:12]
        root = fitted.room / f"render-{digest}"
        with sole_replacer(root, wait=True):
            work = WorkFolder(installation, root, fitted.identity.name, fitted.seed)
            self._restore(fitted.made, work)
            work.furnish()
            training = TrainingClip(fitted.identity, fitted.split)
            inputs = self._hash_of_inputs("render", digest)
            work.stage(DrivenClip(training, drive, self._declaration.leaked_conditions), inputs)
            runner = StageRunner(installation, work, inputs, fitted.logs, f"render-{digest}-")
            runs = runner.run(self._declaration.render, SILENT, self._declaration.output.path)
            self._speed = self._speed_of(runs, len(drive))
            output = SystemOutput(self._declaration, work, drive)
            self._notes = interrupted(runs)
            yield from output
            self._notes += output.notes
            if self._declaration.speed is not None:
                self._notes.append(f"speed: {self._declaration.speed.measured}")
            # Only now: what was rendered is not lost if this process is stopped before.
            remove(root)

    def save(self, folder: Path) -> None:
        """Copy what the fit made and its logs; the file that says what it is comes last."""
        fitted = self._require_fit()
        work = self._work_of(fitted)
        for pattern in made_by_fitting(self._declaration):
            for path in work.matches(pattern):
                _copy(path, folder / _MADE / path.relative_to(work.root))
        if fitted.logs.is_dir():
            shutil.copytree(fitted.logs, folder / _LOGS, dirs_exist_ok=True)
        said = {**_state(fitted.identity, fitted.split), "seed": fitted.seed}
        write_json(folder / _STATE, {**said, "files": _hashes(folder / _MADE)})

    def saved_at(self, folder: Path) -> None:
        """Use what was saved from now on: the work folder of the fit goes away."""
        fitted = self._require_fit()
        self._fitted = self._loaded(folder, fitted.identity, fitted.split, fitted.seed)

    def load(self, folder: Path, identity: Identity, split: Split, device: str) -> None:
        """Restore what `save` wrote.

        Raises:
            TgbenchError: it was saved for other frames or another clip, or is damaged.
        """
        path = folder / _STATE
        try:
            saved = read_json(path)
        except (OSError, ValueError) as error:
            raise TgbenchError(f"{path}: cannot be read ({reason(error)}); {_AGAIN}") from error
        whole = isinstance(saved, dict) and isinstance(saved.get("files"), dict)
        if not whole or not isinstance(saved.get("seed"), int):
            raise TgbenchError(f"{path}: is not a state of a declared system; {_AGAIN}")
        for key, value in _state(identity, split).items():
            if saved.get(key) != value:
                raise TgbenchError(
                    f"{path}: was saved for another {key} ({saved.get(key)}, now {value}); {_AGAIN}"
                )
        found = _hashes(folder / _MADE)
        for name, digest in saved["files"].items():
            if found.get(name) != digest:
                trouble = "is damaged" if name in found else "is missing"
                raise TgbenchError(f"{folder / _MADE / name}: {trouble}; {_AGAIN}")
        self._fitted = self._loaded(folder, identity, split, saved["seed"])

    def rendering_time(self) -> TimedFrames | None:
        """Return how long the frames of the last `render` took, as the declaration measures it."""
        return self._speed

    def rendering_notes(self) -> list[str]:
        """Return what was done to the frames of the last `render` to fit them to the case."""
        return self._notes

    def _installation(self, context: FitContext | None = None) -> Installation:
        if self._found is None:
            progress = context.progress if context is not None else SILENT
            self._found = locate(self._declaration, self._config, progress)
        return self._found

    def _hash_of_inputs(self, phase: Phase, shown: str) -> str:
        wanted = [each.model_dump(mode="json") for each in self._declaration.inputs_of(phase)]
        return hash_of([wanted, self._declaration.leaked_conditions, shown])

    def _require_fit(self) -> _Fitted:
        if self._fitted is None:
            raise RuntimeError("fit or load comes before render and save")
        return self._fitted

    def _loaded(self, folder: Path, identity: Identity, split: Split, seed: int) -> _Fitted:
        room = folder.parent / "work"
        return _Fitted(identity, split, seed, folder / _MADE, folder / _LOGS, room)

    def _work_of(self, fitted: _Fitted) -> WorkFolder:
        return WorkFolder(self._installation(), fitted.made, fitted.identity.name, fitted.seed)

    def _restore(self, made: Path, work: WorkFolder) -> None:
        """Copy what the fit made into the folder of a rendering; what is there stays."""
        source = WorkFolder(self._installation(), made, work.values["name"], 0)
        for pattern in made_by_fitting(self._declaration):
            for path in source.matches(pattern):
                target = work.root / path.relative_to(source.root)
                if not target.exists():
                    _copy(path, target)

    def _speed_of(self, runs: list[StageRun], frames: int) -> TimedFrames | None:
        """Return the time of the frames, by a line of the logs or by that of the commands."""
        speed = self._declaration.speed
        if speed is None:
            return None
        if not speed.pattern:
            return TimedFrames(frames, (np.array([sum(run.seconds for run in runs)]),))
        said = "".join(run.said() for run in runs)
        found = re.findall(speed.pattern, said)
        with suppress(IndexError, ValueError, TypeError, ZeroDivisionError):
            return TimedFrames(1, (np.array([1 / float(found[-1])]),))
        return None


def _copy(path: Path, target: Path) -> None:
    """Copy a file or a folder with the times of its files, which say which is the newest."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        shutil.copytree(path, target, dirs_exist_ok=True, ignore_dangling_symlinks=True)
    else:
        shutil.copy2(path, target)


def _hashes(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file at and below a folder, by relative name."""
    return {
        path.relative_to(folder).as_posix(): sha256(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _state(identity: Identity, split: Split) -> dict[str, Any]:
    return {
        "identity": identity.name,
        "training range": [split.train.start, split.train.stop],
        "poses": hash_of(identity.poses.tolist()),
    }


def _hash_of_clip(clip: TrainingClip) -> str:
    """Return what tells the training frames from others: the harness has hashed their content."""
    return hash_of([str(clip.identity.folder.resolve()), clip.frames, clip.poses.tolist()])


def _hash_of_drive(drive: Drive, seed: int) -> str:
    digest = hashlib.sha256(str(seed).encode())
    units = drive.action_units
    for array in (
        drive.poses,
        drive.audio.samples,
        drive.features[drive.feature_index],
        drive.source_frames,
        *(units.values[name] for name in sorted(units.values)),
    ):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
