"""Quality against the angle of the camera, drawn on the page without a script."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from ..tables.angles import AnglePanel, Curve, angle_panels
from ..tables.cells import Column, Table
from ..tables.labels import distinguishing

_WIDE, _TOP, _HIGH = 1000.0, 4.0, 92.0
"""Of a drawing in its own units, as `chart.js` has them: 1000 x 100 with a margin."""

_COLOURS = 8


@dataclass(frozen=True)
class DrawnCurve:
    """A method's curve.

    Attributes:
        label: of the method.
        colour: number of the page's colours, from 1.
        path: of SVG.
        values: by angle, as texts.
    """

    label: str
    colour: int
    path: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class AngleChart:
    """One metric over one angle.

    Attributes:
        column: the metric.
        measurer: what tells its values from others of the metric; empty: there are none.
        low, high: ends of the vertical axis, as texts.
        curves: one for each method.
    """

    column: Column
    measurer: str
    low: str
    high: str
    curves: tuple[DrawnCurve, ...]


@dataclass(frozen=True)
class AngleGroup:
    """The charts of one identity and angle.

    Attributes:
        identity: who is seen.
        axis: "yaw" or "pitch".
        angles: that there are, in order, degrees.
        charts: one for each metric and way of measuring.
    """

    identity: str
    axis: str
    angles: tuple[float, ...]
    charts: tuple[AngleChart, ...]


def angle_groups(tables: Sequence[Table]) -> list[AngleGroup]:
    """Return the charts of all identities whose heads were seen from several angles.

    Args:
        tables: in the default shape.
    """
    found: dict[tuple[str, str], list[AnglePanel]] = defaultdict(list)
    for panel in angle_panels(tables):
        found[panel.identity, panel.axis].append(panel)
    labels = {label: None for panels in found.values() for p in panels for label in p.curves}
    colours = {label: 1 + number % _COLOURS for number, label in enumerate(labels)}
    return [_group(identity, axis, panels, colours) for (identity, axis), panels in found.items()]


def _group(
    identity: str, axis: str, panels: Sequence[AnglePanel], colours: dict[str, int]
) -> AngleGroup:
    angles = sorted({a for panel in panels for curve in panel.curves.values() for a, _ in curve})
    charts = []
    for panel in panels:
        alike = [other for other in panels if other.column == panel.column]
        measurer = distinguishing([other.key for other in alike])[alike.index(panel)]
        values = [value for curve in panel.curves.values() for _, value in curve]
        low, high = min(values), max(values)
        if low == high:
            low, high = low - 0.5, high + 0.5
        curves = tuple(
            DrawnCurve(
                label,
                colours[label],
                _path(curve, angles, low, high),
                tuple(f"{angle:+g}: {value:.{panel.column.decimals}f}" for angle, value in curve),
            )
            for label, curve in panel.curves.items()
        )
        lowest, highest = (f"{end:.{panel.column.decimals}f}" for end in (low, high))
        charts.append(AngleChart(panel.column, measurer, lowest, highest, curves))
    return AngleGroup(identity, axis, tuple(angles), tuple(charts))


def _path(curve: Curve, angles: Sequence[float], low: float, high: float) -> str:
    first, last = angles[0], angles[-1]
    points = (
        (
            _WIDE * (angle - first) / (last - first),
            _TOP + _HIGH * (high - value) / (high - low),
        )
        for angle, value in curve
    )
    return "M" + "L".join(f"{x:.1f},{y:.2f}" for x, y in points)
