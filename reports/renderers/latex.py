"""Tables in LaTeX that compile as they are and can be copied into a paper."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tgbench.specs import RendererSpec
from tgbench.version import __version__

from ..tables.cells import DASH, Block, Cell, Column, Note, Table
from .cell_text import interval_text, number_text
from .heads import levels, sides_shown, spans
from .latex_parts import Part, column_head, group_lines, label_lines, parts, title_lines
from .latex_text import EMPTY, Letters, Tex, comment, escape, joined, label, maths, prose, tex
from .report import LatexWidth, TableReport

LATEX = RendererSpec(
    "latex",
    "tables for a paper, each an environment that can be copied",
    "tgbench.reports.renderers.latex:render_latex",
    suffix="tex",
)

_PREAMBLE = tex(
    """\\documentclass[twocolumn]{article}
\\usepackage[T1]{fontenc}
\\usepackage[utf8]{inputenc}
\\usepackage{booktabs,graphicx}
\\begin{document}
"""
)


def render_latex(report: TableReport) -> str:
    """Return a document with an environment for each table, or several where one is too large.

    It needs booktabs and graphicx. Each environment stands on its own: copy it into a paper that
    loads both. A table that is wider than its place is scaled down to it.
    """
    head = comment("made by tgbench", __version__) + tex("\n")
    taken: set[Tex] = set()
    pieces = [
        joined(lines, "\n") + tex("\n")
        for table in report.tables
        for lines in _pieces(table, report.latex_width, taken)
    ]
    # LaTeX holds back only so many tables that find no place.
    body = joined(pieces, "\n\\clearpage\n")
    return joined([head, _PREAMBLE, body, tex("\\end{document}\n")], "\n").source


def _pieces(table: Table, width: LatexWidth, taken: set[Tex]) -> Iterator[Iterator[Tex]]:
    """Yield the lines of each environment that a table makes."""
    if not table.columns:
        yield _without_numbers(table)
        return
    for part in parts(table, width):
        yield _environment(part, label(table.name, taken))


def _without_numbers(table: Table) -> Iterator[Tex]:
    yield comment("copy from here", table.name)
    yield tex(r"\noindent\textbf{<>}", escape(table.heading))
    yield from _text_notes(table.notes)


def _environment(part: Part, name: Tex) -> Iterator[Tex]:
    table, letters = part.table, Letters(part.table)
    kind = tex("table*") if part.wide else tex("table")
    notes = [note for note in (*table.notes, *letters.notes()) if note.mark or not note.in_caption]
    yield comment("copy from here", table.name)
    yield from letters.comments()
    yield tex(r"\begin{<>}[tp]", kind)
    yield tex(r"\centering\small\setlength{\tabcolsep}{4pt}")
    yield tex(r"\caption{<>}\label{<>}", _caption(table), name)
    yield tex(r"\sbox0{%")
    yield from _tabular(table, letters)
    yield tex(r"}%")
    yield tex(r"\ifdim\wd0>\linewidth\resizebox{\linewidth}{!}{\usebox0}\else\usebox0\fi")
    if notes and not part.notes_below:
        yield tex(r"\par\smallskip\begin{minipage}{\linewidth}\footnotesize\raggedright")
        yield from _note_lines(notes)
        yield tex(r"\end{minipage}")
    yield tex(r"\end{<>}", kind)
    if notes and part.notes_below:
        yield tex(r"\par\noindent{\footnotesize\textbf{Notes to Table~\ref{<>}.}}", name)
        yield from _text_notes(notes)


def _caption(table: Table) -> Tex:
    """Return the title, what marks the best, and what numbers would be misread without."""
    said = [prose(f"{table.heading}.")]
    rows = (row for block in table.blocks for row in block.rows)
    ranks = {row.cells[column.name].rank for row in rows for column in table.columns}
    if 1 in ranks:
        second = tex(", second underlined") if 2 in ranks else EMPTY
        said.append(tex("Best in bold<>.", second))
    kept = (note.text for note in table.notes if note.in_caption and not note.mark)
    said += [prose(f"{text}.") for text in kept]
    return joined(said, " ")


def _tabular(table: Table, letters: Letters) -> Iterator[Tex]:
    columns, side = table.columns, len(table.side)
    tracks = joined([tex("l")] * side + [tex("r")] * len(columns))
    yield tex(r"\begin{tabular}{<>}", tracks)
    yield tex(r"\toprule")
    for level in range(levels(columns)):
        yield from _groups(columns, level, side, letters)
    fields = [_stacked(map(escape, label_lines(table, field)), "l") for field in table.side]
    heads = [_stacked(map(escape, column_head(table, column)), "r") for column in columns]
    yield _line([*fields, *heads])
    for block in table.blocks:
        yield tex(r"\midrule")
        yield from _block(block, table, letters)
    yield tex(r"\bottomrule")
    yield tex(r"\end{tabular}%")


def _groups(columns: Sequence[Column], level: int, side: int, letters: Letters) -> Iterator[Tex]:
    """Yield the heads of a level, and a rule below each."""
    cells, rules, first = [EMPTY] * side, [], side + 1
    for text, covered in spans(columns, level):
        head = _stacked(map(escape, group_lines(letters.name(text), covered)), "c")
        cells.append(tex(r"\multicolumn{<>}{c}{<>}", covered, head))
        rules.append(tex(r"\cmidrule(lr){<>-<>}", first, first + covered - 1))
        first += covered
    yield _line(cells)
    yield joined(rules)


def _block(block: Block, table: Table, letters: Letters) -> Iterator[Tex]:
    width = len(table.side) + len(table.columns)
    for line in map(escape, title_lines(letters.name(block.title))):
        yield tex(r"\multicolumn{<>}{l}{\emph{<>}} \\", width, line)
    marks = {column.name: _widest_marks(table, column) for column in table.columns}
    before: tuple[str, ...] = ()
    for row in block.rows:
        sides = [
            list(map(escape, label_lines(table, letters.name(text))))
            for text in sides_shown(before, row.side)
        ]
        sides[-1][-1] += _marks(row.marks)
        stacks = [_stacked(lines, "l", top=True) for lines in sides]
        if block.title:
            stacks[0] = tex(r"\quad <>", stacks[0])
        cells = [
            _cell(row.cells[column.name], column, marks[column.name]) for column in table.columns
        ]
        yield _line([*stacks, *cells])
        before = row.side


def _cell(cell: Cell, column: Column, widest: Tex) -> Tex:
    """Return a number, with its interval below it."""
    text = escape(DASH) if cell.value is None else maths(number_text(cell, column))
    if cell.rank == 1:
        text = tex(r"\textbf{<>}", text)
    elif cell.rank == 2:
        text = tex(r"\underline{<>}", text)
    # Marks take no width of their own, so that the digits of a column stay under each other.
    if cell.marks:
        text += tex(r"\rlap{<>}", _marks(cell.marks))
    interval = interval_text(cell, column)
    if interval:
        below = tex(r"{\scriptsize <>}", maths(interval))
        text = _stacked([text, below], "r", top=True)
    return text + widest


def _widest_marks(table: Table, column: Column) -> Tex:
    """Return the room that the marks of a column take."""
    rows = (row for block in table.blocks for row in block.rows)
    widest = max((row.cells[column.name].marks for row in rows), key=len, default=())
    return tex(r"\hphantom{<>}", _marks(widest)) if widest else EMPTY


def _stacked(lines: Iterable[Tex], side: str, *, top: bool = False) -> Tex:
    """Return lines above each other in one cell, on a level with its row at the last or first."""
    every = list(lines)
    if len(every) == 1:
        return every[0]
    place = tex("t") if top else tex("b")
    track = {"l": tex("l"), "c": tex("c"), "r": tex("r")}[side]
    stack = joined(every, r"\\")
    return tex(r"\begin{tabular}[<>]{@{}<>@{}}<>\end{tabular}", place, track, stack)


def _marks(marks: tuple[str, ...]) -> Tex:
    return tex(r"\textsuperscript{<>}", joined(map(escape, marks), ",")) if marks else EMPTY


def _line(cells: Iterable[Tex]) -> Tex:
    return tex(r"<> \\", joined(cells, " & "))


def _text_notes(notes: Sequence[Note]) -> Iterator[Tex]:
    """Yield notes as paragraphs that pages may part."""
    if not notes:
        return
    yield tex(r"\par{\footnotesize\raggedright\noindent")
    yield from _note_lines(notes)
    yield tex("}")


def _note_lines(notes: Iterable[Note]) -> Iterator[Tex]:
    for note in notes:
        mark = tex("<>~", _marks((note.mark,))) if note.mark else EMPTY
        yield tex(r"<><>\par\noindent", mark, prose(note.text))
