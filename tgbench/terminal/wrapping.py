"""Lines no wider than a terminal, with whole words."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import IO

_LEAST = 20
"""Cells; narrower terminals do not exist, so a smaller width is not trusted."""

_BELOW = 4
"""Indentation of a text that does not fit beside its head, in cells."""


def line_width(stream: IO[str]) -> int | None:
    """Return how many cells a line may have; None, as in a file: any number.

    COLUMNS in the environment takes precedence.
    """
    chosen = os.environ.get("COLUMNS", "")
    if chosen.isascii() and chosen.isdigit() and int(chosen) >= _LEAST:
        return int(chosen)
    try:
        width = os.get_terminal_size(stream.fileno()).columns if stream.isatty() else 0
    except (OSError, ValueError, AttributeError):
        return None
    return width if width >= _LEAST else None


def wrapped(text: str, width: int | None, indent: str = "") -> list[str]:
    """Return a line of text as lines of whole words.

    A word that is wider than a line stays whole: a path that is cut cannot be copied.

    Args:
        text: one line; spaces at its start stay.
        width: cells of a line; None: one line is enough.
        indent: what lines after the first begin with.
    """
    if width is None:
        return [text]
    return [
        ("" if not place else indent) + text[start:end].rstrip()
        for place, (start, end) in enumerate(breaks(text, width, len(indent)))
    ]


def breaks(text: str, width: int, indent: int = 0) -> list[tuple[int, int]]:
    """Return where the lines of a text start and end, in characters.

    Args:
        text: one line.
        width: cells of a line.
        indent: cells that lines after the first lose at their start.
    """
    lines: list[tuple[int, int]] = []
    start, before, used = 0, 0, 0
    for word in re.finditer("[^ ]+", text):
        wide = word.start() - before + cells(word.group())
        if before and used + wide > width:
            lines.append((start, before))
            start, used = word.start(), indent + cells(word.group())
        else:
            used += wide
        before = word.end()
    return [*lines, (start, len(text))]


def cells(text: str) -> int:
    """Return how many cells a text takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(_cells_of(sign) for sign in text)


def _cells_of(sign: str) -> int:
    if unicodedata.category(sign) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1


def hanging(head: str, text: str, width: int | None) -> list[str]:
    """Return lines of a text beside its head, below each other.

    Where too little is left beside the head, all but the first line stand further left.

    Args:
        head: what stands before the text, with the blank between them.
        text: one line.
        width: cells of a line; None: one line is enough.
    """
    indent = " " * cells(head)
    if width is not None and width - len(indent) < max(width // 3, _LEAST):
        indent = " " * (len(head) - len(head.lstrip(" ")) + _BELOW)
    return wrapped(f"{head}{text}".rstrip(), width, indent)


def in_columns(rows: Iterable[Sequence[str]], width: int | None, before: str = "  ") -> list[str]:
    """Return rows of cells as lines: columns as wide as they need, the last one wrapped.

    Where too little is left for the last column, it goes below the others, further in.

    Args:
        rows: of texts, all of the same number.
        width: cells of a line; None: the last column is not wrapped.
        before: what each line begins with.
    """
    table = [list(row) for row in rows]
    if not table:
        return []
    *fixed, _ = zip(*table, strict=True)
    wide = [max(map(cells, column)) for column in fixed]
    lines: list[str] = []
    hang = len(before) + sum(wide) + 2 * len(wide)
    below = width is not None and width - hang < max(width // 3, _LEAST)
    for row in table:
        *heads, last = row
        padded = (head + " " * (size - cells(head)) for head, size in zip(heads, wide, strict=True))
        head = before + "  ".join(padded)
        if below:
            lines += wrapped(head.rstrip(), width, before)
            lines += wrapped(f"{before}    {last}", width, f"{before}    ")
        else:
            lines += wrapped(f"{head}  {last}".rstrip(), width, " " * hang)
    return lines
