"""Progress of long work: what is being done, how far it is, how long it will take."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Protocol

from .printing import printable

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

    def task(self, description: str, total: int | None) -> AbstractContextManager[Task]:
        """Open a bar for `total` steps (None: unknown) that closes with the context."""


class _SilentTask:
    def advance(self, steps: int = 1) -> None:
        pass

    def note(self, text: str) -> None:
        pass


class _SilentProgress:
    @contextmanager
    def task(self, description: str, total: int | None) -> Iterator[Task]:
        yield _SilentTask()


SILENT: Progress = _SilentProgress()
"""Reports to nobody: the default of every function that takes a `Progress`."""


class ConsoleProgress:
    """Bars on a terminal; plain lines, one when a task ends, where there is none."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextmanager
    def task(self, description: str, total: int | None) -> Iterator[Task]:
        """Show a bar with description, share done, elapsed and remaining time."""
        from rich import progress as rich_progress

        columns = (
            rich_progress.TextColumn("  {task.description}", markup=False),
            rich_progress.BarColumn(bar_width=28),
            rich_progress.MofNCompleteColumn(),
            rich_progress.TimeElapsedColumn(),
            rich_progress.TextColumn("left"),
            rich_progress.TimeRemainingColumn(),
            rich_progress.TextColumn("{task.fields[note]}", style="dim", markup=False),
        )
        with rich_progress.Progress(*columns, console=self._console, refresh_per_second=5) as bars:
            bar = bars.add_task(printable(description), total=total, note="")

            class _BarTask:
                def advance(self, steps: int = 1) -> None:
                    bars.advance(bar, steps)

                def note(self, text: str) -> None:
                    bars.update(bar, note=printable(text))

            yield _BarTask()
