"""Progress as plain lines, for output that goes to a file or to the log of a CI."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..progress import Tally, Task, duration
from .printing import printable

if TYPE_CHECKING:
    from rich.console import Console

EVERY = 30.0
"""Seconds between two lines about a stage."""

QUIET = 2.0
"""Seconds; a stage that takes less leaves no line."""


@contextmanager
def lines(
    console: Console, description: str, tally: Tally, quiet: float = QUIET, every: float = EVERY
) -> Iterator[Task]:
    """Print when a stage starts, every half minute how far it is, and when it ends.

    Args:
        console: where lines go.
        description: of the stage.
        tally: counts its steps.
        quiet: seconds for which nothing is printed.
        every: seconds between two lines after the first.
    """
    stage = StageLines(
        description, tally, lambda text: console.print(text, markup=False), quiet, every
    )
    ended = threading.Event()
    reporter = threading.Thread(target=_report, args=(stage, ended), daemon=True)
    reporter.start()
    try:
        yield tally
    except BaseException:
        _stop(reporter, ended)
        stage.end(whole=False)
        raise
    _stop(reporter, ended)
    stage.end(whole=True)


class StageLines:
    """The lines of one stage; when they are due is a matter of its clock alone."""

    def __init__(
        self,
        description: str,
        tally: Tally,
        write: Callable[[str], None],
        quiet: float = QUIET,
        every: float = EVERY,
    ) -> None:
        self._name = printable(description)
        self._tally = tally
        self._write = write
        self._every = every
        self._next = quiet
        self._begun = False

    @property
    def wait(self) -> float:
        """Seconds until the next line is due."""
        return max(0.0, self._next - self._tally.elapsed)

    def look(self) -> None:
        """Print a line if one is due."""
        if self.wait > 0.0:
            return
        if self._begun:
            self._write(f"{self._name}: {', '.join(self._state())}{self._remark()}")
            self._next += self._every
        else:
            self._begun = True
            counted = self._tally.counted
            self._write(f"{self._name}: started{f', {counted}' if counted else ''}")
            self._next = self._every

    def end(self, whole: bool) -> None:
        """Print how the stage ended, if it took long enough to be of interest.

        Args:
            whole: it was not stopped.
        """
        if whole:
            self._tally.finish()
        if not self._begun and self._tally.elapsed < self._next:
            return
        counted, took = self._tally.counted, duration(self._tally.elapsed)
        if whole:
            text = f"done, {counted} in {took}" if counted else f"done in {took}"
        else:
            text = f"stopped at {counted} after {took}" if counted else f"stopped after {took}"
        self._write(f"{self._name}: {text}")

    def _state(self) -> Iterator[str]:
        tally = self._tally
        counted, left = tally.counted, tally.left
        if counted:
            share = f" ({100 * tally.done // tally.total} %)" if tally.total else ""
            yield f"{counted}{share}"
        yield f"{duration(tally.elapsed)} elapsed"
        if left is not None:
            yield f"about {duration(left)} left"

    def _remark(self) -> str:
        return f"; {printable(self._tally.remark)}" if self._tally.remark else ""


def _report(stage: StageLines, ended: threading.Event) -> None:
    while not ended.wait(stage.wait):
        stage.look()


def _stop(reporter: threading.Thread, ended: threading.Event) -> None:
    ended.set()
    reporter.join()
