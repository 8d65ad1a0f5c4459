"""Quality against the angle from which a head is seen: what plots and pages draw."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tgbench import plugins
from tgbench.running.result import ViewRecord
from tgbench.specs import Direction, Needs

from .cells import Block, Column, Table

AXES = ("yaw", "pitch")
_LEAST_ANGLES = 3
"""Fewer make no curve."""

Curve = tuple[tuple[float, float], ...]
"""Angles in degrees, in order, each with a value."""


@dataclass(frozen=True)
class AnglePanel:
    """Comparable values of one metric over one angle.

    Attributes:
        identity: who is seen.
        axis: which angle changes; the other one is 0.
        column: the metric.
        key: what the values share, and where others of the metric differ.
        curves: by label of the method.
    """

    identity: str
    axis: str
    column: Column
    key: tuple[object, ...]
    curves: dict[str, Curve]


def angle_panels(tables: Iterable[Table]) -> list[AnglePanel]:
    """Return a panel for each identity, angle, metric and way of measuring.

    Args:
        tables: with a block for each identity and view, and methods at the side.
    """
    return [panel for table in tables for panel in _of_table(table)]


def _of_table(table: Table) -> Iterator[AnglePanel]:
    views = [found for block in table.blocks if (found := _seen_from(block)) is not None]
    columns = [column for column in table.columns if _measures_quality(column)]
    for identity in dict.fromkeys(name for name, _, _ in views):
        for axis in AXES:
            seen = [
                (getattr(view, axis), block)
                for name, view, block in views
                if name == identity and _is_on(view, axis)
            ]
            for column in columns:
                yield from _panels(identity, axis, column, sorted(seen, key=lambda pair: pair[0]))


def _panels(
    identity: str, axis: str, column: Column, seen: list[tuple[float, Block]]
) -> Iterator[AnglePanel]:
    groups: dict[tuple[object, ...], dict[str, list[tuple[float, float]]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for angle, block in seen:
        for row in block.rows:
            cell = row.cells[column.name]
            if cell.value is not None:
                groups[cell.comparable][row.label].append((angle, cell.value))
    for key, found in groups.items():
        curves = {
            label: tuple(points)
            for label, points in found.items()
            if len({angle for angle, _ in points}) >= _LEAST_ANGLES
        }
        if curves:
            yield AnglePanel(identity, axis, column, key, curves)


def _seen_from(block: Block) -> tuple[str, ViewRecord, Block] | None:
    """Return who is seen in a block, and from where; None where it has no one view."""
    results = [result for row in block.rows for result in row.results]
    views = {result.view.name: result.view for result in results if result.view is not None}
    if block.mean or block.published or len(views) != 1:
        return None
    (view,) = views.values()
    return results[0].identity.name, view, block


def _is_on(view: ViewRecord, axis: str) -> bool:
    other = view.pitch if axis == "yaw" else view.yaw
    return not view.half_angle and other == 0.0


def _measures_quality(column: Column) -> bool:
    spec = plugins.metrics().get(column.name)
    timed = spec is not None and Needs.TIMING in spec.needs
    return not timed and column.direction is not Direction.NONE
