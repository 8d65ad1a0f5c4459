"""Tables in LaTeX that compile as they are and can be copied into a paper."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tgbench.version import __version__

from ..tables.cells import DASH, Block, Cell, Column, Note, Table
from .heads import levels, sides_shown, spans
from .letters import Letters, escape
from .paging import pages, size
from .typesetting import column_head, group_width, height, label_width
from .wrapping import wrapped

_PREAMBLE = """\
\\documentclass{article}
\\usepackage[T1]{fontenc}
\\usepackage[utf8]{inputenc}
\\usepackage{booktabs}
\\usepackage[landscape,margin=15mm]{geometry}
\\begin{document}
"""


def render_latex(tables: Sequence[Table]) -> str:
    """Return a document with one `table` environment for each table.

    It needs booktabs and nothing else that a LaTeX installation lacks. Each environment stands
    on its own: copy it into a paper that loads booktabs.
    """
    parts = [f"% made by tgbench {__version__}\n", _PREAMBLE]
    for table in tables:
        pieces = ["\n".join(_environment(part)) + "\n" for part in pages(table)]
        # LaTeX holds back only so many tables that find no place.
        parts.append("\n\\clearpage\n".join(pieces))
    return "\n".join([*parts, "\\end{document}\n"])


def _environment(table: Table) -> Iterator[str]:
    columns = table.columns
    letters = Letters(table)
    yield f"% {table.name}: copy from here"
    if not columns:
        yield rf"\noindent\textbf{{{escape(table.heading)}}}"
        yield from _notes(table.notes)
        return
    yield from letters.comments()
    yield r"\begin{table}[htbp]"
    yield rf"\centering{size(table)}"
    yield rf"\caption{{{escape(table.heading)}.{_legend(table)}}}"
    side = len(table.side)
    yield rf"\begin{{tabular}}{{{'l' * side}{'r' * len(columns)}}}"
    yield r"\toprule"
    for level in range(levels(columns)):
        yield from _groups(columns, level, side, letters)
    fields = [_stacked(map(escape, wrapped(f, label_width(table))), "l") for f in table.side]
    heads = [_stacked(map(escape, column_head(table, column)), "r") for column in columns]
    yield _line([*fields, *heads])
    for block in table.blocks:
        yield r"\midrule"
        yield from _block(block, table, letters)
    yield r"\bottomrule"
    yield r"\end{tabular}"
    yield from _notes([*table.notes, *letters.notes()])
    yield r"\end{table}"


def _legend(table: Table) -> str:
    """Say what marks the best, where anything is ranked."""
    rows = (row for block in table.blocks for row in block.rows)
    ranks = {row.cells[column.name].rank for row in rows for column in table.columns}
    second = ", second underlined" if 2 in ranks else ""
    return f" Best in bold{second}." if 1 in ranks else ""


def _groups(columns: Sequence[Column], level: int, side: int, letters: Letters) -> Iterator[str]:
    """Yield the heads of a level, and a rule below each."""
    cells, rules, first = [""] * side, [], side + 1
    for text, covered in spans(columns, level):
        head = _stacked(letters.lines(text, group_width(covered)), "c")
        cells.append(rf"\multicolumn{{{covered}}}{{c}}{{{head}}}")
        rules.append(rf"\cmidrule(lr){{{first}-{first + covered - 1}}}")
        first += covered
    yield _line(cells)
    yield "".join(rules)


def _block(block: Block, table: Table, letters: Letters) -> Iterator[str]:
    if block.title:
        width = len(table.side) + len(table.columns)
        yield rf"\multicolumn{{{width}}}{{l}}{{\emph{{{letters.name(block.title)}}}}} \\"
    rooms = {column.name: _room(table, column) for column in table.columns}
    before: tuple[str, ...] = ()
    for row in block.rows:
        sides = [letters.lines(t, label_width(table)) for t in sides_shown(before, row.side)]
        if block.title:
            sides[0] = [rf"\quad {line}" for line in sides[0]]
        sides = [[lines[0], *(rf"\quad {line}" for line in lines[1:])] for lines in sides]
        sides[-1][-1] += _marks(row.marks)
        cells = [(row.cells[column.name], rooms[column.name]) for column in table.columns]
        tall = height(table, row, sides)
        for place in range(tall):
            shown = [lines[place] if place < len(lines) else "" for lines in sides]
            end = "[2pt]" if place == tall - 1 > 0 else ""
            yield _line([*shown, *(_cell(cell, place) + room for cell, room in cells)]) + end
        before = row.side


def _cell(cell: Cell, place: int) -> str:
    """Return what a cell has on a line of its row: the number, then where it may lie."""
    if place:
        return _maths(cell.interval) if place == 1 else ""
    text = escape(DASH) if cell.value is None else _maths(cell.number)
    if cell.rank == 1:
        text = rf"\textbf{{{text}}}"
    elif cell.rank == 2:
        text = rf"\underline{{{text}}}"
    # Marks take no width, so that the digits of a column stay under each other.
    return text + (rf"\rlap{{{_marks(cell.marks)}}}" if cell.marks else "")


def _room(table: Table, column: Column) -> str:
    """Return what keeps marks of several letters off the next column."""
    rows = (row for block in table.blocks for row in block.rows)
    widest = max((row.cells[column.name].marks for row in rows), key=len, default=())
    return rf"\hphantom{{{_marks(widest)}}}" if len(widest) > 1 else ""


def _maths(text: str) -> str:
    """Return numbers with a minus that is a minus and not a hyphen; commas part two of them."""
    return text.replace("-", "$-$").replace("±", r"$\pm$")


def _stacked(lines: Iterable[str], side: str) -> str:
    """Return lines above each other in one cell, on a level with its row at the last one."""
    every = list(lines)
    if len(every) == 1:
        return every[0]
    return rf"\begin{{tabular}}[b]{{@{{}}{side}@{{}}}}" + r"\\".join(every) + r"\end{tabular}"


def _marks(marks: tuple[str, ...]) -> str:
    return rf"\textsuperscript{{{','.join(map(escape, marks))}}}" if marks else ""


def _line(cells: Iterable[str]) -> str:
    return " & ".join(cells) + r" \\"


def _notes(notes: Sequence[Note]) -> Iterator[str]:
    if not notes:
        return
    yield r"\par\smallskip\begin{minipage}{0.95\linewidth}\footnotesize\raggedright"
    for note in notes:
        mark = f"{_marks((note.mark,))}~" if note.mark else ""
        yield f"{mark}{escape(note.text)}\\par"
    yield r"\end{minipage}"
