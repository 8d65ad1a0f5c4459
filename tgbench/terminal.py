"""What a subcommand talks to the user through."""

from __future__ import annotations

import logging
from functools import cached_property
from typing import TYPE_CHECKING

from .progress import ConsoleProgress, Progress

if TYPE_CHECKING:
    from rich.console import Console


class Terminal:
    """Console for output and progress; created on first use, because rich takes time to import.

    What a command produces goes to standard output; progress, warnings and errors go to standard
    error, so that output can be piped.
    """

    @cached_property
    def out(self) -> Console:
        """Standard output."""
        from rich.console import Console

        return Console(highlight=False, soft_wrap=True)

    @cached_property
    def err(self) -> Console:
        """Standard error."""
        from rich.console import Console

        return Console(stderr=True, highlight=False, soft_wrap=True)

    @cached_property
    def progress(self) -> Progress:
        """Bars on standard error."""
        return ConsoleProgress(self.err)

    def show_warnings(self) -> None:
        """Print what the suite's modules log at warning level or above, one line each."""
        logger = logging.getLogger("tgbench")
        logger.setLevel(logging.INFO)
        logger.propagate = False
        for handler in [h for h in logger.handlers if isinstance(h, _ConsoleHandler)]:
            logger.removeHandler(handler)
        logger.addHandler(_ConsoleHandler(self))


class _ConsoleHandler(logging.Handler):
    def __init__(self, terminal: Terminal) -> None:
        super().__init__(logging.WARNING)
        self._terminal = terminal

    def emit(self, record: logging.LogRecord) -> None:
        from rich.markup import escape

        level = record.levelname.lower()
        self._terminal.err.print(f"[yellow]{level}:[/] {escape(record.getMessage())}")
