"""Tables in Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tgbench.specs import RendererSpec
from tgbench.terminal.printing import printable

from ..tables.cells import Cell, Column, Table
from .cell_text import interval_text, number_text
from .report import TableReport

_SPECIAL = set("\\`*_{}[]<>|#~$")


MARKDOWN = RendererSpec(
    "markdown",
    "tables for a README or an issue",
    "tgbench.reports.renderers.markdown:render_markdown",
    suffix="md",
)


def render_markdown(report: TableReport) -> str:
    """Return all tables under headings, notes below each: best bold, second underlined."""
    return "\n".join("\n".join(_lines(table)) + "\n" for table in report.tables)


def escape(text: str) -> str:
    """Return text that Markdown shows as written, on one line."""
    flat = printable(" ".join(text.split())).replace("&", "&amp;")
    return "".join(f"\\{sign}" if sign in _SPECIAL else sign for sign in flat)


def _lines(table: Table) -> Iterator[str]:
    yield f"## {escape(table.heading)}"
    if table.columns:
        yield ""
        yield from _grid(table)
    for note in table.notes:
        yield ""
        yield f"{_marks((note.mark,))} {escape(note.text)}" if note.mark else escape(note.text)


def _grid(table: Table) -> Iterator[str]:
    several = len(table.side) > 1
    yield _row(
        [
            *(escape(head) if several else "" for head in table.side),
            *(_head(column) for column in table.columns),
        ]
    )
    yield _row([*("---" for _ in table.side), *("---:" for _ in table.columns)])
    for block in table.blocks:
        if block.title:
            blank = len(table.side) - 1 + len(table.columns)
            yield _row([f"*{escape(block.title)}*", *("" for _ in range(blank))])
        for row in block.rows:
            *outer, last = map(escape, row.side)
            cells = (_cell(row.cells[column.name], column) for column in table.columns)
            yield _row([*outer, last + _marks(row.marks), *cells])


def _head(column: Column) -> str:
    unit = f" \\[{escape(column.unit)}\\]" if column.unit else ""
    above = "".join(f"{escape(group)}<br>" for group in column.groups)
    return f"{above}{escape(column.title)}{unit} {column.arrow}".rstrip()


def _cell(cell: Cell, column: Column) -> str:
    plain = f"{number_text(cell, column)} {interval_text(cell, column)}".rstrip()
    text = {1: f"**{plain}**", 2: f"<u>{plain}</u>"}.get(cell.rank or 0, plain)
    return text + _marks(cell.marks)


def _marks(marks: tuple[str, ...]) -> str:
    return f"<sup>{','.join(marks)}</sup>" if marks else ""


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
