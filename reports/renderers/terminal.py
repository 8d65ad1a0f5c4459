"""Tables on a terminal, in strips below each other where they are wider than it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from tgbench.terminal.printing import printable
from tgbench.terminal.text_table import (
    GAP,
    Head,
    longest_word,
    narrowed,
    plain_table,
    strips,
    widest,
)
from tgbench.terminal.wrapping import hanging, wrapped

from ..tables.cells import Block, Cell, Column, Row, Table
from .cell_text import interval_text, number_text
from .heads import sides_shown, with_columns

_STYLES = {1: "bold", 2: "underline"}
_HOLD = "\u00a0"
_LEAST_HEAD, _LONGEST_PART, _LEAST_SIDE = 10, 24, 8
_INDENT = 2


def render_terminal(table: Table, width: int | None) -> RenderableType:
    """Return a table with its notes below: best bold, second underlined.

    Args:
        table: to show.
        width: cells of a line; None, as in a file: as many as it takes.
    """
    shown: list[RenderableType] = [_text(line, "bold") for line in _wrapped(table.heading, width)]
    if table.columns:
        shown += _Grid(table, width).strips()
    for note in table.notes:
        text = printable(" ".join(note.text.split()))
        lines = hanging(f"{note.mark}: " if note.mark else "", text, width)
        shown += [_text(line, "dim") for line in lines]
    return Group(*shown)


class _Grid:
    """The columns of a table, each as wide in every strip of it."""

    def __init__(self, table: Table, width: int | None) -> None:
        self._table = table
        self._width = width
        self._indent = _INDENT if any(block.title for block in table.blocks) else 0
        rows = [row for block in table.blocks for row in block.rows]
        self._columns = [
            _Column(column, [row.cells[column.name] for row in rows]) for column in table.columns
        ]
        labels = [[text.plain for text in _sides(row, row.side)] for row in rows]
        fields = [printable(field) for field in table.side]
        most = _LONGEST_PART
        if width is not None:
            room = width - self._indent - GAP - max(column.width for column in self._columns)
            most = min(most, max(room // len(fields) - GAP, _LEAST_SIDE))
        self._texts = list(zip(fields, *labels, strict=True))
        self._least = [min(longest_word(texts), most) for texts in self._texts]

    def strips(self) -> Iterator[RenderableType]:
        """Yield all strips."""
        side = sum(self._least) + GAP * (len(self._least) - 1) + self._indent
        for number, places in enumerate(
            strips(side, [c.width for c in self._columns], self._width)
        ):
            if number:
                yield Text()
            yield from self._strip([self._columns[place] for place in places])

    def _strip(self, columns: Sequence[_Column]) -> Iterator[RenderableType]:
        """Yield the heads, and each block with its title."""
        numbers = [column.width for column in columns]
        room = None
        if self._width is not None:
            gaps = GAP * (len(self._texts) + len(columns) - 1) + self._indent
            room = self._width - sum(numbers) - gaps
        side = narrowed(self._texts, self._least, room)
        heads = [
            *(Head(printable(field), right=False) for field in self._table.side),
            *(Head(column.head) for column in columns),
        ]
        widths = [*side, *numbers]
        yield plain_table(heads, widths, (), indent=self._indent)
        shown = with_columns(self._table, [column.column for column in columns])
        for number, block in enumerate(shown.blocks):
            if number:
                yield Text()
            if block.title:
                yield from (_text(line, "italic") for line in _wrapped(block.title, self._width))
            rows = _rows(block, columns, side)
            yield plain_table(heads, widths, rows, show_heads=False, indent=self._indent)


class _Column:
    """A metric with all that it shows."""

    def __init__(self, column: Column, cells: Sequence[Cell]) -> None:
        self.column = column
        texts = [
            t for cell in cells for t in (number_text(cell, column), interval_text(cell, column))
        ]
        self.marks = max((len(_marks(cell.marks)) for cell in cells), default=0)
        room = max(widest(texts), _LEAST_HEAD)
        title = (
            f"{printable(column.title)}{_HOLD}{column.arrow}"
            if column.arrow
            else printable(column.title)
        )
        lines = [
            *(line for text in column.groups for line in wrapped(printable(text), room)),
            *wrapped(title, room),
            *([f"[{printable(column.unit)}]"] if column.unit else []),
        ]
        self.head = "\n".join(line.replace(_HOLD, " ") + " " * self.marks for line in lines)
        self.width = max(widest(texts) + self.marks, widest([self.head]))

    def cell(self, cell: Cell) -> Text:
        """Return the number with its marks, and its interval below."""
        text = Text(number_text(cell, self.column), style=_STYLES.get(cell.rank or 0, ""))
        line = Text.assemble(text, (_marks(cell.marks).ljust(self.marks), "dim"))
        interval = interval_text(cell, self.column)
        if interval:
            line.append(f"\n{interval}{' ' * self.marks}", "dim")
        return line


def _rows(block: Block, columns: Sequence[_Column], widths: Sequence[int]) -> Iterator[list[Text]]:
    before: tuple[str, ...] = ()
    for row in block.rows:
        cells = (column.cell(row.cells[column.column.name]) for column in columns)
        sides = _sides(row, sides_shown(before, row.side))
        yield [*map(_broken, sides, widths), *cells]
        before = row.side


def _sides(row: Row, shown: Sequence[str]) -> list[Text]:
    """Return what stands at the side of a row, its marks after the last text."""
    sides = [Text(printable(" ".join(text.split()))) for text in shown]
    sides[-1].append(_marks(row.marks).replace(" ", _HOLD), "dim")
    return sides


def _broken(text: Text, width: int) -> Text:
    """Return a text on lines of whole words, marks beside the last of them."""
    broken = Text("\n".join(wrapped(text.plain, width)).replace(_HOLD, " "))
    for span in text.spans:
        broken.stylize(span.style, span.start, span.end)
    return broken


def _marks(marks: Sequence[str]) -> str:
    return f" {','.join(marks)}" if marks else ""


def _wrapped(text: str, width: int | None) -> list[str]:
    return wrapped(printable(" ".join(text.split())), width)


def _text(line: str, style: str) -> Text:
    return Text(line, style=style, no_wrap=True, overflow="ignore")
