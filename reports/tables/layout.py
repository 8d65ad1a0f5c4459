"""Entries arranged in rows, columns and blocks."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from tgbench.results import ranking_sounds

from .averages import cell_over_cases
from .cells import Block, Cell, Column, Row, Status
from .entries import Entry
from .ranking import ranked
from .settings import in_natural_order, is_setting
from .shapes import Shape, competes, headed

Place = tuple[str, ...]

_EMPTY = (Status.ABSENT, Status.NOT_APPLICABLE)
"""A column of nothing but such cells has nothing to tell."""


class Layout:
    """The columns of a table, and the blocks that its entries make.

    Args:
        shape: what stands where.
        metrics: to show, in order.
        entries: all of the table; they decide which columns there are.
        intervals: whether a mean over blocks has an interval.
        significance: whether cells tell that they differ from the best.
    """

    def __init__(
        self,
        shape: Shape,
        metrics: Sequence[Column],
        entries: Sequence[Entry],
        intervals: bool = False,
        significance: bool = False,
    ) -> None:
        self._shape = shape
        self._intervals = intervals
        self._significance = significance
        self._places: dict[str, tuple[Place, Column]] = {}
        for place in _in_order(entries, shape.columns):
            here = [entry for entry in entries if entry.at(shape.columns) == place]
            for metric in metrics:
                if any(entry.cells[metric.name].status not in _EMPTY for entry in here):
                    name = " / ".join((*place, metric.name))
                    # Names that hold the separator may be joined to the same.
                    again = f" ({len(self._places)})" if name in self._places else ""
                    self._places[name + again] = place, metric
        self.columns = tuple(
            dataclasses.replace(metric, name=name, groups=self._headed(shape.columns, place))
            for name, (place, metric) in self._places.items()
        )

    def blocks(self, entries: Sequence[Entry]) -> list[Block]:
        """Return a block for each value of the fields that are neither rows nor columns."""
        found = _grouped(entries, self._shape.blocks)
        return [
            Block(self._title(alike), self._ranked(self._rows(alike))) for alike in found.values()
        ]

    def means(self, entries: Sequence[Entry]) -> list[Block]:
        """Return a block with the mean of every row over blocks, each counting alike.

        None where no row is in more than one. Where methods make blocks, one for each of them.

        Where other fields than the method are at the side or in the head, a mean is over those
        blocks that have them: the cases of one protocol, say, and not those of another.
        """
        methods = tuple(field for field in self._shape.blocks if field == "method")
        found = (self._mean(alike, place) for place, alike in _grouped(entries, methods).items())
        return [block for block in found if block is not None]

    def _mean(self, entries: Sequence[Entry], method: Place) -> Block | None:
        first: dict[Place, Row] = {}
        for alike in _grouped(entries, self._shape.blocks).values():
            for row in self._rows(alike):
                first.setdefault(row.side, row)
        cases: dict[tuple[Place, Place], set[Place]] = defaultdict(set)
        for entry in entries:
            contest = self._case(entry.at(self._shape.rows))
            cases[contest, entry.at(self._shape.columns)].add(entry.at(self._shape.blocks))
        numbers = {len(there) for there in cases.values()}
        if max(numbers, default=0) <= 1:
            return None
        measured = {
            name
            for name, (place, metric) in self._places.items()
            for entry in entries
            if entry.at(self._shape.columns) == place
            and entry.cells[metric.name].status not in _EMPTY
        }
        rows = []
        for side in _in_order(entries, self._shape.rows):
            mine = [entry for entry in entries if entry.at(self._shape.rows) == side]
            cells = {}
            for column in self.columns:
                there = cases.get((self._case(side), self._places[column.name][0]), set())
                cells[column.name] = self._mean_cell(mine, column, there, measured)
            results = tuple(result for entry in mine for result in entry.results)
            rows.append(dataclasses.replace(first[side], cells=cells, results=results))
        title = f"mean of {numbers.pop()} cases" if len(numbers) == 1 else "mean over cases"
        return Block(" · ".join((*method, title)), self._ranked(rows), mean=True)

    def _mean_cell(
        self, entries: Sequence[Entry], column: Column, cases: set[Place], measured: set[str]
    ) -> Cell:
        place, metric = self._places[column.name]
        if not cases or column.name not in measured:
            return Cell(None, Status.ABSENT, metric=metric.name)
        here = [e.cells[metric.name] for e in entries if e.at(self._shape.columns) == place]
        return cell_over_cases(here, len(cases), metric, self._intervals)

    def _case(self, side: Place) -> Place:
        """Return what rows must share to compete: other people are other numbers."""
        return _without_rivals(self._shape.rows, side)

    def _contest(self, row: Row, column: Column) -> tuple[object, ...]:
        """Return what cells must share to compete: column by column, unless rows do not compete.

        Where methods and settings all stand in the head, they compete along the rows.
        """
        place, metric = self._places[column.name]
        sounds = ranking_sounds(row.results, metric.name)
        if any(map(competes, self._shape.rows)):
            return self._case(row.side), column.name, sounds
        others = _without_rivals(self._shape.columns, place)
        return self._case(row.side), others, metric.name, sounds

    def _headed(self, fields: Sequence[str], place: Place) -> Place:
        return tuple(headed(field, text) for field, text in zip(fields, place, strict=True))

    def _title(self, entries: Sequence[Entry]) -> str:
        fields = self._shape.blocks
        if {"identity", "driver"} <= set(fields):
            return entries[0].title
        return " · ".join(entries[0].at(fields))

    def _rows(self, entries: Sequence[Entry]) -> list[Row]:
        shape = self._shape
        found: dict[Place, dict[Place, Entry]] = {}
        for side in _in_order(entries, shape.rows):
            found[side] = {
                entry.at(shape.columns): entry for entry in entries if entry.at(shape.rows) == side
            }
        return [self._row(side, by_column) for side, by_column in found.items()]

    def _row(self, side: Place, entries: Mapping[Place, Entry]) -> Row:
        """Return a row; what concerns all of its entries is said at its side, the rest in cells."""
        every = dict.fromkeys(text for entry in entries.values() for text in entry.caveats)
        shared = tuple(
            text for text in every if all(text in entry.caveats for entry in entries.values())
        )
        cells = {}
        for name, (place, metric) in self._places.items():
            if place not in entries:
                cells[name] = Cell(None, Status.ABSENT, metric=metric.name)
                continue
            cell = entries[place].cells[metric.name]
            own = tuple(text for text in entries[place].caveats if text not in shared)
            cells[name] = dataclasses.replace(cell, caveats=own) if cell.value is not None else cell
        heads = side if len(side) > 1 else ()
        results = tuple(result for entry in entries.values() for result in entry.results)
        return Row(", ".join(side), cells, shared, heads=heads, results=results)

    def _ranked(self, rows: Sequence[Row]) -> tuple[Row, ...]:
        return ranked(rows, self.columns, self._contest, self._significance)


def _grouped(entries: Iterable[Entry], fields: Sequence[str]) -> dict[Place, list[Entry]]:
    found: dict[Place, list[Entry]] = {}
    for entry in entries:
        found.setdefault(entry.at(fields), []).append(entry)
    return found


def _without_rivals(fields: Sequence[str], place: Place) -> Place:
    return tuple(text for field, text in zip(fields, place, strict=True) if not competes(field))


def _in_order(entries: Iterable[Entry], fields: Sequence[str]) -> list[Place]:
    """Return each place once: by its first part in order of appearance, then by the second...

    Values of settings are in their natural order: seed 2 before seed 10.
    """
    unique = list(dict.fromkeys(entry.at(fields) for entry in entries))
    levels = []
    for field, parts in zip(fields, zip(*unique, strict=True), strict=False):
        values = dict.fromkeys(parts)
        ordered = sorted(values, key=in_natural_order) if is_setting(field) else values
        levels.append({value: order for order, value in enumerate(ordered)})
    return sorted(
        unique,
        key=lambda place: [level[part] for level, part in zip(levels, place, strict=True)],
    )
