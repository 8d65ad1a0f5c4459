"""Praat's TextGrid files in text form, long or short.

Praat itself reads of such a file only what stands free: quoted texts, numbers and flags. All else
is for people, so both forms have the same content in the same order (Praat manual, "TextGrid file
formats").
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from ..errors import TgbenchError
from ..inputs import read_bytes, reason

_WORD = re.compile(
    r'"(?P<text>[^"]*(?:""[^"]*)*)"'
    r"|(?P<comment>(?<!\S)![^\r\n]*)"
    r"|(?P<number>(?<!\S)[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?!\S))"
    r"|(?P<flag><exists>|<absent>)"
    r'|(?P<open>")'
)

_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}

_OVERLAP = 1e-4
"""Seconds by which neighbours may overlap: programs round times to so many digits."""


class Interval(NamedTuple):
    """What is said from `start` to `end`, in seconds."""

    start: float
    end: float
    text: str


def read_textgrid(path: Path) -> dict[str, list[Interval]]:
    """Return the interval tiers of a TextGrid by name; tiers of points are left out.

    Raises:
        TgbenchError: the file cannot be read, or is no TextGrid.
    """
    try:
        return dict(_tiers(_Words(_decoded(read_bytes(path)))))
    except (OSError, ValueError) as error:
        raise TgbenchError(f"{path}: is no TextGrid that can be read ({reason(error)})") from error


def _decoded(content: bytes) -> str:
    if content.startswith(b"ooBinaryFile"):
        raise ValueError("it is binary; in Praat, save it as a text file")
    for mark, encoding in _MARKS.items():
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding)
    return content.decode("utf-8")


class _Words:
    """The free-standing texts, numbers and flags of a file, one after the other."""

    def __init__(self, content: str) -> None:
        self._found = _WORD.finditer(content)

    def text(self) -> str:
        return self._next("text").replace('""', '"')

    def number(self) -> float:
        return float(self._next("number"))

    def count(self) -> int:
        value = self.number()
        if value != int(value) or value < 0:
            raise ValueError(f"{value:g} where a number of parts belongs")
        return int(value)

    def flag(self) -> str:
        return self._next("flag")

    def _next(self, kind: str) -> str:
        found = next(self._found, None)
        while found is not None and found.lastgroup == "comment":
            found = next(self._found, None)
        if found is None:
            raise ValueError(f"it ends where a {kind} belongs")
        if found.lastgroup != kind:
            line = found.string.count("\n", 0, found.start()) + 1
            what = "a quote is never closed" if found.lastgroup == "open" else f"no {kind}"
            raise ValueError(f"line {line}: {what}")
        return str(found[kind])


def _tiers(words: _Words) -> Iterator[tuple[str, list[Interval]]]:
    if words.text() != "ooTextFile" or words.text() != "TextGrid":
        raise ValueError("it does not begin as one")
    words.number(), words.number()
    if words.flag() != "<exists>":
        return
    for _ in range(words.count()):
        kind, name = words.text(), words.text()
        words.number(), words.number()
        count = words.count()
        if kind == "IntervalTier":
            intervals = [
                Interval(words.number(), words.number(), words.text()) for _ in range(count)
            ]
            _check(name, intervals)
            yield name, intervals
        elif kind == "TextTier":
            for _ in range(count):
                words.number(), words.text()
        else:
            raise ValueError(f"a tier is of the unknown class '{kind}'")


def _check(name: str, intervals: list[Interval]) -> None:
    for interval in intervals:
        if not interval.start < interval.end:
            raise ValueError(f"tier '{name}': what starts at {interval.start:g} s does not last")
    for one, other in pairwise(intervals):
        if other.start < one.end - _OVERLAP:
            raise ValueError(f"tier '{name}': two overlap at {other.start:g} s")
