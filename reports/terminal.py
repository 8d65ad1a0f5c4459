"""Tables on a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table as RichTable
from rich.text import Text

from .cells import Cell, Column, Row, Table

_STYLES = {1: "bold", 2: "underline"}


def render_terminal(table: Table) -> RenderableType:
    """Return a table with its notes below: best bold, second underlined."""
    grid = RichTable(box=None, pad_edge=False, header_style="bold", collapse_padding=True)
    grid.add_column("", overflow="fold")
    for column in table.columns:
        grid.add_column(Text(_head(column)), justify="right")
    for number, block in enumerate(table.blocks):
        if number:
            grid.add_row()
        grid.add_row(Text(block.title, style="italic"))
        for row in block.rows:
            grid.add_row(_label(row), *(_cell(row.cells[column.name]) for column in table.columns))
    return Group(Text(table.title, style="bold"), grid, *_notes(table))


def _head(column: Column) -> str:
    first = f"{column.title} {column.arrow}".rstrip()
    return f"{first}\n[{column.unit}]" if column.unit else first


def _label(row: Row) -> Text:
    return Text(f"  {row.label}").append(_marks(row.marks), style="dim")


def _cell(cell: Cell) -> Text:
    return Text(cell.text, style=_STYLES.get(cell.rank or 0, "")).append(
        _marks(cell.marks), style="not bold not underline dim"
    )


def _marks(marks: tuple[str, ...]) -> str:
    return f" {','.join(marks)}" if marks else ""


def _notes(table: Table) -> Iterator[Text]:
    for note in table.notes:
        yield Text(f"{note.mark}: {note.text}" if note.mark else note.text, style="dim")
