"""Running the commands of a declaration, each once: a stage that finished is not repeated."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import TgbenchError
from ..files import hash_of, write_json, write_text
from ..inputs import read_json
from ..progress import Progress
from ..running.job_state import clock_of
from .failures import Failure, recognised
from .fields import Stage
from .installation import Installation
from .known_failures import explained
from .launching import Command
from .program_log import TAIL, said_since
from .programs import ProgramFailed, run_program
from .work import RECORDS, WorkFolder

_GIGABYTE = 10**9
_log = logging.getLogger("tgbench")

_State = dict[str, tuple[int, int]]
"""Size and time of files by path."""


@dataclass(frozen=True)
class StageRun:
    """A finished stage.

    Attributes:
        name: of the stage.
        seconds: that its command took, all attempts together.
        interruptions: attempts that were stopped before the one that finished.
        log: file of what it said.
        log_start: bytes in it that the attempts before the one that finished had said.
    """

    name: str
    seconds: float
    interruptions: int
    log: Path
    log_start: int = 0

    def said(self) -> str:
        """Return what the attempt that finished said."""
        return said_since(self.log, self.log_start)


class StageRunner:
    """Runs stages in a work folder.

    A stage counts as done if it was done with the same command, checkout and inputs, everything
    before it too, and what it makes is still there.
    """

    def __init__(
        self, installation: Installation, work: WorkFolder, inputs: str, logs: Path, prefix: str
    ) -> None:
        """Prepare to run; nothing is run yet.

        Args:
            installation: of the system.
            work: a folder that is furnished and staged.
            inputs: hash of what was staged.
            logs: folder of the logs.
            prefix: of their names.
        """
        self._installation, self._work = installation, work
        self._logs, self._prefix = logs, prefix
        state = installation.state
        self._key = hash_of([inputs, state.fingerprint if state else ""])

    def run(self, stages: Iterable[Stage], progress: Progress, output: str = "") -> list[StageRun]:
        """Run stages in their order, those that are done left out.

        Args:
            stages: to run.
            progress: where to report.
            output: pattern of what they leave in the end. What was there before would be taken for
                it, so a stage that runs finds nothing of it but what the stages before it made.

        Raises:
            ProgramFailed: one failed, or did not make what it should.
            TgbenchError: one lacks what it needs.
        """
        made: list[str] = []
        runs = []
        for stage in stages:
            runs.append(self._stage(stage, progress, output, made))
            made += stage.makes
        return runs

    def _stage(
        self, stage: Stage, progress: Progress, output: str, made: Iterable[str]
    ) -> StageRun:
        command = [self._work.expanded(word) for word in stage.command]
        self._key = hash_of([self._key, command, stage.model_dump(mode="json")])
        log = self._logs / f"{self._prefix}{stage.name}.log"
        name = f"{self._installation.declaration.name}, {stage.name}"
        attempts = _Attempts(self._work.root / RECORDS / f"{stage.name}.json", self._key, log)
        if attempts.finished and all(self._work.matches(pattern) for pattern in stage.makes):
            _log.info("%s: done before", name)
            return attempts.as_run(stage.name)
        self._remove_leftovers(output, made)
        self._make_ready(stage)
        before = self._made(stage)
        attempts.begin()
        _log.info("%s: started; its log is %s", name, log)
        self._launch(stage, command, log, name, progress)
        seconds = attempts.elapsed
        # One that was stopped at its very end has nothing left to do.
        said = said_since(log, attempts.log_start, TAIL)
        self._check_made(stage, {} if attempts.interruptions else before, log, name, said)
        attempts.finish()
        _log.info("%s: finished in %.1f s", name, seconds)
        return attempts.as_run(stage.name)

    def _remove_leftovers(self, output: str, made: Iterable[str]) -> None:
        """Remove what is there of the output, but for inputs and what some patterns match."""
        if not output:
            return
        kept = {path for pattern in made for path in self._work.matches(pattern)}
        inputs = Path(self._work.values["identity"])
        for path in self._work.matches(output):
            is_input = inputs != self._work.root and path.is_relative_to(inputs)
            if path.is_file() and not is_input and path not in kept:
                path.unlink()

    def _make_ready(self, stage: Stage) -> None:
        """Write and copy what is wanted before the command, and see that all it needs is there."""
        for pattern, target in stage.copies.items():
            self._work.copies(pattern, target)
        for name, text in stage.files.items():
            write_text(self._work.path(name), self._work.expanded(text))
        for text in stage.needs:
            if not self._work.path(text).exists():
                raise TgbenchError(
                    f"{self._installation.declaration.name}, {stage.name}: needs "
                    f"{self._work.path(text)}, which is missing; see "
                    f"{self._installation.declaration.path}"
                )

    def _launch(
        self, stage: Stage, command: list[str], log: Path, name: str, progress: Progress
    ) -> None:
        declaration, root = self._installation.declaration, self._work.root
        cwd = self._work.path(stage.folder)
        if cwd.is_relative_to(root):
            cwd.mkdir(parents=True, exist_ok=True)
        variables = {**declaration.environment.variables, **stage.variables}
        inside = {
            "PYTHONHASHSEED": self._work.values["seed"],
            "PYTHONUNBUFFERED": "1",
            **{key: self._work.expanded(text) for key, text in variables.items()},
        }
        folders = (root, *self._work.linked_folders())
        launch = self._installation.environment.launch(
            Command(tuple(command), cwd, folders, inside)
        )
        run_program(
            launch.argv,
            cwd=cwd,
            env=launch.env,
            log=log,
            time_limit=stage.time_limit,
            output_limit=round(declaration.output.largest_gb * _GIGABYTE),
            progress=progress,
            what=name,
            writes_to=root,
            stop=launch.stop,
            explain=self._explain,
        )

    def _explain(self, said: str) -> Failure | None:
        """Return the known failure that words tell of: of all systems, else of this one."""
        return recognised(said) or explained(self._installation.declaration.failures, said)

    def _check_made(self, stage: Stage, before: _State, log: Path, name: str, said: str) -> None:
        """Refuse a stage that ended well and made nothing.

        Raises:
            ProgramFailed: it made nothing that some pattern matches.
        """
        for pattern in stage.makes:
            made = _state_of(self._work.matches(pattern))
            if not made or all(before.get(path) == state for path, state in made.items()):
                made_none = f"ended without an error, but made no {self._work.expanded(pattern)}"
                # Many run ffmpeg, and go on whatever becomes of it.
                known = self._explain(said)
                if known is not None:
                    raise ProgramFailed(
                        name, Failure(f"{made_none} ({known.reason})", known.remedy), log
                    )
                remedy = "see its log; the declaration may be for another version of it"
                raise ProgramFailed(name, Failure(made_none, remedy), log)

    def _made(self, stage: Stage) -> _State:
        return _state_of(path for pattern in stage.makes for path in self._work.matches(pattern))


class _Attempts:
    """What is known of the attempts at a stage, kept in a file.

    Of an attempt that was killed, the last time that something was written to its log says how
    long it took.
    """

    def __init__(self, path: Path, key: str, log: Path) -> None:
        self._path, self._key, self._log = path, key, log
        self.finished, self.interruptions, self.log_start = False, 0, 0
        self._seconds, self._started, self._begun = 0.0, 0.0, 0.0
        known = self._read()
        if known.get("key") != key:
            return
        self.finished = bool(known.get("finished"))
        self.log_start = int(known.get("log_start", 0))
        self.interruptions = int(known.get("interruptions", 0))
        self._seconds = float(known.get("seconds", 0.0))
        if not self.finished and (started := float(known.get("started", 0.0))):
            self.interruptions += 1
            with suppress(OSError):
                self._seconds += max(0.0, log.stat().st_mtime - started)

    @property
    def elapsed(self) -> float:
        """Seconds of this attempt so far."""
        return time.monotonic() - self._begun

    def begin(self) -> None:
        """Note that an attempt begins."""
        # What another machine compares with the time of the log is by the clock of its files.
        self.finished, self._started = False, clock_of(self._path.parent)
        self._begun = time.monotonic()
        self.log_start = self._log.stat().st_size if self._log.exists() else 0
        self._write()

    def finish(self) -> None:
        """Note that it ended well."""
        self.finished = True
        self._seconds += self.elapsed
        self._write()

    def as_run(self, name: str) -> StageRun:
        """Return what is known of a stage that is done."""
        return StageRun(name, self._seconds, self.interruptions, self._log, self.log_start)

    def _read(self) -> dict[str, Any]:
        try:
            known = read_json(self._path)
        except (OSError, ValueError):
            return {}
        return known if isinstance(known, dict) else {}

    def _write(self) -> None:
        write_json(
            self._path,
            {
                "key": self._key,
                "finished": self.finished,
                "seconds": self._seconds,
                "started": self._started,
                "interruptions": self.interruptions,
                "log_start": self.log_start,
            },
        )


def interrupted(runs: Iterable[StageRun]) -> list[str]:
    """Return a note for each stage that was interrupted."""
    return [
        f"the stage {run.name} was interrupted {run.interruptions} time(s); its time is that of "
        "all attempts"
        for run in runs
        if run.interruptions
    ]


def _state_of(paths: Iterable[Path]) -> _State:
    """Return the size and time of files at and below paths."""
    found: _State = {}
    for path in paths:
        for file in path.rglob("*") if path.is_dir() else (path,):
            with suppress(OSError):
                if file.is_file():
                    state = file.stat()
                    found[str(file)] = (state.st_size, state.st_mtime_ns)
    return found
