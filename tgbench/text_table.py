"""Small tables on a terminal: whole words and numbers at any width."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text

from .printing import printable
from .wrapping import cells, line_width, wrapped

if TYPE_CHECKING:
    from rich.console import Console

_GAP = "  "


@dataclass(frozen=True)
class Head:
    """What stands above a column.

    Attributes:
        title: on one line or several.
        right: its texts end at the same place, as numbers do.
    """

    title: str
    right: bool = True


def print_table(console: Console, heads: Sequence[Head], rows: Sequence[Sequence[Text]]) -> None:
    """Print a table whose first column says what each row is.

    Where it is wider than the terminal, texts break between words; where that is not enough,
    columns follow below, in strips that repeat the first one.

    Args:
        console: where to.
        heads: of the columns.
        rows: of cells, one for each head.
    """
    for line in table_lines(heads, rows, line_width(console.file)):
        line.rstrip()
        line.no_wrap, line.overflow = True, "ignore"
        console.print(line)


def table_lines(
    heads: Sequence[Head], rows: Sequence[Sequence[Text]], width: int | None
) -> list[Text]:
    """Return the lines of a table; see `print_table`.

    Args:
        heads: of the columns.
        rows: of cells, one for each head.
        width: cells of a line; None: as many as it takes.
    """
    columns = [_Column(head, [row[place] for row in rows]) for place, head in enumerate(heads)]
    lines: list[Text] = []
    for strip in _strips(columns, width):
        if lines:
            lines.append(Text())
        lines += _lines(strip, width)
    return lines


class _Column:
    def __init__(self, head: Head, texts: Sequence[Text]) -> None:
        self.head = head
        self.texts = [*(Text(printable(line), "bold") for line in head.title.split("\n")), *texts]
        self.heads = head.title.count("\n") + 1
        plain = [text.plain for text in self.texts]
        self.widest = max(map(cells, plain))
        self.least = max(cells(word) for text in plain for word in text.split(" "))
        if head.right:
            self.least = self.widest


def _strips(columns: Sequence[_Column], width: int | None) -> list[list[_Column]]:
    """Return columns that fit beside each other, each with the first one."""
    first, *others = columns
    if width is None or _least(columns) <= width or not others:
        return [list(columns)]
    strips: list[list[_Column]] = []
    for column in others:
        if strips and _least([*strips[-1], column]) <= width:
            strips[-1].append(column)
        else:
            strips.append([first, column])
    return strips


def _least(columns: Sequence[_Column]) -> int:
    return sum(column.least for column in columns) + len(_GAP) * (len(columns) - 1)


def _widths(columns: Sequence[_Column], width: int | None) -> list[int]:
    """Return how wide each column is: texts give way to numbers."""
    wide = [column.widest for column in columns]
    room = None if width is None else width - len(_GAP) * (len(columns) - 1)
    while room is not None and sum(wide) > room:
        spare = [have - column.least for have, column in zip(wide, columns, strict=True)]
        if max(spare) <= 0:
            break
        wide[spare.index(max(spare))] -= 1
    return wide


def _lines(columns: Sequence[_Column], width: int | None) -> list[Text]:
    wide = _widths(columns, width)
    most = max(column.heads for column in columns)
    # Heads end on the same line.
    texts = [[Text()] * (most - column.heads) + column.texts for column in columns]
    lines: list[Text] = []
    for row in zip(*texts, strict=True):
        broken = [_broken(text, room) for text, room in zip(row, wide, strict=True)]
        for place in range(max(map(len, broken))):
            line = Text()
            for number, (column, parts, room) in enumerate(zip(columns, broken, wide, strict=True)):
                part = parts[place] if place < len(parts) else Text()
                space = " " * max(room - cells(part.plain), 0)
                line.append(_GAP if number else "")
                line.append(Text.assemble(space, part) if column.head.right else part)
                line.append("" if column.head.right else space)
            lines.append(line)
    return lines


def _broken(text: Text, room: int) -> list[Text]:
    return [Text(line, text.style) for line in wrapped(text.plain, room)]
