"""Progress as a bar on a terminal, whole at any width."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ..progress import Tally, Task
from .printing import printable
from .wrapping import wrapped

_LEAST, _MOST = 8, 28
"""Cells of a bar; where there is room for less there is none."""

_INDENT = "  "


@contextmanager
def bar(console: Console, description: str, tally: Tally) -> Iterator[Task]:
    """Show a task until the context ends."""
    with Live(Bar(printable(description), tally), console=console, refresh_per_second=5):
        yield tally
        tally.finish()


class Bar:
    """One task: its description, and a bar beside it, or below where a line is too short."""

    def __init__(self, description: str, tally: Tally) -> None:
        self._description = description
        self._tally = tally

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = options.max_width
        figures = self._figures()
        before = f"{_INDENT}{self._description} "
        room = width - cell_len(before) - cell_len(" ".join(figures)) - 1
        if room >= _LEAST:
            yield self._line(before, room, figures)
            return
        described = wrapped(f"{_INDENT}{self._description}", width, _INDENT)
        while figures[1:] and cell_len(_INDENT + " ".join(figures)) > width:
            figures.pop()
        room = width - cell_len(_INDENT) - cell_len(" ".join(figures)) - 1
        yield from map(Text, described)
        yield self._line(_INDENT, room, figures)

    def _line(self, before: str, room: int, figures: list[str]) -> Table:
        """Return a line; its bar is left out where there is no room for it."""
        tally = self._tally
        text = " ".join(figures)
        line = Table.grid()
        if room < _LEAST:
            line.add_row(Text(before + text, no_wrap=True))
            return line
        shown = ProgressBar(
            total=tally.total, completed=tally.done, width=min(room, _MOST), pulse=not tally.total
        )
        line.add_row(Text(before, no_wrap=True), shown, Text(f" {text}", no_wrap=True))
        return line

    def _figures(self) -> list[str]:
        """Return what stands beside a bar, the most important first."""
        tally = self._tally
        left = tally.left
        figures = [tally.counted, _clock(tally.elapsed)]
        if tally.total is not None:
            figures.append(f"left {'-:--:--' if left is None else _clock(left)}")
        return [text for text in (*figures, printable(tally.remark)) if text]


def _clock(seconds: float) -> str:
    return str(timedelta(seconds=int(seconds)))
