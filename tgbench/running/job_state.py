"""How far each job is, in files beside the jobs: for who looks from another process or machine.

Nothing in these files is a time of day, because clocks of machines differ: a job says for how many
seconds it has run, and touches its file as long as it does. The file system alone dates that.
"""

from __future__ import annotations

import os
import platform
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from ..faults import one_line
from ..files import write_text
from ..inputs import read_bytes
from .job import JobSpec
from .schema import Record

BEAT = 10.0
"""Seconds between two touches."""

SILENCE = 90.0
"""Seconds after which who has not touched its file is taken for gone; file systems that machines
share may show a touch only after a minute."""

_LARGEST = 1 << 16
_LONGEST_REASON = 2000


class JobState(Record):
    """How far a job is, or a run."""

    state: Literal["running", "done", "failed"]
    node: str = Field(default="", description="Name of the machine.")
    process: int = Field(default=0, description="Its number there.")
    seconds: float = Field(default=0.0, ge=0.0, description="For which it has run.")
    reason: str = Field(default="", description="Why it failed.")
    log: str = Field(default="", description="What it said, as a path; empty: not known.")


def state_file(job_file: Path) -> Path:
    """Return where a job, or a run, says how far it is."""
    return job_file.with_suffix(".state")


def read_state(path: Path) -> JobState | None:
    """Return what a file says; None where there is none, or it cannot be read."""
    try:
        return JobState.model_validate_json(read_bytes(path, _LARGEST))
    except (OSError, ValueError, ValidationError):
        return None


def write_state(path: Path, state: JobState) -> None:
    """Write how far a job is, as far as there is room: no job fails because it cannot say so."""
    with suppress(OSError):
        write_text(path, state.model_dump_json() + "\n")


def write_failure(job: JobSpec, error: Exception, log: Path | None) -> None:
    """Write that a job failed, and why, for how long it ran as far as it has said so."""
    path = state_file(job.file)
    before = read_state(path) or JobState(state="failed")
    named = str(log) if log is not None and log.exists() else before.log
    reason = one_line(error).encode(errors="backslashreplace").decode()[:_LONGEST_REASON]
    update = {"state": "failed", "reason": reason, "log": named}
    write_state(path, before.model_copy(update=update))


def forget(jobs: Iterable[JobSpec]) -> None:
    """Remove what earlier runs say of jobs that are to be done, but of those that still run.

    These may be in a queue that an earlier run has left them in.
    """
    now: float | None = None
    for job in jobs:
        path = state_file(job.file)
        state = read_state(path)
        if state is None and not path.exists():
            continue
        now = clock_of(path.parent) if now is None else now
        if state is not None and state.state == "running" and lives(path, state, now):
            continue
        with suppress(OSError):
            path.unlink(missing_ok=True)


def lives(path: Path, said: JobState, now: float) -> bool:
    """Whether a process still touches its file; of this machine, whether it is there at all.

    Args:
        path: of the file.
        said: what it says.
        now: by the clock of its file system; see `clock_of`.
    """
    if said.node == platform.node() and not Path(f"/proc/{said.process}").exists():
        return not Path("/proc/self").exists() and now - touched(path) < SILENCE
    return now - touched(path) < SILENCE


def touched(path: Path) -> float:
    """Return when a file was last written, by the clock of its file system; 0 if it is gone."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


@contextmanager
def doing(job: JobSpec, log: str = "") -> Iterator[None]:
    """Say of a job that it runs until the block ends, and how it ended.

    Stopped by Ctrl-C, it is one that waits again.
    """
    with said(state_file(job.file), log):
        yield


@contextmanager
def said(path: Path, log: str = "") -> Iterator[None]:
    """Write to a file that something runs, touch it meanwhile, and write how it ended."""
    started, ended = time.monotonic(), threading.Event()
    state = JobState(state="running", node=platform.node(), process=os.getpid(), log=log)

    def now(**changes: object) -> JobState:
        return state.model_copy(update={"seconds": time.monotonic() - started, **changes})

    def touch() -> None:
        while not ended.wait(BEAT):
            write_state(path, now())

    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
    write_state(path, now())
    toucher = threading.Thread(target=touch, daemon=True)
    toucher.start()
    try:
        yield
    except Exception as error:
        _stop(toucher, ended)
        write_state(path, now(state="failed", reason=one_line(error)[:_LONGEST_REASON]))
        raise
    except BaseException:
        _stop(toucher, ended)
        with suppress(OSError):
            path.unlink(missing_ok=True)
        raise
    _stop(toucher, ended)
    write_state(path, now(state="done"))


def clock_of(folder: Path) -> float:
    """Return the time by the clock of the file system that a folder is on.

    Where nothing can be written there, it is that of this machine.
    """
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"\0")
            file.flush()
            return os.fstat(file.fileno()).st_mtime
    except OSError:
        return time.time()


def _stop(toucher: threading.Thread, ended: threading.Event) -> None:
    ended.set()
    toucher.join()
