"""Jobs in processes of their own on this machine."""

from __future__ import annotations

import math
import os
import signal
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from ..errors import TgbenchError
from ..processes.guarded import Guarded
from ..processes.guardian import descendants
from ..processes.python import python_command
from ..progress import duration

PATIENCE = 10.0
"""Seconds that a child has to stop by itself."""

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
    """A process that does a job, with all that it starts; what it says goes to a log."""

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
        with log.open("wb") as stream:
            self._guarded = Guarded(
                command, stream, env={**os.environ, **(environment or {})}, held=held
            )

    def has_ended(self) -> bool:
        """Whether it has ended. One whose time is up is ended now."""
        if not self._guarded.wait(0) and time.monotonic() > self._deadline:
            self._timed_out = True
            self.kill()
        return self._guarded.wait(0)

    def processes(self) -> list[int]:
        """Return the numbers of all processes of it."""
        root = self._guarded.process.pid
        return [root, *descendants(root)]

    def problem(self) -> TgbenchError | None:
        """Return how it failed, once it has ended; None: it did not."""
        code = self._guarded.end()
        if self._timed_out:
            return TgbenchError(
                f"stopped after {duration(self._seconds)}, which is its time limit; raise it with "
                f"--set job.minutes=N (log: {self._log})"
            )
        return problem(code, self._log)

    def ask_to_stop(self) -> None:
        """Ask it to stop by itself."""
        self._guarded.ask_to_stop()

    def wait(self, seconds: float) -> None:
        """Wait for its end, so long at most."""
        self._guarded.wait(seconds)

    def kill(self) -> None:
        """End it, and all that it started."""
        self._guarded.end()


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
    return python_command("-m", "tgbench", "run-job", str(path))


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
