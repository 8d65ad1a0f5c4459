"""Consoles that printed text cannot control, and that break lines between words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rich import console
from rich.segment import Segment
from rich.text import Text

from .printing import printable
from .wrapping import breaks, line_width

_LEAD = re.compile(r" *(?:- )?")
"""The start of an item of a list; its further lines are indented by as much."""


class NeutralConsole(console.Console):
    """A console on which only rich itself controls the terminal.

    A line that is wider than the terminal breaks between words; in a file none does.
    """

    def print(self, *objects: Any, **options: Any) -> None:
        """Print as rich does, with whole words."""
        width = line_width(self.file) if self._wraps else None
        if width is not None:
            objects = tuple(self._fitted(shown, width, options) for shown in objects)
        super().print(*objects, **options)

    def render(
        self, renderable: console.RenderableType, options: console.ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Render as rich does, without what would control a terminal."""
        for segment in super().render(renderable, options):
            if segment.control:
                yield segment
            else:
                yield Segment(printable(segment.text, "\n\t"), segment.style)

    def on_broken_pipe(self) -> None:
        """Leave the exit code to the command line; rich would end the program with 1."""
        raise

    @property
    def _wraps(self) -> bool:
        # In a file, an error is one line, which programs can read.
        return not self.stderr or self.is_terminal

    def _fitted(self, shown: Any, width: int, options: Mapping[str, Any]) -> Any:
        """Return text on lines of whole words; anything else as it is."""
        if isinstance(shown, str):
            markup = options.get("markup")
            shown = self.render_str(shown, markup=markup is not False, highlight=False)
        if not isinstance(shown, Text) or shown.no_wrap:
            return shown
        lines = (
            part for line in shown.split("\n", allow_blank=True) for part in _parts(line, width)
        )
        return Text("\n").join(lines)


def _parts(line: Text, width: int) -> Iterator[Text]:
    found = _LEAD.match(line.plain)
    lead = len(found[0]) if found else 0
    indent = Text(" " * lead)
    for place, (start, end) in enumerate(breaks(line.plain, width, lead)):
        yield line[start:end] if not place else indent + line[start:end]
