"""How each metric spreads over identities and drivers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..tables.cells import Block, Column, Table
from ..tables.labels import distinguishing
from .lettering import short
from .panels import cases, column_title, drawable, letter_of, why_not
from .style import Look, add_legend, look, panels_figure, paper_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

_HEIGHT = 1.3
_MOST_MARKERS = 12
"""Cases with different markers."""

_MANY = 9
"""More methods than these have numbers of two digits, which must not touch."""

Values = dict[str, list[tuple[int, float]]]


def plot_spread(table: Table, columns: Sequence[Column] | None = None) -> Figure | None:
    """Return each method's value in every case, a marker a case; None if there is one case.

    A bar marks the mean of a method that has a value in every case: other means do not compare.
    Where there are many cases boxes stand for them: markers would hide each other.

    Args:
        table: with several cases.
        columns: metrics; None for all.
    """
    blocks = cases(table)
    if len(blocks) < 2:
        return None
    panels, notes = _panels(blocks, table.columns if columns is None else columns)
    if not panels:
        return None
    drawn = {label for _, values in panels for label in values}
    order = dict.fromkeys(row.label for block in blocks for row in block.rows)
    methods = [label for label in order if label in drawn]
    boxes = len(blocks) > _MOST_MARKERS
    if boxes:
        notes.insert(0, f"Of {len(blocks)} cases: median, quartiles, least and greatest.")
    notes.insert(0, "; ".join(f"{i}: {short(label)}" for i, label in enumerate(methods, start=1)))
    titles = [] if boxes else [block.title for block in blocks]
    with paper_style():
        figure, axes = panels_figure(len(panels), 2, _HEIGHT, titles, _bounded(notes))
        for axis, (title, values) in zip(axes, panels, strict=True):
            for label, found in values.items():
                place = methods.index(label) + 1
                if boxes:
                    _draw_box(axis, place, [value for _, value in found])
                else:
                    _draw_markers(axis, place, label, found, titles)
            axis.set_title(title)
            axis.set_xlim(0.5, len(methods) + 0.5)
            axis.set_xticks(range(1, len(methods) + 1), [str(i + 1) for i in range(len(methods))])
            if len(methods) > _MANY:
                axis.tick_params(axis="x", labelsize=5)
            axis.locator_params(axis="y", nbins=4)
            axis.margins(y=0.15)
        if titles:
            add_legend(figure, [_legend_marker(look(i)) for i in range(len(titles))], titles)
        return figure


def _panels(
    blocks: Sequence[Block], columns: Sequence[Column]
) -> tuple[list[tuple[str, Values]], list[str]]:
    """Return a title and values for each metric and way of measuring, and notes."""
    panels: list[tuple[str, Values]] = []
    notes: list[str] = []
    missing: dict[tuple[str, str], list[str]] = defaultdict(list)
    for column in columns:
        groups: dict[tuple[object, ...], Values] = defaultdict(lambda: defaultdict(list))
        for number, block in enumerate(blocks):
            for row in block.rows:
                cell = row.cells[column.name]
                if drawable(cell):
                    value = float(cell.value or 0.0)
                    groups[cell.comparable][row.label].append((number, value))
                else:
                    what = f"{column.title} of {row.label}"
                    missing[what, why_not(cell)].append(block.title)
        differences = distinguishing(list(groups))
        for index, values in enumerate(groups.values()):
            letter = f" ({letter_of(index)})" if len(groups) > 1 else ""
            panels.append((column_title(column) + letter, values))
            if letter:
                notes.append(f"{column.title}{letter}: {differences[index]}")
    for (what, reason), where in missing.items():
        places = where[0] if len(where) == 1 else f"{len(where)} of {len(blocks)} cases"
        notes.append(f"Not drawn: {what} on {places} ({reason})")
    return panels, notes


def _draw_markers(
    axis: Axes,
    place: int,
    label: str,
    found: Sequence[tuple[int, float]],
    titles: Sequence[str],
) -> None:
    for number, value in found:
        one = look(number)
        offset = (number - (len(titles) - 1) / 2) * 0.5 / len(titles)
        axis.plot(
            place + offset,
            value,
            linestyle="none",
            marker=one.marker,
            color=one.colour,
            markeredgecolor="black",
            markeredgewidth=0.4,
            gid=f"{label} / {titles[number]}",
        )
    if len(found) == len(titles):
        mean = sum(value for _, value in found) / len(found)
        axis.hlines(mean, place - 0.35, place + 0.35, color="black", linewidth=0.8)


def _draw_box(axis: Axes, place: int, values: Sequence[float]) -> None:
    lines = {"linewidth": 0.7, "color": "black"}
    axis.boxplot(
        [list(values)],
        positions=[place],
        widths=0.6,
        whis=(0, 100),
        manage_ticks=False,
        boxprops=lines,
        whiskerprops=lines,
        capprops=lines,
        medianprops={"linewidth": 1.4, "color": "black"},
    )


def _legend_marker(one: Look) -> Line2D:
    from matplotlib.lines import Line2D

    return Line2D(
        [],
        [],
        linestyle="none",
        marker=one.marker,
        color=one.colour,
        markeredgecolor="black",
        markeredgewidth=0.4,
    )


def _bounded(notes: Sequence[str]) -> list[str]:
    """Return the first notes and how many more there are: they must not crowd out the plot."""
    most = 12
    more = len(notes) - most
    return [*notes[:most], *([f"and {more} more that are not drawn"] if more > 0 else [])]
