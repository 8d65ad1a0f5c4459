"""Jobs in processes of their own on this machine."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from ..errors import TgbenchError
from ..progress import duration
from . import guardian

PATIENCE = 10.0
"""Seconds that a child has to stop by itself."""

_KILLING = 10.0
"""Seconds that a guardian has to kill all."""

_TAIL = 1 << 14

_THREAD_LIMITS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "OPENCV_FOR_THREADS_NUM",
)


class Child:
    """A process with all that it starts; what it says goes to a log.

    A guardian stands between it and this process; see `guardian`. So nothing of it is left when it
    ends, nor when this process is killed.
    """

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        environment: Mapping[str, str] | None = None,
        seconds: float = 0.0,
        held: Sequence[int] = (),
    ) -> None:
        """Start it.

        Args:
            command: program and arguments.
            log: file that gets what it prints.
            environment: variables beside those of this process.
            seconds: after which it is killed; 0: never.
            held: descriptors that stay open until all of it has ended, such as of locks.
        """
        self._log = log
        self._seconds = seconds
        self._deadline = time.monotonic() + seconds if seconds else math.inf
        self._timed_out = False
        watched, self._pipe = os.pipe()
        try:
            with log.open("wb") as stream:
                # In a session of its own, so that Ctrl-C reaches it by `ask_to_stop` alone.
                self._process = subprocess.Popen(
                    [sys.executable, "-I", "-S", guardian.__file__, str(watched), *command],
                    stdin=subprocess.DEVNULL,
                    stdout=stream,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    pass_fds=(watched, *held),
                    env={**os.environ, **(environment or {})},
                )
        except BaseException:
            os.close(self._pipe)
            raise
        finally:
            os.close(watched)

    def has_ended(self) -> bool:
        """Whether it has ended. One whose time is up is ended now."""
        if self._process.poll() is None and time.monotonic() > self._deadline:
            self._timed_out = True
            self.kill()
        return self._process.poll() is not None

    def processes(self) -> list[int]:
        """Return the numbers of all processes of it."""
        return [self._process.pid, *guardian.descendants(self._process.pid)]

    def problem(self) -> TgbenchError | None:
        """Return how it failed, once it has ended; None: it did not."""
        self._let_go()
        if self._timed_out:
            return TgbenchError(
                f"stopped after {duration(self._seconds)}, which is its time limit; raise it with "
                f"--set job.minutes=N (log: {self._log})"
            )
        return problem(self._process.returncode, self._log)

    def ask_to_stop(self) -> None:
        """Ask it to stop by itself."""
        # Not SIGINT: where a script starts tgbench in the background, its children ignore that.
        self._signal(signal.SIGTERM)

    def wait(self, seconds: float) -> None:
        """Wait for its end, so long at most."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(max(0.0, seconds))

    def kill(self) -> None:
        """End it, and all that it started."""
        self._let_go()
        try:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_KILLING)
        finally:
            self._signal(signal.SIGKILL)
            self._process.wait()

    def _let_go(self) -> None:
        """Close the pipe, upon which the guardian kills what is left."""
        if self._pipe >= 0:
            os.close(self._pipe)
            self._pipe = -1

    def _signal(self, number: int) -> None:
        if self._process.poll() is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)


def stop_all(children: Iterable[Child]) -> None:
    """End children, and kill those that do not stop, or at a second Ctrl-C."""
    children = list(children)
    for child in children:
        child.ask_to_stop()
    deadline = time.monotonic() + PATIENCE
    try:
        for child in children:
            child.wait(deadline - time.monotonic())
    finally:
        for child in children:
            child.kill()


def job_command(path: Path) -> list[str]:
    """Return the command that does the job of a file."""
    return [sys.executable, "-m", "tgbench", "run-job", str(path)]


def job_log(path: Path) -> Path:
    """Return where a process says what it does for the job of a file."""
    return path.with_suffix(".log")


def thread_limits(cpus: int) -> dict[str, str]:
    """Return the environment of a child that is to keep so many cores busy, and no more.

    A lower limit that is set already stays.
    """
    return {name: str(min(cpus, _limit(name) or cpus)) for name in _THREAD_LIMITS}


def problem(code: int, log: Path) -> TgbenchError | None:
    """Return how a process that did a job failed; None: it did not.

    Args:
        code: its exit code; negative: the signal that killed it.
        log: what it said.
    """
    if code == 0:
        return None
    if code < 0:
        return TgbenchError(
            f"its process was killed by signal {-code}"
            + (" (too little memory?)" if code == -signal.SIGKILL else "")
            + f"; repeat the command to go on; its log is {log}"
        )
    return TgbenchError(f"{_last_line(log) or f'exit code {code}'} (log: {log})")


def _limit(variable: str) -> int | None:
    text = os.environ.get(variable, "")
    return int(text) if text.isdigit() else None


def _last_line(log: Path) -> str:
    with suppress(OSError), log.open("rb") as stream:
        stream.seek(0, os.SEEK_END)
        stream.seek(max(0, stream.tell() - _TAIL))
        lines = stream.read(_TAIL).decode("utf-8", "replace").strip("\0\n ").splitlines()
        return lines[-1].strip().removeprefix("error: ") if lines else ""
    return ""
