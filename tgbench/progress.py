"""Progress of long work: what is being done, how far it is, how long it will take."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from rich.console import Console


class Task(Protocol):
    """One running piece of work."""

    def advance(self, steps: int = 1) -> None:
        """Count `steps` more as done."""

    def note(self, text: str) -> None:
        """Show a short text beside the bar, such as the current loss."""


class Progress(Protocol):
    """Where long work reports to."""

    def task(
        self, description: str, total: int | None, done: int = 0
    ) -> AbstractContextManager[Task]:
        """Open a bar that closes with the context.

        Args:
            description: what is being done.
            total: steps that there are in all; None: unknown.
            done: steps that an earlier run did.
        """


class JobsShown(Protocol):
    """Several jobs that run at the same time, as they are shown."""

    def submitted(self, address: str, title: str, state: Path, log: Path) -> None:
        """Show a job that was handed over.

        Args:
            address: which.
            title: in a few words.
            state: file in which it says how far it is.
            log: file that gets what it prints.
        """

    def ended(self, address: str) -> None:
        """Show it no longer."""


@runtime_checkable
class ShowsJobs(Protocol):
    """Optional: a `Progress` that shows each of several jobs."""

    def jobs(self, total: int) -> AbstractContextManager[JobsShown]:
        """Show so many jobs until the context ends."""


class _SilentTask:
    def advance(self, steps: int = 1) -> None:
        pass

    def note(self, text: str) -> None:
        pass


class _SilentProgress:
    @contextmanager
    def task(self, description: str, total: int | None, done: int = 0) -> Iterator[Task]:
        yield _SilentTask()


SILENT: Progress = _SilentProgress()
"""Reports to nobody: the default of every function that takes a `Progress`."""


class Tally:
    """Counts the steps of one task; several threads may count at once.

    Attributes:
        total: steps that there are in all; None: unknown. An estimate that was too low grows.
        done: steps that are done, those of an earlier run included.
        remark: the latest note.
    """

    def __init__(
        self, total: int | None, done: int = 0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.total = total
        self.done = done
        self.remark = ""
        self._earlier = done
        self._clock = clock
        self._started = clock()
        self._lock = threading.Lock()
        self._fit()

    def advance(self, steps: int = 1) -> None:
        """Count `steps` more as done."""
        with self._lock:
            self.done += steps
            self._fit()

    def note(self, text: str) -> None:
        """Remember a short text."""
        self.remark = text

    def finish(self) -> None:
        """Take what was done as all that there was: an estimate may have been too high."""
        with self._lock:
            self.total = self.done or self.total
            self.done = self.total or 0

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return self._clock() - self._started

    @property
    def left(self) -> float | None:
        """Seconds that remain at the pace of this run; None where there is none yet."""
        made = self.done - self._earlier
        if self.total is None or made <= 0:
            return None
        return self.elapsed * (self.total - self.done) / made

    @property
    def counted(self) -> str:
        """How much is done, in figures; empty where nothing was counted."""
        if self.total is None:
            return str(self.done) if self.done else ""
        return f"{self.done}/{self.total}"

    def _fit(self) -> None:
        if self.total is not None:
            self.total = max(self.total, self.done)


def duration(seconds: float) -> str:
    """Return a time in words, such as "2 min 5 s"."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


class ConsoleProgress:
    """Bars on a terminal; elsewhere, as in a file or the log of a CI, plain lines."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextmanager
    def task(self, description: str, total: int | None, done: int = 0) -> Iterator[Task]:
        """Show a bar, or lines, with share done, elapsed and remaining time."""
        if self._console.is_terminal:
            from .terminal.progress_bars import bar as shown
        else:
            from .terminal.progress_lines import lines as shown
        with shown(self._console, description, Tally(total, done)) as task:
            yield task

    @contextmanager
    def jobs(self, total: int) -> Iterator[JobsShown]:
        """Show a bar over all jobs, and on a terminal below it those that run just now."""
        if self._console.is_terminal:
            from .terminal.jobs_board import board

            with board(self._console, Tally(total)) as shown:
                yield shown
        else:
            from .terminal.progress_lines import lines

            with lines(self._console, "jobs", Tally(total)) as task:
                yield JobsCounted(task)


class JobsCounted:
    """Jobs of which only the number that has ended is shown."""

    def __init__(self, task: Task) -> None:
        self._task = task

    def submitted(self, address: str, title: str, state: Path, log: Path) -> None:
        """Show nothing."""

    def ended(self, address: str) -> None:
        """Count it."""
        self._task.advance()
