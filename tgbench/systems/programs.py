"""Running other people's programs: bounded in time and size, and never left behind."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..errors import TgbenchError
from ..inputs import reason as reason_of
from ..processes.guarded import Guarded
from ..progress import SILENT, Progress, Task, duration
from .failures import Ending, Explain, Failure, failure_of, full_disk, recognised
from .program_log import ProgramLog

_POLL_SECONDS = 0.1
_GRACE_SECONDS = 5.0
"""That a program has to stop by itself."""

_SIZE_SECONDS = 2.0
"""Least time between two looks at how much a program wrote."""

_SIZE_SHARE = 50
"""Looking at the size takes at most this part of the time."""

_CHUNK = 1 << 16


class ProgramFailed(TgbenchError):
    """A program of somebody else failed. That is never a defect of tgbench.

    Attributes:
        reason: what went wrong, in a few words.
        remedy: what to do about it.
        log: file of what the program said.
    """

    def __init__(self, what: str, failure: Failure, log: Path) -> None:
        super().__init__(f"{what}: {failure.reason}; {failure.remedy} (log: {log})")
        self.reason, self.remedy = failure.reason, failure.remedy
        self.log = log


def run_program(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    log: Path,
    time_limit: float | None = None,
    output_limit: int | None = None,
    progress: Progress = SILENT,
    what: str = "",
    writes_to: Path | None = None,
    stop: Sequence[str] = (),
    explain: Explain = recognised,
) -> None:
    """Run a program to its end, without a shell.

    It runs in a session of its own. When it ends, is stopped, or this process dies in whatever
    way, everything that it started is ended too.

    Args:
        argv: the program and its arguments.
        cwd: the folder that it runs in.
        env: all of its environment.
        log: where what it says is added.
        time_limit: seconds; None: as long as it takes.
        output_limit: bytes that it may write; None: any number.
        progress: where to report; the note is the last line that it said.
        what: what the program is, for messages; empty: its name.
        writes_to: the folder whose size counts for `output_limit`; None: `cwd`.
        stop: a command that ends it from outside, such as a container; run when it is stopped.
        explain: which known failure its words tell of, if any.

    Raises:
        ProgramFailed: it failed, or took more time or room than it may.
    """
    name = what or Path(argv[0]).name
    try:
        kept = ProgramLog(log, f"$ {shlex.join(argv)}  (in {cwd})")
    except OSError as error:
        raise TgbenchError(f"{log}: cannot be written ({reason_of(error)})") from error
    limits = _Limits(time_limit, output_limit, writes_to or cwd)
    try:
        with progress.task(name, None) as task:
            run = _Run(argv, cwd, env, stop, kept)
            try:
                exceeded = run.wait(limits, task)
            finally:
                how = run.end()
        failure = exceeded or run.failure(how, explain)
    finally:
        kept.close()
    if failure is None and kept.trouble is not None:
        failure = Failure(
            f"its log could not be written ({reason_of(kept.trouble)})", "free some space"
        )
    if failure is not None:
        raise ProgramFailed(name, full_disk(cwd) or failure, log)


class _Limits:
    """How long a program may take, and how much it may write."""

    def __init__(self, seconds: float | None, size: int | None, folder: Path) -> None:
        self._seconds, self._size, self._folder = seconds, size, folder
        self._started = self._looked = time.monotonic()
        self._interval = _SIZE_SECONDS
        self._before = size_of(folder) if size is not None else 0

    def exceeded(self, last: bool = False) -> Failure | None:
        """Return which limit is exceeded, if one is; the size is only looked at now and then."""
        now = time.monotonic()
        if self._seconds is not None and not last and now - self._started > self._seconds:
            return Failure(
                f"did not finish within {duration(self._seconds)}",
                "see in its log whether it hangs; if not, raise time_limit in the declaration",
            )
        if self._size is None or not (last or now - self._looked > self._interval):
            return None
        written = size_of(self._folder) - self._before
        self._looked = time.monotonic()
        self._interval = max(_SIZE_SECONDS, _SIZE_SHARE * (self._looked - now))
        if written <= self._size:
            return None
        return Failure(
            f"wrote {written / 1e9:.2f} GB into {self._folder}, more than the limit of "
            f"{self._size / 1e9:.2f} GB",
            "raise output.largest_gb in the declaration if that is right",
        )


class _Run:
    """A program under its guardian."""

    def __init__(
        self,
        argv: Sequence[str],
        cwd: Path,
        env: Mapping[str, str],
        stop: Sequence[str],
        log: ProgramLog,
    ) -> None:
        self._argv, self._log = list(argv), log
        self._guarded = Guarded(
            argv,
            subprocess.PIPE,
            cwd=cwd,
            env=env,
            report=True,
            patience=_GRACE_SECONDS,
            stop=stop,
        )
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def wait(self, limits: _Limits, task: Task) -> Failure | None:
        """Wait for the end; return the limit that the program exceeds, if it does."""
        said = ""
        while not self._guarded.wait(_POLL_SECONDS):
            if exceeded := limits.exceeded():
                return exceeded
            if (line := self._log.last_line()) != said:
                said = line
                task.note(line)
        return limits.exceeded(last=True)

    def end(self) -> dict[str, Any]:
        """End the program if it still runs, and all that it started; return how it ended."""
        code = self._guarded.end()
        # A process that could not be killed may hold the pipe open.
        self._listener.join(_GRACE_SECONDS)
        assert self._guarded.process.stderr is not None
        with self._guarded.process.stderr as stream:
            said = stream.read().decode("utf-8", "replace").splitlines()
        try:
            how: dict[str, Any] = json.loads(said[-1])
        except (IndexError, ValueError):
            # The guardian itself was killed.
            how = {"code": code or -signal.SIGKILL}
        return how

    def failure(self, how: dict[str, Any], explain: Explain) -> Failure | None:
        """Return why the program failed, if it did, from what the guardian says."""
        if error := how.get("error"):
            place = how.get("file") or self._argv[0]
            return Failure(
                f"cannot be started ({place}: {os.strerror(error)})",
                "check the environment and the command of the declaration",
            )
        ending = Ending(how.get("code"), self._log.tail(), self._log.last_line())
        return failure_of(ending, explain)

    def _listen(self) -> None:
        assert self._guarded.process.stdout is not None
        with self._guarded.process.stdout as stream:
            while said := os.read(stream.fileno(), _CHUNK):
                self._log.write(said)


def size_of(folder: Path) -> int:
    """Return the bytes of all files at and below a folder; links count nothing."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                state = os.lstat(os.path.join(place, name))
                total += state.st_blocks * 512
    return total
