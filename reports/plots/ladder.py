"""An ablation as a ladder: variants of one method, rung by rung."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..renderers.wrapping import HOLD
from ..tables.cells import Block, Column, Table
from .lettering import fitted, short, width_of
from .panels import Panel, Point, panels_of, summary
from .style import COLUMN_WIDTH, Look, looks, panels_figure, paper_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SIZE = 5.5
_LINE = 0.09
"""Inches a line of a rung's name takes in print of this size."""

_RUNG = 0.17
"""Inches of a rung at least: the value stands above its marker."""

_NAMES = 1.4
"""Inches of the column of names at most: longer ones go on in a further line."""

_PANEL = 0.85
"""Inches of a panel at least, with the gap to the next one."""

_GAP = 0.1
_MOST_BESIDE = 3

_STEPS = 3
"""Between ticks at most."""

_NUMBER = 5

_TITLE = 6
_ROOM = 0.34
"""Inches above the rungs and below them, for ticks and what is between title and rungs."""


def plot_ladder(
    table: Table, variants: Sequence[str], columns: Sequence[Column] | None = None
) -> Figure | None:
    """Return each variant's value on a rung of its own; None if fewer than two have one.

    A dashed line hangs from the first variant, so that gains and losses are seen from it.

    Args:
        table: of which the mean over cases is drawn, or the only case.
        variants: labels of its rows, from the top, the whole method first.
        columns: metrics; None for all.
    """
    block = summary(table)
    if block is None:
        return None
    rows = {row.label: row for row in block.rows}
    chosen = Block(block.title, tuple(rows[label] for label in variants if label in rows))
    panels, notes = panels_of(chosen, table.columns if columns is None else columns)
    panels = [panel for panel in panels if len(panel.points) > 1]
    if not panels:
        return None
    if block.title:
        notes.insert(0, f"Values: {block.title}.")
    if any(point.interval for panel in panels for point in panel.points):
        notes.append("Lines through markers: 95 % interval of the mean.")
    with paper_style():
        names = [fitted(name, _NAMES, _SIZE) for name in _names(variants)]
        widest = max(width_of(line, _SIZE) for lines in names for line in lines)
        beside = min(len(panels), _MOST_BESIDE, int((COLUMN_WIDTH - widest) / _PANEL))
        width = (COLUMN_WIDTH - widest - _GAP) / beside - _GAP
        titles = ["\n".join(fitted(_held(panel.title), width, _TITLE)) for panel in panels]
        rungs, rung_height = _rungs(variants, [len(lines) for lines in names])
        height = _ROOM + _LINE * (1 + max(title.count("\n") for title in titles)) + rung_height
        figure, axes = panels_figure(len(panels), beside, height, [], notes)
        labels = ["\n".join(lines) for lines in names]
        for index, (axis, panel) in enumerate(zip(axes, panels, strict=True)):
            _draw(axis, panel, rungs, looks(variants))
            axis.margins(x=_margin(panel, width))
            _scale(axis, width)
            axis.set_ylim(rung_height, 0.0)
            axis.set_title(titles[index], fontsize=_TITLE)
            shown = labels if index % beside == 0 else [""] * len(labels)
            axis.set_yticks(list(rungs.values()), shown, fontsize=_SIZE, linespacing=1.0)
        return figure


def _names(variants: Sequence[str]) -> list[str]:
    """Return what rungs are called: below the whole method only what is different."""
    whole, *others = variants
    start = f"{whole} ("
    inner = [
        label.removeprefix(start).removesuffix(")") if label.startswith(start) else label
        for label in others
    ]
    return [short(label) for label in (whole, *inner)]


def _held(title: str) -> str:
    """Keep an arrow on the line of the word before it."""
    return HOLD.join(title.rsplit(" ", 1))


def _rungs(variants: Sequence[str], lines: Sequence[int]) -> tuple[dict[str, float], float]:
    """Return where rungs with names of so many lines are, in inches from the top, and the end."""
    end = 0.05
    rungs: dict[str, float] = {}
    for label, count in zip(variants, lines, strict=True):
        height = max(_RUNG, _LINE * count + 0.04)
        rungs[label] = end + height / 2
        end += height
    return rungs, end


def _draw(axis: Axes, panel: Panel, rungs: dict[str, float], styles: dict[str, Look]) -> None:
    first = next(iter(rungs))
    for point in panel.points:
        place, look = rungs[point.label], styles[point.label]
        if point.interval is not None:
            axis.hlines(place, point.interval.low, point.interval.high, color="0.4", linewidth=1.2)
        axis.plot(
            point.value,
            place,
            linestyle="none",
            marker=look.marker,
            color="black" if point.label == first else "white",
            markeredgecolor="black",
            markeredgewidth=0.7,
            gid=point.label,
        )
        axis.annotate(
            _number(panel, point),
            (point.value, place),
            (0, 3),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=_NUMBER,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.2},
        )
        if point.label == first:
            axis.axvline(point.value, color="0.5", linewidth=0.6, linestyle=(0, (3, 2)), zorder=0)


def _margin(panel: Panel, width: float) -> float:
    """Return the share of the values' span that is free on either side of it, for numbers."""
    numbers = [_number(panel, point) for point in panel.points]
    half = max(width_of(number, _NUMBER) for number in numbers) / 2 + 0.03
    share = min(half / width, 0.4)
    return share / (1 - 2 * share)


def _scale(axis: Axes, width: float) -> None:
    """Put numbers below an axis of so many inches; two where more of them would touch."""
    axis.locator_params(axis="x", nbins=_STEPS)
    low, high = axis.get_xlim()
    ticks = [tick for tick in axis.get_xticks() if low <= tick <= high]
    numbers = axis.xaxis.get_major_formatter().format_ticks(ticks)
    needed = sum(width_of(number, _SIZE) + 0.06 for number in numbers)
    if len(ticks) > 2 and needed > (ticks[-1] - ticks[0]) / (high - low) * width:
        ticks = [ticks[0], ticks[-1]]
    axis.set_xticks(ticks)
    axis.tick_params(axis="x", labelsize=_SIZE)


def _number(panel: Panel, point: Point) -> str:
    return f"{point.value:.{panel.column.decimals}f}"
