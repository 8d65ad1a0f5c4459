"""An ablation as a ladder: variants of one method, rung by rung."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..tables.cells import Block, Column, Table
from .panels import Panel, panels_of, summary
from .style import Look, looks, panels_figure, paper_style, short

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_RUNG = 0.18
_ROOM = 0.5
_BESIDE = 32
"""Letters of a name that leave room for two panels side by side."""


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
    rungs = {label: place for place, label in enumerate(variants)}
    with paper_style():
        height = _ROOM + _RUNG * len(rungs)
        names = _names(variants)
        beside = 2 if max(map(len, names)) <= _BESIDE else 1
        figure, axes = panels_figure(len(panels), beside, height, [], notes)
        for index, (axis, panel) in enumerate(zip(axes, panels, strict=True)):
            _draw(axis, panel, rungs, looks(variants))
            first_of_row = index % beside == 0
            axis.set_yticks(range(len(rungs)) if first_of_row else [], names * first_of_row)
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


def _draw(axis: Axes, panel: Panel, rungs: dict[str, int], styles: dict[str, Look]) -> None:
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
            f"{point.value:.{panel.column.decimals}f}",
            (point.value, place),
            (0, 3),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=5,
        )
        if point.label == first:
            axis.axvline(point.value, color="0.5", linewidth=0.6, linestyle=(0, (3, 2)), zorder=0)
    axis.set_ylim(len(rungs) - 0.5, -0.8)
    axis.set_title(panel.title)
    axis.margins(x=0.18)
    axis.locator_params(axis="x", nbins=4)
