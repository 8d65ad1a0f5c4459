"""Tables on a terminal, in strips below each other where they are wider than it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.text import Text

from tgbench.terminal import printable

from ..tables.cells import Cell, Row, Table
from .cell_text import interval_text
from .grid import GAP, INDENT, Track, grid, label, marked, number
from .heads import head_lines, levels, sides_shown, spans
from .paging import without_empty_rows
from .wrapping import HOLD, wrapped

_STYLES = {1: "bold", 2: "underline"}
_LEAST_NOTE = 20


def render_terminal(table: Table) -> RenderableType:
    """Return a table with its notes below: best bold, second underlined.

    It is as wide as the terminal at most. Numbers are never cut; of names only those that are
    wider than their column can be.
    """
    return _Rendered(table)


class _Rendered:
    def __init__(self, table: Table) -> None:
        self._table = table

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in self._lines(options.max_width):
            line.rstrip()
            line.no_wrap, line.overflow = True, "ignore"
            yield line

    def _lines(self, width: int) -> Iterator[Text]:
        table = self._table
        yield from _told(table.heading, width, "bold")
        if table.columns:
            found = grid(table, width)
            for place, tracks in enumerate(found.strips):
                if place:
                    yield Text("")
                strip = dataclasses.replace(table, columns=tuple(t.column for t in tracks))
                whole = len(found.strips) == 1
                shown = strip if whole else without_empty_rows(strip, table)
                yield from _Strip(shown, tracks, found.side).lines(width)
        for note in table.notes:
            yield from _note(note.mark, note.text, width)


class _Strip:
    """Columns that stand beside each other, with all that stands at their side."""

    def __init__(self, table: Table, tracks: Sequence[Track], side: Sequence[int]) -> None:
        self._table = table
        self._tracks = tracks
        self._side = side
        self._indent = INDENT if any(block.title for block in table.blocks) else 0

    def lines(self, width: int) -> Iterator[Text]:
        """Yield the lines of heads and rows."""
        for level in range(levels(self._table.columns)):
            yield from self._groups(level)
        yield from self._heads(width)
        for place, block in enumerate(self._table.blocks):
            if place:
                yield Text("")
            if block.title:
                yield from _told(block.title, width, "italic")
            before: tuple[str, ...] = ()
            for row in block.rows:
                yield from self._row(row, before)
                before = row.side

    def _groups(self, level: int) -> Iterator[Text]:
        """Yield the heads of a level, each in the middle of its columns, and a rule below each."""
        found, first = [], 0
        for text, covered in spans(self._table.columns, level):
            tracks = self._tracks[first : first + covered]
            wide = sum(track.width + GAP for track in tracks) - GAP
            found.append((wrapped(printable(text), wide), wide))
            first += covered
        blank = " " * sum(self._side)
        for place in range(max(len(lines) for lines, _ in found)):
            line = Text(blank, style="bold")
            for lines, wide in found:
                text = lines[place] if place < len(lines) else ""
                left = (wide - cell_len(text)) // 2
                line.append(" " * (GAP + left) + text + " " * (wide - left - cell_len(text)))
            yield line
        rule = Text(blank, style="dim")
        for _, wide in found:
            rule.append(" " * GAP + "─" * wide)
        yield rule

    def _heads(self, width: int) -> Iterator[Text]:
        long, short = self._side_heads(width)
        heads = [
            list(map(printable, head_lines(track.column, track.number))) for track in self._tracks
        ]
        height = max(map(len, heads))
        for above in long:
            yield Text(above, style="bold")
        for place in range(height):
            side = short if place == height - 1 else ""
            line = Text(_left(side, sum(self._side)), style="bold")
            for lines, track in zip(heads, self._tracks, strict=True):
                text = printable(_from_below(lines, place, height))
                line.append(_right(text, track.number + GAP) + " " * track.marks)
            yield line

    def _side_heads(self, width: int) -> tuple[list[str], str]:
        """Return the heads of fields at the side: those longer than a column on lines of their own.

        They begin above it and run on over others, so that columns are as narrow as what they tell.
        """
        long, short, offset = [], "", 0
        several = len(self._side) > 1
        rooms = [*(wide - GAP for wide in self._side[:-1]), self._side[-1]]
        for field, wide, room in zip(self._table.side, self._side, rooms, strict=True):
            if several and cell_len(field) > room:
                long.append(" " * min(offset, max(width - cell_len(field), 0)) + field)
            elif several:
                short = _left(short, offset) + field
            offset += wide
        return long, short

    def _row(self, row: Row, before: Sequence[str]) -> Iterator[Text]:
        shown = sides_shown(before, row.side)
        sides: list[list[str]] = []
        for position, (text, wide) in enumerate(zip(shown, self._side, strict=True)):
            last = position == len(shown) - 1
            indent = self._indent if position == 0 else 0
            room = wide - indent - (0 if last else GAP)
            sides.append(_hanging(label(row, text, last), room, " " * indent))
        cells = [row.cells[track.column.name] for track in self._tracks]
        height = max(*map(len, sides), 2 if any(cell.interval for cell in cells) else 1)
        for place in range(height):
            line = Text()
            for position, (lines, wide) in enumerate(zip(sides, self._side, strict=True)):
                text = lines[place] if place < len(lines) else ""
                marks = row.marks if position == len(sides) - 1 and place == len(lines) - 1 else ()
                line.append(_dimmed(_left(text, wide), text, marks))
            for cell, track in zip(cells, self._tracks, strict=True):
                line.append(_cell(cell, track, place))
            yield line


def _cell(cell: Cell, track: Track, place: int) -> Text:
    """Return a line of a cell: the number with its marks first, then where it may lie."""
    if place > 1:
        return Text(" " * (GAP + track.width))
    if place == 1:
        return Text(
            _right(interval_text(cell, track.column), GAP + track.number) + " " * track.marks,
            style="dim",
        )
    text = number(cell, track.column)
    line = Text(" " * (GAP + track.number - cell_len(text)))
    line.append(text, style=_STYLES.get(cell.rank or 0, ""))
    return line.append(_left(marked(cell.marks).replace(HOLD, " "), track.marks), style="dim")


def _hanging(text: str, room: int, indent: str) -> list[str]:
    """Return lines of a label, those that continue it further in."""
    if cell_len(text) <= room:
        return [indent + text.replace(HOLD, " ")]
    first, *rest = wrapped(text, room - INDENT)
    return [indent + first, *(f"{indent}{' ' * INDENT}{line}" for line in rest)]


def _dimmed(padded: str, text: str, marks: Sequence[str]) -> Text:
    """Return a label whose marks at its end are dim."""
    line = Text(padded)
    if marks:
        line.stylize("dim", len(text) - len(marked(marks)), len(text))
    return line


def _from_below(lines: Sequence[str], place: int, height: int) -> str:
    """Return a line of a head, all heads ending on the same line."""
    above = height - len(lines)
    return lines[place - above] if place >= above else ""


def _left(text: str, width: int) -> str:
    return text + " " * (width - cell_len(text))


def _right(text: str, width: int) -> str:
    return " " * (width - cell_len(text)) + text


def _told(text: str, width: int, style: str) -> Iterator[Text]:
    for line in wrapped(printable(text), width):
        yield Text(line, style=style)


def _note(mark: str, text: str, width: int) -> Iterator[Text]:
    """Yield a note, its lines below each other beside its mark."""
    before = f"{mark}: " if mark else ""
    flat = printable(" ".join(text.split()))
    lines = wrapped(flat, max(width - len(before), _LEAST_NOTE))
    for place, line in enumerate(lines):
        yield Text((before if place == 0 else " " * len(before)) + line, style="dim")
