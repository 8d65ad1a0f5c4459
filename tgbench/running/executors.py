"""Where and when jobs run; what they do is none of an executor's business."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ..errors import TgbenchError
from .job import JobSpec
from .worker import Worker

_POLL_SECONDS = 0.05
_PATIENCE = 10.0
"""Seconds that a child has to stop by itself."""

_TAIL = 1 << 14


@dataclass(frozen=True)
class Ended:
    """A job that ended.

    Attributes:
        job: which.
        error: why it failed; None: it is done.
    """

    job: JobSpec
    error: Exception | None = None


class Executor(Protocol):
    """Runs jobs somewhere.

    Jobs are handed over when all that they depend on is done. They need no more than `job.file`
    written where the other process sees it, and `tgbench run-job FILE` run there, once or again.

    Attributes:
        capacity: how many jobs it takes at a time; None: any number, it queues them itself.
    """

    capacity: int | None

    def submit(self, job: JobSpec) -> None:
        """Take a job."""

    def wait(self) -> Ended:
        """Return a job that ended, waiting for one if need be."""

    def stop(self) -> None:
        """Stop all jobs that still run, and leave no process behind."""


class InProcess:
    """Runs one job at a time in this process."""

    capacity: int | None = 1

    def __init__(self, worker: Worker) -> None:
        """Use a worker, which keeps what several jobs need."""
        self._worker = worker
        self._job: JobSpec | None = None

    def submit(self, job: JobSpec) -> None:
        """Take the next job."""
        self._job = job

    def wait(self) -> Ended:
        """Do the job."""
        job, self._job = self._job, None
        assert job is not None
        try:
            self._worker.do(job)
        except Exception as error:
            return Ended(job, error)
        return Ended(job)

    def stop(self) -> None:
        """Do nothing: an interrupted job has ended already."""


class ChildProcesses:
    """Runs several jobs at a time, each in a process of its own on this machine.

    What a child says goes to a log beside the job's file.
    """

    def __init__(self, capacity: int) -> None:
        """Take so many jobs at a time."""
        self.capacity: int | None = capacity
        self._running: dict[subprocess.Popen[bytes], JobSpec] = {}

    def submit(self, job: JobSpec) -> None:
        """Start a child."""
        path = job.write()
        with _log_of(path).open("wb") as log:
            # In a session of its own, so that Ctrl-C reaches it by `stop` alone, and its own
            # children with it.
            child = subprocess.Popen(
                _command(path),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._running[child] = job

    def wait(self) -> Ended:
        """Return the next child that ends."""
        while True:
            for child, job in list(self._running.items()):
                if child.poll() is not None:
                    del self._running[child]
                    return Ended(job, _problem(child.returncode, _log_of(job.file)))
            time.sleep(_POLL_SECONDS)

    def stop(self) -> None:
        """End all children, and kill those that do not stop, or at a second Ctrl-C."""
        # Not SIGINT: where a script starts tgbench in the background, its children ignore that.
        for child in self._running:
            _signal(child, signal.SIGTERM)
        deadline = time.monotonic() + _PATIENCE
        try:
            for child in self._running:
                with suppress(subprocess.TimeoutExpired):
                    child.wait(max(0.0, deadline - time.monotonic()))
        finally:
            for child in self._running:
                _signal(child, signal.SIGKILL)
                child.wait()
            self._running.clear()


def run_jobs(jobs: Sequence[JobSpec], executor: Executor) -> Iterator[Ended]:
    """Hand jobs to an executor in their order, each when all that it depends on is done.

    A job that fails does not stop others; what depends on it fails with it.

    Yields:
        Each job when it ended.
    """
    waiting = list(jobs)
    unfinished = {job.address for job in jobs}
    failed: dict[str, Ended] = {}
    running = 0
    try:
        while waiting or running:
            for job in _ready(waiting, unfinished):
                if cause := next((failed[a] for a in job.depends_on if a in failed), None):
                    waiting.remove(job)
                    unfinished.discard(job.address)
                    reason = TgbenchError(f"needs what failed: {cause.job.title}")
                    failed[job.address] = Ended(job, reason)
                    yield failed[job.address]
                elif executor.capacity is None or running < executor.capacity:
                    waiting.remove(job)
                    try:
                        executor.submit(job)
                    except Exception as error:
                        unfinished.discard(job.address)
                        failed[job.address] = Ended(job, error)
                        yield failed[job.address]
                    else:
                        running += 1
            if running:
                ended = executor.wait()
                running -= 1
                unfinished.discard(ended.job.address)
                if ended.error is not None:
                    failed[ended.job.address] = ended
                yield ended
    finally:
        executor.stop()


def _ready(waiting: Sequence[JobSpec], unfinished: set[str]) -> list[JobSpec]:
    return [job for job in waiting if not unfinished.intersection(job.depends_on)]


@contextmanager
def stopped_by_terminate() -> Iterator[None]:
    """Take SIGTERM as Ctrl-C, so that whoever ends this process ends its children, too.

    So does a terminal that is closed (SIGHUP), unless `nohup` has that ignored.
    """

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    former = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    if former[signal.SIGHUP] is signal.SIG_IGN:
        del former[signal.SIGHUP]
    try:
        for number in former:
            signal.signal(number, interrupt)
    except ValueError:
        # Not the main thread, which alone gets signals.
        yield
        return
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def _command(path: Path) -> list[str]:
    return [sys.executable, "-m", "tgbench", "run-job", str(path)]


def _log_of(path: Path) -> Path:
    return path.with_suffix(".log")


def _problem(code: int, log: Path) -> TgbenchError | None:
    """Return how a child failed; None: it did not."""
    if code == 0:
        return None
    if code < 0:
        return TgbenchError(
            f"its process was killed by signal {-code}"
            + (" (too little memory?)" if code == -signal.SIGKILL else "")
            + f"; repeat the command to go on; its log is {log}"
        )
    return TgbenchError(f"{_last_line(log) or f'exit code {code}'} (log: {log})")


def _last_line(log: Path) -> str:
    with suppress(OSError), log.open("rb") as stream:
        stream.seek(0, os.SEEK_END)
        stream.seek(max(0, stream.tell() - _TAIL))
        lines = stream.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1].strip().removeprefix("error: ") if lines else ""
    return ""


def _signal(child: subprocess.Popen[bytes], number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, number)
