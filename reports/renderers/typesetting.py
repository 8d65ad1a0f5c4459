"""What stands on each line of a typeset table, before its letters are escaped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..tables.cells import Block, Column, Row, Table
from .cell_text import interval_text, number_text
from .heads import head_lines, sides_shown
from .wrapping import widest_part, wrapped

_LABEL, _LABEL_OF_SEVERAL, _GROUP, _LEAST_HEAD = 32, 20, 20, 9
"""Letters of a line: of a label, of one at several fields, above a column, and in its head."""


def label_width(table: Table) -> int:
    """Return how many letters a line of a label has at most."""
    return _LABEL if len(table.side) == 1 else _LABEL_OF_SEVERAL


def group_width(covered: int) -> int:
    """Return how many letters a line of a head above so many columns has at most."""
    return max(_GROUP, _LEAST_HEAD * covered)


def column_head(table: Table, column: Column) -> list[str]:
    """Return the lines of a column's head, about as wide as its numbers."""
    cells = [row.cells[column.name] for block in table.blocks for row in block.rows]
    widths = [
        len(text)
        for cell in cells
        for text in (number_text(cell, column), interval_text(cell, column))
    ]
    return head_lines(column, max(_LEAST_HEAD, widest_part(column.title), *widths))


def in_rows(table: Table, block: Block) -> Iterator[tuple[Row, list[list[str]]]]:
    """Yield the rows of a block, each with the lines of every field at its side."""
    width = label_width(table)
    before: tuple[str, ...] = ()
    for row in block.rows:
        yield row, [wrapped(" ".join(t.split()), width) for t in sides_shown(before, row.side)]
        before = row.side


def height(table: Table, row: Row, sides: Sequence[Sequence[object]]) -> int:
    """Return how many lines a row has: those of its labels, and one more for intervals."""
    intervals = any(row.cells[column.name].interval for column in table.columns)
    return max(*map(len, sides), 2 if intervals else 1)
