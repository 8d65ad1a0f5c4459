"""Text on lines of limited length, for print: cut between words, then between parts of names."""

from __future__ import annotations

import re
import textwrap

HOLD = "\u00a0"
"""A space at which no line ends."""


class _Names(textwrap.TextWrapper):
    """Wraps as the standard library does, and may end a line within a name after these letters."""

    wordsep_re = re.compile(r"( +|[^ _/.,=+:-]*[_/.,=+:-]+)")


def wrapped(text: str, width: int) -> list[str]:
    """Return text on lines of at most `width` letters.

    A word is cut only where it is longer than a line: after `_`, `-`, `/` and the like if it has
    any, anywhere if not.
    """
    whole = textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)
    lines = whole if all(len(line) <= width for line in whole) else _Names(width).wrap(text)
    return [line.replace(HOLD, " ") for line in lines] or [""]
