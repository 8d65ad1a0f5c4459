"""Which parts of a table fit on a page of a paper with two columns.

Lengths are estimates in points: they decide where a table is cut, and TeX itself scales down a part
that turns out too wide.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from ..tables.cells import Block, Column, Note, Table
from .cell_text import interval_text, number_text
from .heads import levels, sides_shown, with_columns
from .report import LatexWidth
from .wrapping import HOLD, wrapped

_COLUMN, _PAGE, _HEIGHT = 235.0, 480.0, 470.0
"""Widths of a column and of both, and what a page has for rows, heads, caption and notes."""

_LETTER, _GAP, _LINE, _NOTE_LETTER, _NOTE_LINE = 4.7, 8.0, 11.5, 4.2, 9.5
"""Of a table in small letters, with notes in footnote size."""

_LEAST_SCALE, _USUAL_SCALE = 0.65, 0.88
"""Letters are never made smaller than the first; a table that fits one column only with smaller
letters than the second spans both."""

_LABEL, _LABEL_OF_SEVERAL, _GROUP, _LEAST_HEAD, _TITLE = 30, 18, 16, 9, 60
"""Letters of a line: of a label, of one at several fields, above a column, in its head, and of a
block's title."""

_LONGEST_HEAD = 20


@dataclass(frozen=True)
class Part:
    """What one floating environment holds.

    Attributes:
        table: its rows and columns, with the notes that belong to them.
        wide: whether it spans both columns of a page.
        notes_below: whether there are so many notes that they go into the text below.
    """

    table: Table
    wide: bool
    notes_below: bool


def parts(table: Table, width: LatexWidth) -> list[Part]:
    """Return a table in parts that each fit on a page, one if it does itself.

    Notes that concern all of it stand with the last part.
    """
    room = _COLUMN if width == "column" else _PAGE
    strips = _strips(table, room / _LEAST_SCALE)
    pieces = [piece for strip in strips for piece in _stacks(strip)]
    found = []
    for number, piece in enumerate(pieces, 1):
        if len(pieces) > 1:
            title = f"{table.title}, part {number} of {len(pieces)}"
            notes = _notes_of(piece, last=number == len(pieces))
            piece = dataclasses.replace(piece, title=title, notes=notes)
        needed = _width(piece)
        wide = width == "page" or (width == "auto" and needed > _COLUMN / _USUAL_SCALE)
        high = _rows_height(piece) + _notes_height(piece, wide)
        found.append(Part(piece, wide, notes_below=high > _HEIGHT))
    return found


def column_head(table: Table, column: Column) -> list[str]:
    """Return the lines of a column's head, about as wide as its numbers."""
    cells = [row.cells[column.name] for block in table.blocks for row in block.rows]
    widest = max((len(number_text(cell, column)) for cell in cells), default=0)
    title = f"{column.title}{HOLD}{column.arrow}" if column.arrow else column.title
    words = max(map(len, title.split(" ")), default=0)
    lines = wrapped(title, max(_LEAST_HEAD, widest, min(words, _LONGEST_HEAD)))
    return [*lines, f"[{column.unit}]"] if column.unit else lines


def group_lines(text: str, covered: int) -> list[str]:
    """Return the lines of a head above so many columns."""
    return wrapped(text, max(_GROUP, _LEAST_HEAD * covered))


def title_lines(title: str) -> list[str]:
    """Return the lines of a block's title, none where it has none."""
    return wrapped(title, _TITLE) if title else []


def label_lines(table: Table, text: str) -> list[str]:
    """Return the lines of a text at the side."""
    return wrapped(text, _LABEL if len(table.side) == 1 else _LABEL_OF_SEVERAL)


def _width(table: Table) -> float:
    rows = [row for block in table.blocks for row in block.rows]
    letters = 0.0
    for position in range(len(table.side)):
        texts = [table.side[position], *(row.side[position] for row in rows)]
        letters += 2 + max(len(line) for text in texts for line in label_lines(table, text))
    for column in table.columns:
        cells = [row.cells[column.name] for row in rows]
        alike = sum(other.groups == column.groups for other in table.columns)
        above = [line for text in column.groups for line in group_lines(text, alike)]
        marks = max((len(cell.marks) for cell in cells), default=0)
        letters += marks + max(
            *map(len, column_head(table, column)),
            *(len(line) / alike for line in above),
            *(len(number_text(cell, column)) for cell in cells),
            *(0.8 * len(interval_text(cell, column)) for cell in cells),
            1,
        )
    title = max(
        (len(line) for block in table.blocks for line in title_lines(block.title)), default=0
    )
    gaps = _GAP * (len(table.side) + len(table.columns))
    return max(_LETTER * letters + gaps, _LETTER * title)


def _strips(table: Table, room: float) -> list[Table]:
    """Cut a table that is too wide, between heads where it has them."""
    if _width(table) <= room:
        return [table]
    units: list[tuple[Column, ...]] = [(column,) for column in table.columns]
    if levels(table.columns):
        alike = itertools.groupby(table.columns, key=lambda column: column.groups)
        units = [tuple(columns) for _, columns in alike]
        if any(_width(dataclasses.replace(table, columns=unit)) > room for unit in units):
            units = [(column,) for column in table.columns]
    strips: list[Table] = []
    for unit in units:
        if strips:
            wider = dataclasses.replace(strips[-1], columns=strips[-1].columns + unit)
            if _width(wider) <= room:
                strips[-1] = wider
                continue
        strips.append(dataclasses.replace(table, columns=unit))
    return [with_columns(table, strip.columns) for strip in strips]


def _stacks(table: Table) -> list[Table]:
    """Cut a table that is too high, between blocks where it can be."""
    stacks: list[Table] = []
    for block in table.blocks:
        for piece in _pieces(table, block):
            if stacks:
                higher = dataclasses.replace(stacks[-1], blocks=(*stacks[-1].blocks, piece))
                if _fits(higher):
                    stacks[-1] = higher
                    continue
            stacks.append(dataclasses.replace(table, blocks=(piece,)))
    return stacks


def _pieces(table: Table, block: Block) -> Iterator[Block]:
    """Yield a block in parts that each fit on a page."""
    piece = dataclasses.replace(block, rows=())
    for row in block.rows:
        longer = dataclasses.replace(piece, rows=(*piece.rows, row))
        if piece.rows and not _fits(dataclasses.replace(table, blocks=(longer,))):
            yield piece
            longer = dataclasses.replace(block, rows=(row,))
        piece = longer
    yield piece


def _fits(table: Table) -> bool:
    """Return whether a part fits on a page with its own notes, unless those go into the text."""
    notes = _notes_height(dataclasses.replace(table, notes=_notes_of(table, last=False)), wide=True)
    rows = _rows_height(table)
    return rows + notes <= _HEIGHT or (notes > _HEIGHT / 2 and rows <= _HEIGHT)


def _rows_height(table: Table) -> float:
    return _LINE * (_head_lines(table) + sum(_lines(table, block) for block in table.blocks))


def _lines(table: Table, block: Block) -> int:
    """Return how many lines a block takes."""
    found, before = len(title_lines(block.title)), tuple[str, ...]()
    for row in block.rows:
        sides = (label_lines(table, text) for text in sides_shown(before, row.side))
        intervals = any(row.cells[column.name].interval for column in table.columns)
        found += max(*map(len, sides), 2 if intervals else 1)
        before = row.side
    return found


def _head_lines(table: Table) -> int:
    own = max(len(column_head(table, column)) for column in table.columns)
    above = sum(
        max(len(group_lines(column.groups[level], 1)) for column in table.columns)
        for level in range(levels(table.columns))
    )
    return own + above + 2


def _notes_height(table: Table, wide: bool) -> float:
    """Return the height of the notes and of the caption."""
    letters = (_PAGE if wide else _COLUMN) / _NOTE_LETTER * 0.85
    return sum(_NOTE_LINE * (1 + len(note.text) // letters) for note in table.notes)


def _notes_of(part: Table, last: bool) -> tuple[Note, ...]:
    rows = [row for block in part.blocks for row in block.rows]
    used = {mark for row in rows for mark in row.marks}
    used |= {mark for row in rows for c in part.columns for mark in row.cells[c.name].marks}
    return tuple(
        note
        for note in part.notes
        if note.mark in used or (not note.mark and (last or note.in_caption))
    )
