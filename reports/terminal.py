"""Tables on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table as RichTable
from rich.text import Text

from .cells import Cell, Column, Row, Table
from .heads import levels, sides_shown, spans

_USUAL_LABEL = 18
_STYLES = {1: "bold", 2: "underline"}


def render_terminal(table: Table) -> RenderableType:
    """Return a table with its notes below: best bold, second underlined."""
    grid = RichTable(box=None, pad_edge=False, header_style="bold", collapse_padding=True)
    above = levels(table.columns)
    for head in table.side:
        shown = "\n" * above + head if len(table.side) > 1 else ""
        grid.add_column(shown, overflow="fold", min_width=_label_width(table))
    for column, groups in zip(table.columns, _groups_shown(table), strict=True):
        grid.add_column(
            Text("\n".join([*groups, _head(column)])),
            justify="right",
            overflow="fold",
            min_width=_number_width(table, column),
        )
    for number, block in enumerate(table.blocks):
        if number:
            grid.add_row()
        if block.title:
            grid.add_row(Text(block.title, style="italic"))
        before: tuple[str, ...] = ()
        for row in block.rows:
            cells = (_cell(row.cells[column.name]) for column in table.columns)
            grid.add_row(*_side(row, before), *cells)
            before = row.side
    return Group(Text(table.title, style="bold"), grid, *_notes(table))


def _label_width(table: Table) -> int:
    """Return how narrow the labels may get: as the longest is, or a name of usual length."""
    longest = max((len(row.side[-1]) for block in table.blocks for row in block.rows), default=0)
    return min(longest + 2, _USUAL_LABEL) if len(table.side) == 1 else 0


def _number_width(table: Table, column: Column) -> int:
    """Return the length of the longest number of a column: a number cut short is another one."""
    cells = (row.cells[column.name].text for block in table.blocks for row in block.rows)
    return max((len(word) for text in cells for word in text.split()), default=0)


def _head(column: Column) -> str:
    first = f"{column.title} {column.arrow}".rstrip()
    return f"{first}\n[{column.unit}]" if column.unit else first


def _groups_shown(table: Table) -> list[list[str]]:
    """Return the heads above each column, each where it begins."""
    shown: list[list[str]] = [[] for _ in table.columns]
    for level in range(levels(table.columns)):
        first = 0
        for text, covered in spans(table.columns, level):
            for position in range(first, first + covered):
                shown[position].append(text if position == first else "")
            first += covered
    return shown


def _side(row: Row, before: Sequence[str]) -> list[Text]:
    *outer, last = sides_shown(before, row.side)
    marked = Text(f"  {last}").append(_marks(row.marks), style="dim")
    return [*(Text(f"  {text}" if text else "") for text in outer), marked]


def _cell(cell: Cell) -> Text:
    return Text(cell.text, style=_STYLES.get(cell.rank or 0, "")).append(
        _marks(cell.marks), style="not bold not underline dim"
    )


def _marks(marks: tuple[str, ...]) -> str:
    return f" {','.join(marks)}" if marks else ""


def _notes(table: Table) -> Iterator[Text]:
    for note in table.notes:
        yield Text(f"{note.mark}: {note.text}" if note.mark else note.text, style="dim")
