"""The tables of a page: everything that can be read without running a script."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..cells import Block, Cell, Column, Row, Status, Table
from .escaping import text

_RANKS = {1: "best", 2: "second"}


def render_table(table: Table, number: int, anchors: Mapping[str, str]) -> Iterator[str]:
    """Yield a table with its notes.

    Args:
        table: to render.
        number: of the table on the page, so that notes have names of their own.
        anchors: by title of a block, the element that shows its videos.
    """
    yield f'<section class="table-section"><h3>{text(table.title.capitalize())}</h3>\n'
    yield '<div class="scroll"><table class="summary"><thead><tr><th scope="col">Method</th>'
    for column in table.columns:
        yield _head(column)
    yield "</tr></thead>\n"
    for block in table.blocks:
        yield from _block(block, table, number, anchors)
    yield "</table></div>\n"
    if table.notes:
        yield '<ul class="notes">'
        for note in table.notes:
            name = f' id="{_note_name(number, note.mark)}"' if note.mark else ""
            mark = f"<b>{text(note.mark)}</b> " if note.mark else ""
            yield f"<li{name}>{mark}{text(note.text)}</li>\n"
        yield "</ul>"
    yield "</section>\n"


def _head(column: Column) -> str:
    unit = f'<span class="unit">{text(column.unit)}</span>' if column.unit else ""
    arrow = f'&nbsp;<span class="arrow">{column.arrow}</span>' if column.arrow else ""
    return (
        f'<th scope="col" data-better="{column.direction.value}" title="{text(column.name)}">'
        f"{text(column.title)}{arrow}{unit}</th>"
    )


def _block(block: Block, table: Table, number: int, anchors: Mapping[str, str]) -> Iterator[str]:
    title = text(block.title)
    if block.title in anchors:
        title = f'<a href="#{anchors[block.title]}">{title}</a>'
    yield f'<tbody><tr class="block"><th colspan="{len(table.columns) + 1}">{title}</th></tr>\n'
    for row in block.rows:
        yield f'<tr class="row"><th scope="row">{_label(row, number)}</th>'
        for column in table.columns:
            yield _cell(row.cells[column.name], number)
        yield "</tr>\n"
    yield "</tbody>\n"


def _label(row: Row, number: int) -> str:
    return f"{text(row.label)}{_marks(row.marks, number)}"


def _cell(cell: Cell, number: int) -> str:
    classes = " ".join(filter(None, ("missing" if cell.value is None else "", _rank(cell))))
    value = "" if cell.value is None else f' data-value="{cell.value!r}"'
    partial = ""
    if cell.value is not None and cell.scored < cell.total:
        partial = f'<span class="scored">{cell.scored}/{cell.total}</span>'
    return (
        f'<td class="{classes}"{value} title="{text(_told(cell))}">'
        f"{_number(cell)}{_marks(cell.marks, number)}{partial}</td>"
    )


def _number(cell: Cell) -> str:
    """Return what a cell shows, an interval on a line of its own."""
    number, bracket, interval = cell.text.partition(" [")
    below = f'<span class="interval">[{text(interval)}</span>' if bracket else ""
    return f"<span>{text(number)}</span>{below}"


def _rank(cell: Cell) -> str:
    return _RANKS.get(cell.rank or 0, "")


def _told(cell: Cell) -> str:
    """Say in words what a number stands on, or why there is none."""
    if cell.status is Status.NOT_APPLICABLE:
        return "the method cannot have this value"
    if cell.status is Status.ABSENT:
        return "was not asked for"
    if cell.value is None:
        return f"{cell.status.value}: {cell.reason}" if cell.reason else cell.status.value
    parts = [f"{cell.value:.6g}"]
    if cell.total:
        parts.append(f"{cell.scored} of {cell.total} frames scored")
    if cell.rank:
        parts.append(f"rank {cell.rank}")
    if cell.measured_by:
        parts.append(f"measured by {cell.measured_by}")
    return "; ".join(parts)


def _marks(marks: tuple[str, ...], number: int) -> str:
    if not marks:
        return ""
    links = (f'<a href="#{_note_name(number, mark)}">{text(mark)}</a>' for mark in marks)
    return f"<sup>{','.join(links)}</sup>"


def _note_name(number: int, mark: str) -> str:
    return f"note-{number}-{text(mark)}"
