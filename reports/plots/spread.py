"""How each metric spreads over identities and drivers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..cells import Column, Table
from .panels import cases, column_title, described, drawable, why_not
from .style import add_legend, look, looks, panels_figure, paper_style, short

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_HEIGHT = 1.3
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
Values = dict[str, list[tuple[int, float]]]


def plot_spread(table: Table, columns: Sequence[Column] | None = None) -> Figure | None:
    """Return each method's value in every case, a marker a case; None if there is one case.

    A bar marks the mean of a method that has a value in every case: other means do not compare.

    Args:
        table: with several cases.
        columns: metrics; None for all.
    """
    blocks = cases(table)
    if len(blocks) < 2:
        return None
    panels: list[tuple[str, Values]] = []
    notes: list[str] = []
    for column in table.columns if columns is None else columns:
        groups: dict[tuple[object, ...], Values] = defaultdict(lambda: defaultdict(list))
        for number, block in enumerate(blocks):
            for row in block.rows:
                cell = row.cells[column.name]
                if drawable(cell):
                    value = float(cell.value or 0.0)
                    groups[cell.comparable][row.label].append((number, value))
                else:
                    where = f"{column.title} of {row.label} on {block.title}"
                    notes.append(f"Not drawn: {where} ({why_not(cell)})")
        for index, (key, values) in enumerate(groups.items()):
            letter = f" ({_LETTERS[index % 26]})" if len(groups) > 1 else ""
            panels.append((column_title(column) + letter, values))
            if letter:
                notes.append(f"{column.title}{letter}: {described(key)}")
    if not panels:
        return None
    methods = [label for _, values in panels for label in values]
    order = list(dict.fromkeys(row.label for block in blocks for row in block.rows))
    methods = [label for label in order if label in methods]
    notes.insert(0, "; ".join(f"{i}: {short(label)}" for i, label in enumerate(methods, start=1)))
    titles = [block.title for block in blocks]
    with paper_style():
        from matplotlib.lines import Line2D

        figure, axes = panels_figure(len(panels), 2, _HEIGHT, titles, _bounded(notes))
        styles = looks([str(number) for number in range(len(blocks))])
        for axis, (title, values) in zip(axes, panels, strict=True):
            for label, found in values.items():
                place = methods.index(label) + 1
                for number, value in found:
                    one = styles[str(number)]
                    offset = (number - (len(blocks) - 1) / 2) * 0.5 / len(blocks)
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
                if len(found) == len(blocks):
                    mean = sum(value for _, value in found) / len(found)
                    axis.hlines(mean, place - 0.35, place + 0.35, color="black", linewidth=0.8)
            axis.set_title(title)
            axis.set_xlim(0.5, len(methods) + 0.5)
            axis.set_xticks(range(1, len(methods) + 1))
            axis.locator_params(axis="y", nbins=4)
            axis.margins(y=0.15)
        handles = [
            Line2D(
                [],
                [],
                linestyle="none",
                marker=look(number).marker,
                color=look(number).colour,
                markeredgecolor="black",
                markeredgewidth=0.4,
            )
            for number in range(len(blocks))
        ]
        add_legend(figure, handles, titles)
        return figure


def _bounded(notes: Sequence[str]) -> list[str]:
    """Return the first notes and how many more there are: they must not crowd out the plot."""
    most = 12
    more = len(notes) - most
    return [*notes[:most], *([f"and {more} more that are not drawn"] if more > 0 else [])]
