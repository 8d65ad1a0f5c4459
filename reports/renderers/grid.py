"""How wide the parts of a table are on a terminal, and which columns fit beside each other."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from tgbench.terminal import printable

from ..tables.cells import Cell, Column, Row, Table
from .cell_text import interval_text, number_text
from .heads import levels
from .wrapping import HOLD, widest_part

GAP = 2
INDENT = 2
"""Cells between columns, and before what continues or stands below a title."""

_LEAST_HEAD, _LEAST_GROUP = 8, 12
"""Cells that a head has if it needs them, of a column and above several."""

_USUAL_LABEL = 24
_MOST_SIDE = 0.75
"""Share of the width that fields at the side may take."""


@dataclass(frozen=True)
class Track:
    """A column on a terminal.

    Attributes:
        column: that it shows.
        number: cells for heads, numbers and intervals.
        marks: cells for the marks beside numbers.
    """

    column: Column
    number: int
    marks: int

    @property
    def width(self) -> int:
        """All of its cells."""
        return self.number + self.marks


@dataclass(frozen=True)
class Grid:
    """Widths of all that stands beside each other.

    Attributes:
        side: of each field at the side.
        strips: columns that fit beside each other, the strips to stand below each other.
    """

    side: tuple[int, ...]
    strips: tuple[tuple[Track, ...], ...]


def grid(table: Table, width: int) -> Grid:
    """Return how a table fits into so many cells; columns under one head stay together."""
    units = list(_units(table))
    texts = list(_labels(table))
    full = [max(map(cell_len, column)) for column in texts]
    if sum(full) + sum(map(_taken, units)) <= width:
        return Grid(tuple(full), (tuple(itertools.chain(*units)),))
    side = _narrowed(texts, width)
    return Grid(tuple(side), _balanced(units, width - sum(side)))


def _narrowed(texts: Sequence[Sequence[str]], width: int) -> list[int]:
    """Return widths of the fields at the side that leave room for numbers."""
    several = len(texts) > 1
    usual = 0 if several else _USUAL_LABEL
    side = [
        min(
            max(map(cell_len, column)),
            max(usual, 2 * INDENT + several * GAP + max(map(widest_part, column))),
        )
        for column in texts
    ]
    most = int(_MOST_SIDE * width)
    return side if sum(side) <= most else [min(wide, most // len(side)) for wide in side]


def label(row: Row, text: str, last: bool) -> str:
    """Return what stands at a row's side; its marks do not part from it."""
    marks = marked(row.marks) if last else ""
    return printable(text) + marks


def marked(marks: Sequence[str]) -> str:
    """Return marks as they follow a name or number."""
    return f"{HOLD}{','.join(marks)}" if marks else ""


def number(cell: Cell, column: Column) -> str:
    """Return the number of a cell as shown."""
    return printable(number_text(cell, column))


def _labels(table: Table) -> Iterator[list[str]]:
    """Yield all that stands in each field at the side, with room for what it is indented by."""
    titled = any(block.title for block in table.blocks)
    rows = [row for block in table.blocks for row in block.rows]
    several = len(table.side) > 1
    for position, head in enumerate(table.side):
        last = position == len(table.side) - 1
        indent = " " * INDENT if titled and position == 0 else ""
        gap = "" if last else " " * GAP
        heads = [head + gap] if several and cell_len(head) <= _LEAST_HEAD else []
        yield heads + [f"{indent}{label(row, row.side[position], last)}{gap}" for row in rows]


def _units(table: Table) -> Iterator[tuple[Track, ...]]:
    """Yield columns that stay together: those under one head, or each by itself."""
    rows = [row for block in table.blocks for row in block.rows]
    if not levels(table.columns):
        for column in table.columns:
            yield (_track(column, rows),)
        return
    for groups, columns in itertools.groupby(table.columns, key=lambda column: column.groups):
        tracks = [_track(column, rows) for column in columns]
        above = map(printable, groups)
        wanted = max(max(widest_part(text), min(cell_len(text), _LEAST_GROUP)) for text in above)
        lacking = wanted + GAP - _taken(tracks)
        if lacking > 0:
            first = tracks[0]
            tracks[0] = Track(first.column, first.number + lacking, first.marks)
        yield tuple(tracks)


def _track(column: Column, rows: Sequence[Row]) -> Track:
    cells = [row.cells[column.name] for row in rows]
    title = printable(column.title)
    texts = [text for cell in cells for text in (number(cell, column), interval_text(cell, column))]
    wide = max(map(cell_len, texts), default=0)
    marks = max((cell_len(marked(cell.marks)) for cell in cells), default=0)
    heads = max(widest_part(title), min(cell_len(title) + 2, _LEAST_HEAD), _unit(column))
    return Track(column, max(wide, heads), marks)


def _unit(column: Column) -> int:
    return cell_len(column.unit) + 2 if column.unit else 0


def _taken(tracks: Sequence[Track]) -> int:
    return sum(track.width + GAP for track in tracks)


def _balanced(units: Sequence[tuple[Track, ...]], room: int) -> tuple[tuple[Track, ...], ...]:
    """Return as few strips as there must be, the widest of them as narrow as can be."""
    if any(_taken(unit) > room for unit in units):
        units = [(track,) for unit in units for track in unit]
    fewest = len(_filled(units, room))
    narrow = next(wide for wide in itertools.count(1) if len(_filled(units, wide)) <= fewest)
    return tuple(tuple(itertools.chain(*strip)) for strip in _filled(units, narrow))


def _filled(units: Sequence[tuple[Track, ...]], room: int) -> list[list[tuple[Track, ...]]]:
    strips: list[list[tuple[Track, ...]]] = []
    for unit in units:
        if strips and sum(map(_taken, strips[-1])) + _taken(unit) <= room:
            strips[-1].append(unit)
        else:
            strips.append([unit])
    return strips
