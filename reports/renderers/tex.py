"""LaTeX source in pieces: what anybody wrote gets in only through an escape."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import LiteralString

from tgbench.printing import printable

HOLE = "<>"
"""Of a template; no command of LaTeX that a table takes is written so."""

_LONGEST_COMMENT = 2000
"""Letters; TeX gives up on a line that its buffer does not hold."""


@dataclass(frozen=True)
class Tex:
    """A piece of source that compiles.

    A document is joined of these and of nothing else. They are made in this module, of templates
    that stand in our code and of comments, and by `letters.escape`; tests hold both.
    """

    source: str

    def __add__(self, other: Tex) -> Tex:
        """Return both, one after the other."""
        return Tex(self.source + other.source)


EMPTY = Tex("")


def tex(template: LiteralString, *parts: Tex | int) -> Tex:
    """Return a template whose holes `<>` are filled.

    Args:
        template: source that stands in our code as it is, never a text from elsewhere.
        parts: for each of its holes.
    """
    first, *rest = template.split(HOLE)
    filled = [str(part) if isinstance(part, int) else part.source for part in parts]
    return Tex(first + "".join(map("".join, zip(filled, rest, strict=True))))


def joined(parts: Iterable[Tex], between: LiteralString = "") -> Tex:
    """Return pieces one after the other, with source of our own between them."""
    return Tex(between.join(part.source for part in parts))


def comment(words: LiteralString, text: str) -> Tex:
    """Return a line that TeX skips, with a text as it was written.

    Our own words come first: programs that read a source take comments which begin with theirs for
    orders (`% !TEX`, `% arara:`). Whatever could end the line, or show it in another order, stands
    as its code.

    Args:
        words: what the text is.
        text: from anywhere.
    """
    flat = printable(" ".join(text.split()))
    return Tex(f"% {words}: {flat[:_LONGEST_COMMENT]}")
