"""How large a table's letters may be, and which parts of it fit on a page of a LaTeX document."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Sequence

from ..tables.cells import Block, Cell, Column, Note, Row, Status, Table
from .cell_text import interval_text, number_text
from .heads import levels
from .latex_text import Tex, tex
from .typesetting import column_head, group_width, height, in_rows, label_width
from .wrapping import wrapped

_LINE_WIDTH, _PAGE_HEIGHT = 705.0, 500.0
"""Of the document, in points; a page's is what its margins and a caption leave."""

_SIZES = (
    (tex(r"\small\setlength{\tabcolsep}{5pt}"), 9.2, 5.0, 11.5),
    (tex(r"\footnotesize\setlength{\tabcolsep}{5pt}"), 8.8, 5.0, 10.2),
    (tex(r"\footnotesize\setlength{\tabcolsep}{3pt}"), 8.8, 3.0, 10.2),
    (tex(r"\scriptsize\setlength{\tabcolsep}{2.5pt}"), 8.3, 2.5, 9.0),
)
"""Sizes of letters, with what makes widths of them, the space beside a column, and the height of a
line, in points. Small fonts are wider than large ones made smaller."""

_NARROW = frozenset(" .,:;'()[]|!filjt-/")
_WIDE = frozenset("ABCDEFGHKLMNOPQRTUVXYZWmw–±×→=+_%&")


def pages(table: Table) -> list[Table]:
    """Return a table in parts that each about fit on a page, one if it does itself.

    Notes that concern all of it stand below the last part.
    """
    if not table.columns:
        return [table]
    parts = [stack for strip in _strips(table) for stack in _stacks(strip)]
    if len(parts) == 1:
        return [table]
    return [
        dataclasses.replace(
            part,
            title=f"{table.title}, part {number} of {len(parts)}",
            notes=_notes_of(part, last=number == len(parts)),
        )
        for number, part in enumerate(parts, 1)
    ]


def size(table: Table) -> Tex:
    """Return in LaTeX the largest size of letters in which a table about fits on a line."""
    return _chosen(table)[0]


def _strips(table: Table) -> list[Table]:
    """Cut a table that is too wide for the smallest letters, between heads where it has them."""
    if _fitting(table):
        return [table]
    units: list[tuple[Column, ...]] = [(column,) for column in table.columns]
    if levels(table.columns):
        alike = itertools.groupby(table.columns, key=lambda column: column.groups)
        units = [tuple(columns) for _, columns in alike]
    strips: list[Table] = []
    for unit in units:
        if strips:
            wider = dataclasses.replace(strips[-1], columns=strips[-1].columns + unit)
            if _fitting(wider):
                strips[-1] = wider
                continue
        strips.append(dataclasses.replace(table, columns=unit))
    return [without_empty_rows(strip, table) for strip in strips]


def without_empty_rows(strip: Table, table: Table) -> Table:
    """Leave out rows of which nothing is in these columns.

    Those that have nothing in the whole table stay beside its first columns.
    """
    first = strip.columns[:1] == table.columns[:1]
    blocks = []
    for block in strip.blocks:
        rows = tuple(
            row
            for row in block.rows
            if _has_some(row, strip.columns) or (first and not _has_some(row, table.columns))
        )
        if rows:
            blocks.append(dataclasses.replace(block, rows=rows))
    return dataclasses.replace(strip, blocks=tuple(blocks))


def _has_some(row: Row, columns: Sequence[Column]) -> bool:
    return any(row.cells[column.name].status is not Status.ABSENT for column in columns)


def _stacks(table: Table) -> list[Table]:
    """Cut a table that is too high, between blocks where it can be."""
    room = _rows_on_page(table)
    if sum(_lines(table, block) for block in table.blocks) <= room:
        return [table]
    stacks: list[list[Block]] = [[]]
    for block in table.blocks:
        for piece in _pieces(table, block, room):
            if stacks[-1] and sum(_lines(table, part) for part in [*stacks[-1], piece]) > room:
                stacks.append([])
            stacks[-1].append(piece)
    return [dataclasses.replace(table, blocks=tuple(blocks)) for blocks in stacks]


def _pieces(table: Table, block: Block, room: int) -> Iterator[Block]:
    """Yield a block in parts that each fit on a page."""
    rows: list[Row] = []
    for row in block.rows:
        longer = dataclasses.replace(block, rows=(*rows, row))
        if rows and _lines(table, longer) > room:
            yield dataclasses.replace(block, rows=tuple(rows))
            rows = []
        rows.append(row)
    yield dataclasses.replace(block, rows=tuple(rows))


def _lines(table: Table, block: Block) -> int:
    rows = sum(height(table, row, sides) for row, sides in in_rows(table, block))
    return rows + bool(block.title)


def _rows_on_page(table: Table) -> int:
    """Return about how many lines of rows fit on a page above the notes."""
    notes = sum(1 + len(note.text) // 160 for note in table.notes) * 9.5
    own = max(len(column_head(table, column)) for column in table.columns)
    heads = (2 + own + levels(table.columns)) * 12.0
    return max(8, int((_PAGE_HEIGHT - heads - notes) / _chosen(table)[3]))


def _notes_of(part: Table, last: bool) -> tuple[Note, ...]:
    rows = [row for block in part.blocks for row in block.rows]
    used = {mark for row in rows for mark in row.marks}
    used |= {mark for row in rows for c in part.columns for mark in row.cells[c.name].marks}
    return tuple(note for note in part.notes if note.mark in used or (last and not note.mark))


def _chosen(table: Table) -> tuple[Tex, float, float, float]:
    """Return the largest size of letters in which a table about fits, or else the smallest."""
    return next(iter(_fitting(table)), _SIZES[-1])


def _fitting(table: Table) -> list[tuple[Tex, float, float, float]]:
    """Return the sizes of letters in which a table about fits on a line, the largest first."""
    columns = [max(map(_width, texts)) for texts in _texts_by_column(table)]
    title = max((_width(block.title) for block in table.blocks), default=0.0)
    return [
        size
        for size in _SIZES
        if max(sum(columns) * size[1] + 2.0 * size[2] * len(columns), title * size[1])
        <= _LINE_WIDTH
    ]


def _width(text: str) -> float:
    """Return about how wide a text is, by the size of its letters."""
    return sum(0.28 if sign in _NARROW else 0.73 if sign in _WIDE else 0.5 for sign in text)


def _texts_by_column(table: Table) -> Iterator[list[str]]:
    rows = [found for block in table.blocks for found in in_rows(table, block)]
    for position, head in enumerate(table.side):
        last = position == len(table.side) - 1
        heads = wrapped(head, label_width(table))
        sides = [(row, sides[position]) for row, sides in rows]
        marked = [f"M{lines[-1]}{_small(row.marks) if last else ''}" for row, lines in sides]
        yield [*heads, *marked, *(f"MM{line}" for _, lines in sides for line in lines[1:])]
    for column in table.columns:
        alike = sum(other.groups == column.groups for other in table.columns)
        # A head above several columns widens each of them where it is longer than they are.
        above = [line for text in column.groups for line in wrapped(text, group_width(alike))]
        shares = ["x" * -(-len(line) // alike) for line in above]
        cells = [row.cells[column.name] for row, _ in rows]
        numbers = [_bold(cell, column) + _small(cell.marks) for cell in cells]
        yield [
            *column_head(table, column),
            *shares,
            *numbers,
            *(interval_text(c, column) for c in cells),
        ]


def _bold(cell: Cell, column: Column) -> str:
    """Return text about as wide as a number is, with bold letters if it is the best."""
    number = number_text(cell, column)
    return number + "0" * (len(number) // 5 if cell.rank == 1 else 0)


def _small(marks: tuple[str, ...]) -> str:
    """Return text about as wide as marks are."""
    return "." * (2 * len(marks))
