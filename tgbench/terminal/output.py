"""The output of a command: standard output, standard error, progress and warnings."""

from __future__ import annotations

import logging
from functools import cache, cached_property
from typing import TYPE_CHECKING

from ..progress import ConsoleProgress, Progress
from .printing import printable

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["NOTICE", "Terminal", "printable"]

NOTICE = {"notice": True}
"""`extra` of a log record below warning level that the user should see."""


class Terminal:
    """Console for output and progress; created on first use, because rich takes time to import.

    What a command produces goes to standard output; progress, warnings and errors go to standard
    error, so that output can be piped. Nothing that is printed can control the terminal: anybody
    may have made the names and texts in results, bundles and videos.
    """

    @cached_property
    def out(self) -> Console:
        """Standard output."""
        return _console()(highlight=False, soft_wrap=True)

    @cached_property
    def err(self) -> Console:
        """Standard error."""
        return _console()(stderr=True, highlight=False, soft_wrap=True)

    @cached_property
    def progress(self) -> Progress:
        """Bars on standard error, or lines where it is not a terminal."""
        return ConsoleProgress(self.err)

    def show_warnings(self) -> None:
        """Print what the suite's modules log at warning level or above, one line each.

        So are notices.
        """
        logger = logging.getLogger("tgbench")
        logger.setLevel(logging.INFO)
        logger.propagate = False
        for handler in [h for h in logger.handlers if isinstance(h, _ConsoleHandler)]:
            logger.removeHandler(handler)
        logger.addHandler(_ConsoleHandler(self))


@cache
def _console() -> type[Console]:
    """Return the class of consoles; made late, because rich takes time to import."""
    from .consoles import NeutralConsole

    return NeutralConsole


class _ConsoleHandler(logging.Handler):
    def __init__(self, terminal: Terminal) -> None:
        super().__init__(logging.INFO)
        self._terminal = terminal

    def emit(self, record: logging.LogRecord) -> None:
        from rich.markup import escape

        message = escape(record.getMessage())
        if record.levelno >= logging.WARNING:
            self._terminal.err.print(f"[yellow]{record.levelname.lower()}:[/] {message}")
        elif getattr(record, "notice", False):
            self._terminal.err.print(message)
