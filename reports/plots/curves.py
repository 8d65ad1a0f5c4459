"""Metrics frame by frame."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tgbench.statistics import Series

from ..tables.cells import Block, Column
from ..tables.labels import distinguishing
from .panels import column_title, letter_of
from .style import add_legend, curve_look, curve_sample, looks, panels_figure, paper_style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_HEIGHT = 1.15
Curves = list[tuple[str, Series]]

_MARKERS = 8
"""On each curve, at other frames than on the next one."""


def plot_curves(block: Block, columns: Sequence[Column]) -> Figure | None:
    """Return a curve for each method, with gaps where a frame was not scored; or None.

    Args:
        block: one case, its cells with the values of single frames.
        columns: metrics.
    """
    panels, notes = _panels(block, columns)
    if not panels:
        return None
    labels = [row.label for row in block.rows if any(row.label in dict(c) for _, c in panels)]
    styles = looks([row.label for row in block.rows])
    with paper_style():
        figure, axes = panels_figure(len(panels), 1, _HEIGHT, labels, notes)
        for axis, (title, curves) in zip(axes, panels, strict=True):
            for number, (label, values) in enumerate(curves):
                every = max(1, math.ceil(len(values) / _MARKERS))
                axis.plot(
                    np.arange(len(values)),
                    np.where(np.isfinite(values), values, np.nan),
                    markevery=(number * every // max(1, len(curves)), every),
                    gid=label,
                    **curve_look(styles[label]),
                )
            axis.set_ylabel(title)
            axis.margins(x=0.01)
            axis.locator_params(axis="y", nbins=4)
        axes[-1].set_xlabel("frame")
        figure.align_ylabels(axes)
        add_legend(figure, [curve_sample(styles[label]) for label in labels], labels)
        return figure


def _panels(block: Block, columns: Sequence[Column]) -> tuple[list[tuple[str, Curves]], list[str]]:
    """Return a title and curves for each metric and way of measuring, and notes."""
    panels = []
    notes: list[str] = [f"{block.title}."] if block.title else []
    for column in columns:
        cells = [(row.label, row.cells[column.name]) for row in block.rows]
        known = [(label, cell) for label, cell in cells if len(cell.clips) == 1]
        keys = list(dict.fromkeys(cell.comparable for _, cell in known))
        differences = distinguishing(keys)
        gaps: dict[str, list[str]] = defaultdict(list)
        for index, key in enumerate(keys):
            letter = f" ({letter_of(index)})" if len(keys) > 1 else ""
            curves = [(label, cell.clips[0]) for label, cell in known if cell.comparable == key]
            panels.append((column_title(column) + letter, curves))
            if letter:
                notes.append(f"{column.title}{letter}: {differences[index]}")
            for label, values in curves:
                missing = int(np.count_nonzero(~np.isfinite(values)))
                if missing:
                    gaps[f"{missing} of {len(values)} frames not scored"].append(label)
        notes += [f"{column.title} of {', '.join(who)}: {what}" for what, who in gaps.items()]
    return panels, notes
