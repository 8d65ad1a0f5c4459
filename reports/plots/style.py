"""How plots look: what a paper's column asks for, and what a printer without colours leaves."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tgbench.errors import TgbenchError
from tgbench.files import atomic_path

from ..renderers.wrapping import wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMN_WIDTH = 3.3
"""Inches, of a two-column paper."""

_RULE = 0.6
LINE = 84
"""Characters of the smallest print in a line."""

NOTE_SIZE = 5.2
_LINE = 0.085
"""Inches a line of it takes."""

_LEGEND_LINE = 0.115
_LONGEST_LABEL = 40

_COLOURS = ("#111111", "#E69F00", "#0072B2", "#F0E442", "#56B4E9", "#D55E00", "#CCCCCC", "#009E73")
"""Okabe and Ito's, neighbours far apart in lightness."""

_HATCHES = ("", "////", "....", "xxxx", "----", "\\\\\\\\", "oooo", "||||", "++++")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "*", "p")
_DASHES: tuple[Any, ...] = (
    "-",
    (0, (4, 1.5)),
    (0, (1, 1)),
    (0, (5, 1, 1, 1)),
    (0, (8, 2)),
    (0, (3, 1, 1, 1, 1, 1)),
    (0, (2, 3)),
)

_MARK = "\u200e"
"""Has no width, and counts as a letter that runs to the right."""

_TO_THE_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff][\u0590-\u08ff\ufb1d-\ufeff ]*")

_FONTS = ("DejaVu Sans", "Noto Sans", "Noto Sans CJK", "Source Han Sans", "WenQuanYi", "Droid Sans")
"""Families in the order in which letters are looked for; those that are installed are used."""


@dataclass(frozen=True)
class Look:
    """How one method is told from the others, with colours and without."""

    colour: str
    hatch: str
    marker: str
    dashes: Any


def look(index: int) -> Look:
    """Return the look of the n-th method; the first 99 differ in hatch or marker."""
    return Look(
        _COLOURS[index % len(_COLOURS)],
        _HATCHES[index % len(_HATCHES)],
        _MARKERS[index % len(_MARKERS)],
        _DASHES[index % len(_DASHES)],
    )


def looks(labels: Sequence[str]) -> dict[str, Look]:
    """Return the look of each method."""
    return {label: look(index) for index, label in enumerate(dict.fromkeys(labels))}


@contextmanager
def paper_style() -> Iterator[None]:
    """Draw for print while the block runs; other plots of the process stay as they are.

    Raises:
        TgbenchError: Matplotlib is not installed.
    """
    try:
        import matplotlib
    except ImportError as error:
        raise TgbenchError(
            f"plots take Matplotlib ({error}); pip install 'tgbench[plots]'"
        ) from error
    settings: dict[str, Any] = {
        # Type 3 fonts are refused by publishers' checks.
        "pdf.fonttype": 42,
        "svg.fonttype": "path",
        "svg.hashsalt": "tgbench",
        "font.family": list(_installed()),
        "font.size": 6.5,
        "axes.titlesize": 6.5,
        "axes.labelsize": 6.5,
        "xtick.labelsize": 6,
        "ytick.labelsize": 6,
        "legend.fontsize": 6,
        "axes.linewidth": _RULE,
        "xtick.major.width": _RULE,
        "ytick.major.width": _RULE,
        "lines.linewidth": 0.9,
        "lines.markersize": 4,
        "hatch.linewidth": 0.5,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.unicode_minus": True,
        "text.usetex": False,
        # Names may hold dollar signs.
        "text.parse_math": False,
    }
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        for name, value in settings.items():
            matplotlib.rcParams[name] = value  # type: ignore[index]
        yield


def panels_figure(
    count: int, columns: int, height: float, legend: Sequence[str], notes: Sequence[str]
) -> tuple[Figure, list[Axes]]:
    """Return a figure of a column's width with panels, and room for a legend and notes below.

    Args:
        count: of panels.
        columns: of panels side by side.
        height: of a panel, in inches.
        legend: labels in it.
        notes: what was left out, in words.
    """
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    columns = min(columns, count)
    rows = -(-count // columns)
    lines = [line for note in notes for line in wrapped(readable(note), LINE)]
    entries = -(-len(legend) // legend_columns(legend))
    below = len(lines) * _LINE + entries * _LEGEND_LINE + 0.1
    figure = Figure(figsize=(COLUMN_WIDTH, rows * height + below))
    if lines:
        figure.text(0.01, 0.01, "\n".join(lines), fontsize=NOTE_SIZE, va="bottom", gid="notes")
    share = below / (rows * height + below)
    figure.set_layout_engine(ConstrainedLayoutEngine(rect=(0, share, 1, 1 - share)))
    axes = figure.subplots(rows, columns, squeeze=False).ravel().tolist()
    for unused in axes[count:]:
        unused.set_visible(False)
    return figure, axes[:count]


def add_legend(figure: Figure, handles: Sequence[Any], labels: Sequence[str]) -> None:
    """Name the methods below the panels, above the notes."""
    engine: Any = figure.get_layout_engine()
    legend = figure.legend(
        list(handles),
        [short(label) for label in labels],
        loc="upper center",
        bbox_to_anchor=(0.5, engine.get()["rect"][1]),
        ncol=legend_columns(labels),
        frameon=False,
        handlelength=2.6,
        labelspacing=0.35,
        borderpad=0.1,
        borderaxespad=0.1,
    )
    # Its room is reserved by the number of its lines.
    legend.set_in_layout(False)


def legend_columns(labels: Sequence[str]) -> int:
    """Return how many labels fit side by side."""
    longest = max((len(short(label)) for label in labels), default=0)
    return 3 if longest <= 13 else 2 if longest <= 24 else 1


def short(label: str) -> str:
    """Return a label that fits, readable."""
    return textwrap.shorten(readable(label), 2 * _LONGEST_LABEL, placeholder=" …")


def readable(text: str) -> str:
    """Return a text in letters that the fonts here have; any other is told by its code point.

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


def save(figure: Figure, path: Path) -> Path:
    """Write a figure as its suffix says; the same figure makes the same bytes on any day."""
    dates = {".pdf": {"CreationDate": None}, ".svg": {"Date": None}}
    with paper_style(), atomic_path(path) as temporary:
        figure.savefig(temporary, metadata=dates.get(path.suffix), dpi=300)
    return path


@cache
def _installed() -> tuple[str, ...]:
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
    for family in _installed():
        path = font_manager.findfont(family)
        found |= FT2Font(path).get_charmap().keys()
    return frozenset(found)


def _has(letter: str) -> bool:
    return letter.isprintable() and ord(letter) in _letters()
