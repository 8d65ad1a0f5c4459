"""Text on lines of limited width, on a terminal, where signs are one or two cells wide."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rich.cells import cell_len, chop_cells

HOLD = "\u00a0"
"""A space at which no line ends."""

# A long name may be cut after these; within its parts only where nothing else helps.
_PARTS = re.compile(r"[^-_/.,=+:]*[-_/.,=+:]+|[^-_/.,=+:]+")


def wrapped(text: str, width: int) -> list[str]:
    """Return text on lines of at most so many cells, cut between words.

    Only words that are wider than a line are cut: between the parts of a name, and within a part
    that is itself too wide.
    """
    lines = [""]
    for piece, space in _pieces(text, max(width, 2)):
        longer = f"{lines[-1]}{space}{piece}" if lines[-1] else piece
        if cell_len(longer) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(piece)
    return [line.replace(HOLD, " ") for line in lines]


def widest_part(text: str) -> int:
    """Return how many cells a line must have, lest a part of a name be cut."""
    return max((cell_len(part) for word in text.split(" ") for part in _parts(word)), default=0)


def _pieces(text: str, width: int) -> Iterator[tuple[str, str]]:
    """Yield what may stand on a line of its own, each with what joins it to what is before."""
    for word in text.split(" "):
        space = " "
        for part in [word] if cell_len(word) <= width else _parts(word):
            for piece in [part] if cell_len(part) <= width else chop_cells(part, width):
                yield piece, space
                space = ""


def _parts(word: str) -> list[str]:
    return _PARTS.findall(word) or [word]
