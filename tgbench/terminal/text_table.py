"""Tables on a terminal, set by rich: whole numbers at any width, and all of them in a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from .printing import printable
from .wrapping import line_width

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

GAP = 2
"""Cells between columns."""

_LEAST = 8


@dataclass(frozen=True)
class Head:
    """What stands above a column.

    Attributes:
        title: on one line or several.
        right: whether its texts are numbers, which end at the same place and stay on their line.
    """

    title: str
    right: bool = True


def print_table(console: Console, heads: Sequence[Head], rows: Sequence[Sequence[Text]]) -> None:
    """Print a table whose first column says what each row is.

    Where it is wider than the terminal, texts break between words; where that is not enough,
    columns follow below, with the first one again. A file gets all columns beside each other.

    Args:
        console: where to.
        heads: of the columns.
        rows: of cells, one for each head.
    """
    width = line_width(console.file)
    heads = [Head(printable(head.title, "\n"), head.right) for head in heads]
    columns = [
        [head.title, *(row[place].plain for row in rows)] for place, head in enumerate(heads)
    ]
    least = [
        widest(texts) if head.right else longest_word(texts)
        for head, texts in zip(heads, columns, strict=True)
    ]
    for number, places in enumerate(strips(least[0], least[1:], width)):
        if number:
            console.print()
        chosen = [0, *(place + 1 for place in places)]
        texts = [columns[place] for place in chosen]
        room = None if width is None else width - GAP * len(places)
        console.print(
            plain_table(
                [heads[place] for place in chosen],
                narrowed(texts, [least[place] for place in chosen], room),
                [[row[place] for place in chosen] for row in rows],
            )
        )


def plain_table(
    heads: Sequence[Head],
    widths: Sequence[int],
    rows: Iterable[Sequence[Text]],
    *,
    show_heads: bool = True,
    indent: int = 0,
) -> Table:
    """Return a table without lines, its columns of given widths, all of it indented, in cells."""
    table = Table(box=None, show_header=show_heads, padding=0, header_style="bold")
    for place, (head, width) in enumerate(zip(heads, widths, strict=True)):
        gap = GAP if place else indent
        table.add_column(
            _spaced(Text(head.title), head, gap),
            width=width + gap,
            no_wrap=head.right,
            justify="right" if head.right else "left",
            overflow="fold",
        )
    for row in rows:
        cells = enumerate(zip(row, heads, strict=True))
        table.add_row(*(_spaced(cell, head, GAP if n else indent) for n, (cell, head) in cells))
    # As wide as its columns are, whatever rich takes for the width of a file.
    table.width = indent + sum(widths) + GAP * (len(widths) - 1)
    return table


def _spaced(text: Text, head: Head, gap: int) -> RenderableType:
    """Return a cell with the gap before it, unless it stands at the right of a wider column."""
    return text if head.right or not gap else Padding(text, (0, 0, 0, gap))


def strips(side: int, columns: Sequence[int], width: int | None) -> list[list[int]]:
    """Return which columns stand beside each other, by their numbers.

    Args:
        side: cells of what is repeated before each group of columns.
        columns: cells of each.
        width: of a line; None: all stand beside each other.
    """
    found: list[list[int]] = [[]]
    used = side
    for place, wide in enumerate(columns):
        if found[-1] and width is not None and used + GAP + wide > width:
            found.append([])
            used = side
        found[-1].append(place)
        used += GAP + wide
    return found


def narrowed(columns: Sequence[Sequence[str]], least: Sequence[int], room: int | None) -> list[int]:
    """Return how wide columns are: as they are where there is room, else no less than `least`."""
    wide = list(map(widest, columns))
    while room is not None and sum(wide) > room:
        spare = [have - enough for have, enough in zip(wide, least, strict=True)]
        if max(spare) <= 0:
            break
        wide[spare.index(max(spare))] -= 1
    return wide


def widest(texts: Iterable[str]) -> int:
    """Return the cells of the widest line of some texts."""
    return max(map(cell_len, _lines(texts)), default=0)


def longest_word(texts: Iterable[str]) -> int:
    """Return the cells that the longest word takes, and a few at least."""
    words = (word for line in _lines(texts) for word in line.split(" "))
    return max(map(cell_len, words), default=0) or _LEAST


def _lines(texts: Iterable[str]) -> Iterator[str]:
    return (line for text in texts for line in text.split("\n"))
