"""Names and other texts of plots: in letters that fonts here have, on lines that fit."""

from __future__ import annotations

import re
from functools import cache

from rich.cells import cell_len

from ..renderers.wrapping import wrapped

_MARK = "\u200e"
"""Has no width, and counts as a letter that runs to the right."""

_TO_THE_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff][\u0590-\u08ff\ufb1d-\ufeff ]*")

_FONTS = ("DejaVu Sans", "Noto Sans", "Noto Sans CJK", "Source Han Sans", "WenQuanYi", "Droid Sans")
"""Families in the order in which letters are looked for; those that are installed are used."""

_START, _END = 70, 30
"""Letters of a long label that are kept."""


def readable(text: str) -> str:
    """Return a text in letters that the fonts here have; others are shown by code point.

    Arabic and Hebrew run to the left, and what stands beside them keeps its place.
    """
    shown = "".join(
        letter
        if letter == " " or _has(letter)
        else " "
        if letter.isspace()
        else f"[U+{ord(letter):04X}]"
        for letter in text.replace(_MARK, "")
    )
    return _TO_THE_LEFT.sub(rf"{_MARK}\g<0>{_MARK}", shown)


def short(label: str) -> str:
    """Return a label on one line, readable; a long one without its middle.

    Labels of one method differ at their ends.
    """
    line = " ".join(readable(label).split())
    return line if len(line) <= _START + _END else f"{line[:_START]} … {line[-_END:]}"


def width_of(text: str, size: float) -> float:
    """Return how many inches a line takes in print of a size in points.

    Within `paper_style` only: elsewhere the fonts are others.
    """
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    points, _, _ = text_to_path.get_text_width_height_descent(
        text, FontProperties(size=size), ismath=False
    )
    return points / 72.0


def fitted(text: str, inches: float, size: float) -> list[str]:
    """Return text on lines of at most so many inches, cut between words and parts of names."""
    cells = max(cell_len(text), 2)
    while True:
        lines = wrapped(text, cells)
        widest = max(width_of(line, size) for line in lines)
        if widest <= inches or cells == 2:
            return lines
        cells = max(2, min(cells - 1, int(cells * inches / widest)))


@cache
def installed_families() -> tuple[str, ...]:
    """Return the families that are here."""
    from matplotlib import font_manager

    names = sorted({font.name for font in font_manager.fontManager.ttflist})
    return tuple(name for start in _FONTS for name in names if name == start) + tuple(
        name for start in _FONTS[2:] for name in names if name.startswith(start) and name != start
    )


@cache
def _letters() -> frozenset[int]:
    from matplotlib import font_manager
    from matplotlib.ft2font import FT2Font

    found: set[int] = set()
    for family in installed_families():
        path = font_manager.findfont(family)
        found |= FT2Font(path).get_charmap().keys()
    return frozenset(found)


def _has(letter: str) -> bool:
    return letter.isprintable() and ord(letter) in _letters()
