"""Tables in LaTeX that compile as they are and can be copied into a paper."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tgbench.version import __version__

from ..tables.cells import DASH, Block, Cell, Column, Note, Table
from .cell_text import interval_text, number_text
from .heads import levels, sides_shown, spans
from .latex_text import EMPTY, Letters, Tex, comment, escape, joined, maths, tex
from .paging import pages, size
from .typesetting import column_head, group_width, height, label_width
from .wrapping import wrapped

_PREAMBLE = tex(
    """\\documentclass{article}
\\usepackage[T1]{fontenc}
\\usepackage[utf8]{inputenc}
\\usepackage{booktabs}
\\usepackage[landscape,margin=15mm]{geometry}
\\begin{document}
"""
)


def render_latex(tables: Sequence[Table]) -> str:
    """Return a document with one `table` environment for each table.

    It needs booktabs and nothing else that a LaTeX installation lacks. Each environment stands
    on its own: copy it into a paper that loads booktabs.
    """
    head = comment("made by tgbench", __version__) + tex("\n")
    pieces = [
        joined(_environment(part), "\n") + tex("\n") for table in tables for part in pages(table)
    ]
    # LaTeX holds back only so many tables that find no place.
    body = joined(pieces, "\n\\clearpage\n")
    return joined([head, _PREAMBLE, body, tex("\\end{document}\n")], "\n").source


def _environment(table: Table) -> Iterator[Tex]:
    columns = table.columns
    letters = Letters(table)
    yield comment("copy from here", table.name)
    if not columns:
        yield tex(r"\noindent\textbf{<>}", escape(table.heading))
        yield from _notes(table.notes)
        return
    yield from letters.comments()
    yield tex(r"\begin{table}[htbp]")
    yield tex(r"\centering<>", size(table))
    yield tex(r"\caption{<>.<>}", escape(table.heading), _legend(table))
    side = len(table.side)
    tracks = joined([tex("l")] * side + [tex("r")] * len(columns))
    yield tex(r"\begin{tabular}{<>}", tracks)
    yield tex(r"\toprule")
    for level in range(levels(columns)):
        yield from _groups(columns, level, side, letters)
    fields = [_stacked(map(escape, wrapped(f, label_width(table))), tex("l")) for f in table.side]
    heads = [_stacked(map(escape, column_head(table, column)), tex("r")) for column in columns]
    yield _line([*fields, *heads])
    for block in table.blocks:
        yield tex(r"\midrule")
        yield from _block(block, table, letters)
    yield tex(r"\bottomrule")
    yield tex(r"\end{tabular}")
    yield from _notes([*table.notes, *letters.notes()])
    yield tex(r"\end{table}")


def _legend(table: Table) -> Tex:
    """Say what marks the best, where anything is ranked."""
    rows = (row for block in table.blocks for row in block.rows)
    ranks = {row.cells[column.name].rank for row in rows for column in table.columns}
    if 1 not in ranks:
        return EMPTY
    second = tex(", second underlined") if 2 in ranks else EMPTY
    return tex(" Best in bold<>.", second)


def _groups(columns: Sequence[Column], level: int, side: int, letters: Letters) -> Iterator[Tex]:
    """Yield the heads of a level, and a rule below each."""
    cells, rules, first = [EMPTY] * side, [], side + 1
    for text, covered in spans(columns, level):
        head = _stacked(letters.lines(text, group_width(covered)), tex("c"))
        cells.append(tex(r"\multicolumn{<>}{c}{<>}", covered, head))
        rules.append(tex(r"\cmidrule(lr){<>-<>}", first, first + covered - 1))
        first += covered
    yield _line(cells)
    yield joined(rules)


def _block(block: Block, table: Table, letters: Letters) -> Iterator[Tex]:
    if block.title:
        width = len(table.side) + len(table.columns)
        yield tex(r"\multicolumn{<>}{l}{\emph{<>}} \\", width, letters.name(block.title))
    rooms = {column.name: _room(table, column) for column in table.columns}
    before: tuple[str, ...] = ()
    for row in block.rows:
        sides = [letters.lines(t, label_width(table)) for t in sides_shown(before, row.side)]
        if block.title:
            sides[0] = [tex(r"\quad <>", line) for line in sides[0]]
        sides = [[lines[0], *(tex(r"\quad <>", line) for line in lines[1:])] for lines in sides]
        sides[-1][-1] += _marks(row.marks)
        cells = [(row.cells[column.name], column, rooms[column.name]) for column in table.columns]
        tall = height(table, row, sides)
        for place in range(tall):
            shown = [lines[place] if place < len(lines) else EMPTY for lines in sides]
            end = tex("[2pt]") if place == tall - 1 > 0 else EMPTY
            yield (
                _line(
                    [*shown, *(_cell(cell, column, place) + room for cell, column, room in cells)]
                )
                + end
            )
        before = row.side


def _cell(cell: Cell, column: Column, place: int) -> Tex:
    """Return what a cell has on a line of its row: the number, then where it may lie."""
    if place:
        return maths(interval_text(cell, column)) if place == 1 else EMPTY
    text = escape(DASH) if cell.value is None else maths(number_text(cell, column))
    if cell.rank == 1:
        text = tex(r"\textbf{<>}", text)
    elif cell.rank == 2:
        text = tex(r"\underline{<>}", text)
    # Marks take no width, so that the digits of a column stay under each other.
    return text + (tex(r"\rlap{<>}", _marks(cell.marks)) if cell.marks else EMPTY)


def _room(table: Table, column: Column) -> Tex:
    """Return what keeps marks of several letters off the next column."""
    rows = (row for block in table.blocks for row in block.rows)
    widest = max((row.cells[column.name].marks for row in rows), key=len, default=())
    return tex(r"\hphantom{<>}", _marks(widest)) if len(widest) > 1 else EMPTY


def _stacked(lines: Iterable[Tex], side: Tex) -> Tex:
    """Return lines above each other in one cell, on a level with its row at the last one."""
    every = list(lines)
    if len(every) == 1:
        return every[0]
    return tex(r"\begin{tabular}[b]{@{}<>@{}}<>\end{tabular}", side, joined(every, r"\\"))


def _marks(marks: tuple[str, ...]) -> Tex:
    return tex(r"\textsuperscript{<>}", joined(map(escape, marks), ",")) if marks else EMPTY


def _line(cells: Iterable[Tex]) -> Tex:
    return tex(r"<> \\", joined(cells, " & "))


def _notes(notes: Sequence[Note]) -> Iterator[Tex]:
    if not notes:
        return
    yield tex(r"\par\smallskip\begin{minipage}{0.95\linewidth}\footnotesize\raggedright")
    for note in notes:
        mark = tex("<>~", _marks((note.mark,))) if note.mark else EMPTY
        yield tex(r"<><>\par", mark, escape(note.text))
    yield tex(r"\end{minipage}")
