"""Quality against speed."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from tgbench.errors import suggest
from tgbench.metrics.naming import metric_named
from tgbench.metrics.speed.specs import FPS

from ..tables.cells import Block, Cell, Column, Table
from ..tables.labels import distinguishing
from .panels import column_title, drawable, letter_of, summary, why_not
from .style import Look, add_legend, looks, panels_figure, paper_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

_HEIGHT = 1.9
_MOST_TICKS = 7

_CLEAR = 1.05
"""Times that a marker is from a tick at the end of the axis, and that tick from the end."""

Pairs = list[tuple[str, float, float]]


def plot_speed(table: Table, quality: str, speed: str = FPS.name) -> Figure | None:
    """Return a marker for each method at its speed and quality; None if none has both.

    Speeds of different machines, and values of different measurers or composite modes, have panels
    of their own.

    Args:
        table: of which the mean over cases is drawn, or the only case.
        quality: metric of the vertical axis.
        speed: metric of the horizontal axis, which is logarithmic.

    Raises:
        TgbenchError: the table has no such metric.
    """
    up, right = _column(table, quality), _column(table, speed)
    block = summary(table)
    if block is None:
        return None
    groups, notes = _groups(block, right, up)
    if not groups:
        return None
    if block.title:
        notes.insert(0, f"Values: {block.title}.")
    labels = [label for pairs in groups for label, _, _ in pairs]
    styles = looks([row.label for row in block.rows])
    with paper_style():
        from matplotlib.ticker import LogLocator, NullFormatter

        figure, axes = panels_figure(
            len(groups), 1 if len(groups) == 1 else 2, _HEIGHT, labels, notes
        )
        handles: list[Line2D] = []
        for place, (axis, pairs) in enumerate(zip(axes, groups, strict=True)):
            handles += _draw_markers(axis, pairs, styles)
            axis.set_xscale("log")
            # The usual labels of such axes are mathematics, which names must not be taken for.
            axis.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
            axis.xaxis.set_minor_formatter(NullFormatter())
            axis.margins(0.15)
            low, high, steps = _speeds([speed for _, speed, _ in pairs])
            axis.set_xlim(low, high)
            axis.xaxis.set_major_locator(LogLocator(subs=steps, numticks=_MOST_TICKS))
            axis.set_xlabel(column_title(right))
            axis.set_ylabel(column_title(up))
            if len(groups) > 1:
                axis.set_title(f"({letter_of(place)})")
            axis.grid(color="0.9", linewidth=0.4)
            axis.set_axisbelow(True)
        add_legend(figure, handles, labels)
        return figure


def _groups(block: Block, right: Column, up: Column) -> tuple[list[Pairs], list[str]]:
    """Return what may share a panel, and notes on what is not drawn and how panels differ."""
    groups: dict[tuple[tuple[object, ...], ...], Pairs] = defaultdict(list)
    notes: list[str] = []
    for row in block.rows:
        cells = row.cells[right.name], row.cells[up.name]
        missing = [
            f"{column.title} {why_not(cell)}"
            for column, cell in zip((right, up), cells, strict=True)
            if not _usable(cell, positive=column is right)
        ]
        if missing:
            notes.append(f"Not drawn: {row.label} ({', '.join(missing)})")
            continue
        x, y = (float(cell.value or 0.0) for cell in cells)
        groups[tuple(cell.comparable for cell in cells)].append((row.label, x, y))
    if len(groups) > 1:
        differences = distinguishing(list(groups))
        notes += [f"({letter_of(index)}): {text}" for index, text in enumerate(differences)]
    return list(groups.values()), notes


def _draw_markers(axis: Axes, pairs: Pairs, styles: Mapping[str, Look]) -> list[Line2D]:
    markers: list[Line2D] = []
    for label, x, y in pairs:
        look = styles[label]
        markers += axis.plot(
            x,
            y,
            linestyle="none",
            marker=look.marker,
            markersize=5.5,
            color=look.colour,
            markeredgecolor="black",
            markeredgewidth=0.5,
            gid=label,
        )
    return markers


def _speeds(speeds: Sequence[float]) -> tuple[float, float, tuple[float, ...]]:
    """Return the ends of a logarithmic axis, and at which parts of a decade it has ticks.

    There is a tick below the speeds and one above them: a scale takes two.
    """
    low, high = min(speeds) / _CLEAR, max(speeds) * _CLEAR
    steps = (1.0, 2.0, 5.0) if high <= 20 * low else (1.0,)
    decades = range(math.floor(math.log10(low)), math.floor(math.log10(high)) + 2)
    ticks = [step * 10.0**decade for decade in decades for step in steps]
    below = max(tick for tick in ticks if tick <= low)
    above = min(tick for tick in ticks if tick >= high)
    return below / _CLEAR, above * _CLEAR, steps


def _usable(cell: Cell, positive: bool) -> bool:
    return drawable(cell) and (not positive or (cell.value or 0.0) > 0.0)


def _column(table: Table, name: str) -> Column:
    columns = {column.name: column for column in table.columns}
    wanted = metric_named(name, columns)
    if wanted not in columns:
        raise suggest(wanted, columns, "metric of this table")
    return columns[wanted]
