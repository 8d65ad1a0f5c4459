"""How plots look: what a paper's column asks for, and what a printer without colours leaves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tgbench.errors import TgbenchError
from tgbench.extras import install_extra
from tgbench.files import atomic_path

from .lettering import fitted, installed_families, readable, short, width_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

COLUMN_WIDTH = 3.3
"""Inches, of a two-column paper."""

_RULE = 0.6
NOTE_SIZE = 5.2
_LINE = 0.087
"""Inches a line of it takes."""

_LEGEND_SIZE = 6
_LEGEND_LINE = 0.122
_HANDLE, _BETWEEN = 0.29, 0.17
"""Inches before a name in a legend, and between its columns."""

_COLOURS = ("#111111", "#E69F00", "#0072B2", "#F0E442", "#56B4E9", "#D55E00", "#CCCCCC", "#009E73")
"""Okabe and Ito's colours, in an order in which neighbours differ in lightness."""

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


@dataclass(frozen=True)
class Look:
    """How one method is drawn: distinct with colours and without."""

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


def curve_look(one: Look) -> dict[str, Any]:
    """Return how a curve with markers is drawn, as arguments of Matplotlib's `plot`."""
    return {
        "color": one.colour,
        "linestyle": one.dashes,
        "marker": one.marker,
        "markersize": 3,
        "markeredgecolor": "black",
        "markeredgewidth": 0.3,
    }


def curve_sample(one: Look) -> Line2D:
    """Return such a curve for a legend."""
    from matplotlib.lines import Line2D

    return Line2D([], [], **curve_look(one))


@contextmanager
def paper_style() -> Iterator[None]:
    """Draw for print while the block runs; other plots of the process stay as they are.

    Raises:
        TgbenchError: Matplotlib is not installed.
    """
    try:
        import matplotlib
    except ImportError as error:
        raise TgbenchError(f"plots take Matplotlib ({error}); {install_extra('plots')}") from error
    settings: dict[str, Any] = {
        # Type 3 fonts are refused by publishers' checks.
        "pdf.fonttype": 42,
        "svg.fonttype": "path",
        "svg.hashsalt": "tgbench",
        "font.family": list(installed_families()),
        "font.size": 6.5,
        "axes.titlesize": 6.5,
        "axes.labelsize": 6.5,
        "xtick.labelsize": 6,
        "ytick.labelsize": 6,
        "legend.fontsize": _LEGEND_SIZE,
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
    lines = [
        line for note in notes for line in fitted(readable(note), 0.98 * COLUMN_WIDTH, NOTE_SIZE)
    ]
    below = len(lines) * _LINE + _legend_lines(legend) * _LEGEND_LINE + 0.1
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
    columns, names = _legend_names(labels)
    legend = figure.legend(
        list(handles),
        names,
        loc="upper center",
        bbox_to_anchor=(0.5, engine.get()["rect"][1]),
        ncol=columns,
        frameon=False,
        handlelength=2.6,
        labelspacing=0.35,
        borderpad=0.1,
        borderaxespad=0.1,
    )
    # Its room is reserved by the number of its lines.
    legend.set_in_layout(False)


def _legend_names(labels: Sequence[str]) -> tuple[int, list[str]]:
    """Return how many names of a legend stand side by side, and the names on lines that fit."""
    names = [short(label) for label in labels]
    widest = max((width_of(name, _LEGEND_SIZE) for name in names), default=0.0)
    columns = next((count for count in (3, 2) if widest <= _legend_room(count)), 1)
    return columns, ["\n".join(fitted(name, _legend_room(columns), _LEGEND_SIZE)) for name in names]


def _legend_room(columns: int) -> float:
    """Return the inches that a name has in a legend of so many columns."""
    return (COLUMN_WIDTH - 0.1 - (columns - 1) * _BETWEEN) / columns - _HANDLE


def _legend_lines(labels: Sequence[str]) -> int:
    """Return the lines of the longest column of a legend, as Matplotlib fills them."""
    columns, names = _legend_names(labels)
    lines = [1 + name.count("\n") for name in names]
    return int(max(sum(part) for part in np.array_split(lines, columns)))


def save(figure: Figure, path: Path) -> Path:
    """Write a figure as its suffix says; the same figure makes the same bytes on any day."""
    dates = {".pdf": {"CreationDate": None}, ".svg": {"Date": None}}
    with paper_style(), atomic_path(path) as temporary:
        figure.savefig(temporary, metadata=dates.get(path.suffix), dpi=300)
    return path
