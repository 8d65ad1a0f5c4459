"""Every metric as bars, a panel each."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..tables.cells import Column, Table
from .panels import Panel, panels_of, summary
from .style import Look, add_legend, looks, panels_figure, paper_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_HEIGHT = 1.1
_MANY = 8
"""More bars than these take wider panels, so that the numbers above them do not touch."""

_TITLE = 20
"""Letters of a title in a line."""

_LEAST = 3
"""Bars that a panel has room for at least: a single one need not fill it."""

_ROOM_UPRIGHT, _ROOM_LEVEL = 0.4, 0.2
"""Share of the bars' height that numbers above them take, turned and not."""

_WHISKERS = "Whiskers: 95 % interval of the mean (bootstrap over blocks of frames, and over cases)."


def plot_metrics(table: Table, columns: Sequence[Column] | None = None) -> Figure | None:
    """Return bars of each metric, from zero, with the number above; None if there are none.

    Args:
        table: of which the mean over cases is drawn, or the only case.
        columns: metrics; None for all.
    """
    block = summary(table)
    if block is None:
        return None
    panels, notes = panels_of(block, table.columns if columns is None else columns)
    if not panels:
        return None
    if any(point.interval for panel in panels for point in panel.points):
        notes.append(_WHISKERS)
    if block.title:
        notes.insert(0, f"Values: {block.title}.")
    drawn = {point.label for panel in panels for point in panel.points}
    labels = [row.label for row in block.rows if row.label in drawn]
    styles = looks([row.label for row in block.rows])
    with paper_style():
        from matplotlib.patches import Patch

        beside = 3 if len(labels) <= _MANY else 2
        figure, axes = panels_figure(len(panels), beside, _HEIGHT, labels, notes)
        for axis, panel in zip(axes, panels, strict=True):
            _draw(axis, panel, styles)
        handles = [
            Patch(facecolor=look.colour, hatch=look.hatch, edgecolor="black", linewidth=0.5)
            for look in (styles[label] for label in labels)
        ]
        _lighten(handles)
        add_legend(figure, handles, labels)
        return figure


def _draw(axis: Axes, panel: Panel, styles: dict[str, Look]) -> None:
    decimals = panel.column.decimals
    places = {label: place for place, label in enumerate(styles)}
    for point in panel.points:
        place = places[point.label]
        look = styles[point.label]
        bars = axis.bar(
            place,
            point.value,
            width=0.8,
            color=look.colour,
            hatch=look.hatch,
            edgecolor="black",
            linewidth=0.5,
        )
        bars[0].set_gid(point.label)
        _lighten(bars)
        top, bottom = max(point.value, 0.0), min(point.value, 0.0)
        if point.interval is not None:
            low, high = point.interval.low, point.interval.high
            axis.plot([place, place], [low, high], color="0.45", linewidth=1.6, zorder=3)
            axis.plot([place, place], [low, high], color="white", linewidth=0.6, zorder=4)
            top, bottom = max(top, high), min(bottom, low)
        above = point.value >= 0
        axis.annotate(
            f"{point.value:.{decimals}f}",
            (place, top if above else bottom),
            (0, 1.5 if above else -1.5),
            textcoords="offset points",
            ha="center",
            va="bottom" if above else "top",
            fontsize=5,
            rotation=90 if len(places) > 2 else 0,
        )
    axis.set_title("\n".join(textwrap.wrap(panel.title, _TITLE)), fontsize=6)
    axis.set_xticks([])
    spare = max(0, _LEAST - len(places)) / 2
    axis.set_xlim(-0.9 - spare, len(places) - 0.3 + spare)
    axis.margins(y=_ROOM_UPRIGHT if len(places) > 2 else _ROOM_LEVEL)
    axis.axhline(0.0, color="black", linewidth=0.6)
    axis.locator_params(axis="y", nbins=4)


def _lighten(bars: object) -> None:
    """Draw hatches white where the bar is black: they would not be seen."""
    for bar in bars:  # type: ignore[attr-defined]
        if bar.get_facecolor()[:3] < (0.1, 0.1, 0.1) and bar.get_hatch():
            bar.set_edgecolor("white")
