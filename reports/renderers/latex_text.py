"""LaTeX source in pieces, and text as pdfLaTeX typesets it with its own fonts.

A text of a result enters the source only through `escape`, `maths` and `comment`.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import LiteralString

from tgbench.terminal.printing import printable

from ..tables.cells import Note, Table
from .wrapping import wrapped

HOLE = "<>"
"""Of a template; no command of LaTeX that a table takes is written so."""

_LONGEST_COMMENT = 2000
"""Letters; TeX gives up on a line that its buffer does not hold."""


@dataclass(frozen=True)
class Tex:
    """A piece of source that compiles.

    A document is joined of these and of nothing else. They are made in this module, of templates
    that stand in our code and of comments, and by `escape`; tests hold both.
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


# A bracket or a star after the end of a line would be an argument of it. What only one encoding of
# fonts has, such as a straight quotation mark by name, would stop papers that use another.
_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"{\char34}",
    "[": "{[}",
    "*": "{*}",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    "·": r"$\cdot$",
    "–": "–",
    "—": "–",
    "`": "'",
    "×": r"$\times$",
    "→": r"$\rightarrow$",
    "±": r"$\pm$",
    "²": r"\textsuperscript{2}",
    "†": r"\dag{}",
    "Ð": "D",
    "ð": "d",
    "Þ": "Th",
    "þ": "th",
}

_LONGEST = 4000
"""Letters; TeX gives up on a line that its buffer does not hold."""

_LONG_WORD, _PIECE, _LONGEST_LABEL = 16, 12, 60

LOST_LETTERS = (
    "? stands for letters that the fonts of pdfLaTeX lack; the names as written are in comments "
    "above this table in its source, and in table.md"
)


def escape(text: str) -> Tex:
    """Return text that pdfLaTeX typesets as written, on one line.

    Letters that its default fonts lack become their base letter, or a question mark; what would
    steer a terminal becomes its code. All that a document says passes here.
    """
    flat = _flat(text)
    if len(flat) > _LONGEST:
        flat = f"{flat[:_LONGEST]} ..."
    # Two hyphens in a row would print as one dash.
    return Tex("".join(map(_escaped, flat)).replace("--", "-{}-").replace("–", "--"))


def maths(text: str) -> Tex:
    """Return numbers with a minus that is a minus and not a hyphen; commas part two of them."""
    return Tex("".join("$-$" if sign == "-" else _escaped(sign) for sign in _flat(text)))


def _escaped(sign: str) -> str:
    if sign in _SPECIAL:
        return _SPECIAL[sign]
    if sign.isascii():
        return sign
    if "À" <= sign <= "ÿ":
        return sign
    base = unicodedata.normalize("NFKD", sign).encode("ascii", "ignore").decode()
    return base if base.isalnum() else "?"


def _flat(text: str) -> str:
    return printable(" ".join(text.split()))


def prose(text: str) -> Tex:
    """Return text for a paragraph: a line may end within its long words, such as paths."""
    words = []
    for word in _flat(text).split(" "):
        pieces = [word] if len(word) <= _LONG_WORD else wrapped(word, _PIECE)
        words.append(joined(map(escape, pieces), r"\allowbreak{}"))
    return joined(words[:_LONGEST], " ")


def label(name: str, taken: set[Tex]) -> Tex:
    r"""Return a name for `\ref` that is not taken: letters, digits and hyphens alone.

    Args:
        name: of a table.
        taken: names that are used; the new one is added.
    """
    words = "-".join(re.findall("[a-z0-9]+", name.lower()))[:_LONGEST_LABEL]
    tries = (f"tab:{words}" + (f"-{n}" if n > 1 else "") for n in itertools.count(1))
    found = next(made for made in map(Tex, tries) if made not in taken)
    taken.add(found)
    return found


class Letters:
    """Names in a table as pdfLaTeX can set them, different ones different.

    Its fonts have no Chinese, Cyrillic and so on. Where a name loses letters, the source has it as
    written in a comment, and a note says so.
    """

    def __init__(self, table: Table) -> None:
        rows = [row for block in table.blocks for row in block.rows]
        texts = [block.title for block in table.blocks]
        texts += [text for row in rows for text in row.side]
        texts += [text for column in table.columns for text in column.groups]
        self._names: dict[str, str] = {}
        self._lossy: list[str] = []
        taken: Counter[Tex] = Counter()
        for text in dict.fromkeys(texts):
            shown = escape(text)
            taken[shown] += 1
            name = self._names[text] = _flat(text)
            if any(sign not in _SPECIAL and _escaped(sign) == "?" != sign for sign in name):
                self._lossy.append(text)
                self._names[text] += f" ({taken[shown]})" if taken[shown] > 1 else ""

    def name(self, text: str) -> str:
        """Return a name that `escape` leaves different from all others."""
        return self._names[text] if text else ""

    def comments(self) -> Iterator[Tex]:
        """Yield lines for the source that have names as written."""
        for text in self._lossy:
            yield comment("as written", f"{escape(self.name(text)).source} is {text}")

    def notes(self) -> list[Note]:
        """Return a note where letters were lost."""
        if not self._lossy:
            return []
        return [Note("", LOST_LETTERS)]
