"""Quality against the angle from which a head is seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..tables.angles import AnglePanel
from ..tables.labels import distinguishing
from .panels import column_title, letter_of
from .style import add_legend, curve_look, curve_sample, looks, panels_figure, paper_style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_HEIGHT = 1.3


def plot_angles(panels: Sequence[AnglePanel], labels: Sequence[str]) -> Figure | None:
    """Return a curve for each method over an angle, a panel for each metric; None of no panels.

    Args:
        panels: of one identity and one angle.
        labels: of all methods, so that each looks alike in every figure.
    """
    if not panels:
        return None
    first = panels[0]
    notes = [f"{first.identity}, {first.axis} in degrees from where the clip was filmed."]
    titles = [column_title(panel.column) for panel in panels]
    for index, panel in enumerate(panels):
        alike = [other for other in panels if other.column == panel.column]
        if len(alike) > 1:
            place = alike.index(panel)
            titles[index] += f" ({letter_of(place)})"
            text = distinguishing([other.key for other in alike])[place]
            notes.append(f"{panel.column.title} ({letter_of(place)}): {text}")
    drawn = [label for label in labels if any(label in panel.curves for panel in panels)]
    styles = looks(labels)
    with paper_style():
        figure, axes = panels_figure(len(panels), 2, _HEIGHT, drawn, notes)
        for axis, panel, title in zip(axes, panels, titles, strict=True):
            for label, points in panel.curves.items():
                angles, values = zip(*points, strict=True)
                axis.plot(angles, values, gid=label, **curve_look(styles[label]))
            axis.set_xticks(
                sorted({angle for curve in panel.curves.values() for angle, _ in curve})
            )
            axis.set_title(title)
            axis.margins(0.06, 0.12)
            axis.locator_params(axis="y", nbins=4)
        add_legend(figure, [curve_sample(styles[label]) for label in drawn], drawn)
        return figure
