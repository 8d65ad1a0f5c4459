"""What a subcommand talks to the user through."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from functools import cache, cached_property
from typing import TYPE_CHECKING

from .printing import printable
from .progress import ConsoleProgress, Progress

if TYPE_CHECKING:
    from rich.console import Console


class Terminal:
    """Console for output and progress; created on first use, because rich takes time to import.

    What a command produces goes to standard output; progress, warnings and errors go to standard
    error, so that output can be piped. Whatever is printed cannot steer the terminal: names and
    texts in results, bundles and videos are whoever made them's.
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


@cache
def _console() -> type[Console]:
    """Return the class of consoles; made late, because rich takes time to import."""
    from rich import console
    from rich.segment import Segment

    class NeutralConsole(console.Console):
        """A console on which only what rich itself draws steers the terminal."""

        def render(
            self, renderable: console.RenderableType, options: console.ConsoleOptions | None = None
        ) -> Iterable[Segment]:
            for segment in super().render(renderable, options):
                if segment.control:
                    yield segment
                else:
                    yield Segment(printable(segment.text, "\n\t"), segment.style)

        def on_broken_pipe(self) -> None:
            """Leave the exit code to the command line; rich would end the program with 1."""
            raise

    return NeutralConsole


class _ConsoleHandler(logging.Handler):
    def __init__(self, terminal: Terminal) -> None:
        super().__init__(logging.WARNING)
        self._terminal = terminal

    def emit(self, record: logging.LogRecord) -> None:
        from rich.markup import escape

        level = record.levelname.lower()
        self._terminal.err.print(f"[yellow]{level}:[/] {escape(record.getMessage())}")
