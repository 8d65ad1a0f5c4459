"""Jobs that run at the same time, on a terminal: a bar over all of them, and a line for each."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.live import Live
from rich.text import Text

from ..progress import Tally, duration
from .printing import printable
from .progress_bars import Bar

_MOST_SHOWN = 12
"""Jobs that run, each on a line."""

_MOST_READ = 200
"""Jobs whose files are looked at for one picture: a queue of others may be long."""

_TAIL = 1 << 12


@dataclass(frozen=True)
class _Job:
    title: str
    state: Path
    log: Path


@contextmanager
def board(console: Console, tally: Tally) -> Iterator[JobsBoard]:
    """Show jobs until the context ends."""
    shown = JobsBoard(tally)
    # Twice a second is enough for what takes minutes, and easy on a file system that is shared.
    with Live(shown, console=console, refresh_per_second=2):
        yield shown
        tally.finish()


class JobsBoard:
    """How far all jobs are, and what those that run say."""

    def __init__(self, tally: Tally) -> None:
        self._bar = Bar("jobs", tally)
        self._tally = tally
        self._jobs: dict[str, _Job] = {}
        self._began: dict[str, float] = {}
        self._lock = threading.Lock()

    def submitted(self, address: str, title: str, state: Path, log: Path) -> None:
        """Show a job that was handed over."""
        with self._lock:
            self._jobs[address] = _Job(title, state, log)

    def ended(self, address: str) -> None:
        """Count a job, and show it no longer."""
        with self._lock:
            self._jobs.pop(address, None)
            self._began.pop(address, None)
        self._tally.advance()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Group(self._bar, *self._lines(options.max_width))

    def _lines(self, width: int) -> Iterator[Text]:
        with self._lock:
            jobs = dict(self._jobs)
        lines: list[Text] = []
        for address, job in islice(jobs.items(), _MOST_READ):
            seconds = self._seconds(address, job)
            if seconds is not None and len(lines) < _MOST_SHOWN:
                said = _last_line(job.log)
                text = f"  {job.title} ({duration(seconds)}){f': {said}' if said else ''}"
                lines.append(Text(printable(text)[: max(1, width - 1)], no_wrap=True))
        yield from lines
        if more := len(jobs) - len(lines):
            yield Text(f"  and {more} more that wait or start", style="dim")

    def _seconds(self, address: str, job: _Job) -> float | None:
        """Return for how long a job has run; None: it does not run yet."""
        if address not in self._began:
            with suppress(OSError, ValueError, KeyError, TypeError):
                said = json.loads(job.state.read_text(encoding="utf-8"))
                if said["state"] == "running":
                    self._began[address] = time.monotonic() - float(said["seconds"])
        began = self._began.get(address)
        return None if began is None else time.monotonic() - began


def _last_line(log: Path) -> str:
    with suppress(OSError), log.open("rb") as stream:
        stream.seek(0, os.SEEK_END)
        stream.seek(max(0, stream.tell() - _TAIL))
        lines = stream.read(_TAIL).decode("utf-8", "replace").strip("\0\n ").splitlines()
        return lines[-1].strip() if lines else ""
    return ""
