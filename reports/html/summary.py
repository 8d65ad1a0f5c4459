"""The tables of a page: everything that can be read without running a script."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from tgbench.running.result import Result

from ..renderers.cell_text import interval_text, number_text
from ..renderers.heads import levels, spans
from ..tables.cells import Block, Cell, Column, Note, Row, Status, Table
from .escaping import shortened, text

Sources = Callable[[Result], str]

_MOST_ROWS = 30
"""A longer table scrolls in a frame of its own, so that what follows is found."""

_RANKS = {1: "best", 2: "second"}


def render_table(
    table: Table, number: int, anchors: Mapping[str, str], sources: Sources
) -> Iterator[str]:
    """Yield a table with its notes, the mean over cases first.

    Args:
        table: to render.
        number: of the table on the page, so that notes have names of their own.
        anchors: by title of a block, the element that shows its videos.
        sources: names the element with all that is known of a result; empty if there is none.
    """
    title = text(table.heading)
    yield f'<section class="table-section"><h3 id="table-{number}">{title}</h3>\n'
    if table.columns:
        yield from _grid(table, number, anchors, sources)
    yield from render_notes(table.notes, number)
    yield "</section>\n"


def _grid(table: Table, number: int, anchors: Mapping[str, str], sources: Sources) -> Iterator[str]:
    tall = " tall" if sum(len(block.rows) for block in table.blocks) > _MOST_ROWS else ""
    yield f'<div class="scroll{tall}" tabindex="0" role="region" aria-labelledby="table-{number}">'
    yield '<table class="summary"><thead>'
    yield from _group_heads(table)
    yield "<tr>"
    for field in table.side:
        yield f'<th scope="col" class="side">{text(field)}</th>'
    for column in table.columns:
        yield render_head(column)
    yield "</tr></thead>\n"
    for block in sorted(table.blocks, key=lambda block: not block.mean):
        yield from _block(block, table, number, anchors, sources)
    yield "</table></div>\n"


def render_notes(notes: Sequence[Note], number: int) -> Iterator[str]:
    """Yield the notes of table `number` as a list, where there are any."""
    if not notes:
        return
    yield '<ul class="notes">'
    for note in notes:
        name = f' id="{_note_name(number, note.mark)}"' if note.mark else ""
        mark = f"<b>{text(note.mark)}</b> " if note.mark else ""
        yield f"<li{name}>{mark}{text(note.text)}</li>\n"
    yield "</ul>"


def render_head(column: Column) -> str:
    """Return the head of a column, with its arrow and unit."""
    unit = f'<span class="unit">{text(column.unit)}</span>' if column.unit else ""
    arrow = f'&nbsp;<span class="arrow">{column.arrow}</span>' if column.arrow else ""
    return (
        f'<th scope="col" data-better="{column.direction.value}" title="{text(column.name)}">'
        f"{text(column.title)}{arrow}{unit}</th>"
    )


def _group_heads(table: Table) -> Iterator[str]:
    """Yield a row for each level of heads above those of the columns."""
    for level in range(levels(table.columns)):
        yield f'<tr class="groups"><td colspan="{len(table.side)}"></td>'
        for title, width in spans(table.columns, level):
            yield f'<th scope="colgroup" colspan="{width}">{text(shortened(title))}</th>'
        yield "</tr>"


def _block(
    block: Block, table: Table, number: int, anchors: Mapping[str, str], sources: Sources
) -> Iterator[str]:
    title = text(shortened(block.title))
    if block.title in anchors:
        title = f'<a href="#{anchors[block.title]}">{title}</a>'
    width = len(table.side) + len(table.columns)
    printed = ' class="published"' if block.published else ""
    yield f'<tbody{printed}><tr class="block"><th colspan="{width}">{title}</th></tr>\n'
    for row in block.rows:
        yield f'<tr class="row">{"".join(_sides(row, number, sources))}'
        for column in table.columns:
            yield render_cell(row.cells[column.name], column, number)
        yield "</tr>\n"
    yield "</tbody>\n"


def _sides(row: Row, number: int, sources: Sources) -> Iterator[str]:
    """Yield all that stands at the side of a row, for rows change places when they are sorted."""
    *outer, last = row.side
    for part in outer:
        yield f'<th scope="row" class="side">{text(shortened(part))}</th>'
    label = text(shortened(last))
    if len(row.results) == 1 and (source := sources(row.results[0])):
        label = f'<a href="#{source}">{label}</a>'
    yield f'<th scope="row" class="side">{label}{render_marks(row.marks, number)}</th>'


def render_cell(cell: Cell, column: Column, number: int, attributes: str = "") -> str:
    """Return a cell of table `number`, with further attributes."""
    classes = " ".join(filter(None, ("missing" if cell.value is None else "", _rank(cell))))
    value = "" if cell.value is None else f' data-value="{cell.value!r}"'
    kind = f' data-group="{cell.kind}"' if cell.kind else ""
    partial = ""
    if cell.value is not None and cell.scored < cell.total:
        partial = f'<span class="scored">{cell.scored}/{cell.total}</span>'
    return (
        f'<td class="{classes}"{value}{kind}{attributes} title="{text(_told(cell))}">'
        f"{_number(cell, column)}{render_marks(cell.marks, number)}{partial}</td>"
    )


def _number(cell: Cell, column: Column) -> str:
    """Return what a cell shows, an interval on a line of its own."""
    interval = interval_text(cell, column)
    below = f'<span class="interval">{text(interval)}</span>' if interval else ""
    return f"<span>{text(number_text(cell, column))}</span>{below}"


def _rank(cell: Cell) -> str:
    return _RANKS.get(cell.rank or 0, "")


def _told(cell: Cell) -> str:
    """Say in words what a number stands on, or why there is none."""
    if cell.status is Status.NOT_APPLICABLE:
        return f"the method cannot have this value: {cell.reason}"
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


def render_marks(marks: tuple[str, ...], number: int) -> str:
    """Return links to the notes of table `number`."""
    if not marks:
        return ""
    links = (f'<a href="#{_note_name(number, mark)}">{text(mark)}</a>' for mark in marks)
    return f"<sup>{','.join(links)}</sup>"


def _note_name(number: int, mark: str) -> str:
    return f"note-{number}-{text(mark)}"
