"""Tables in LaTeX that compile as they are and can be copied into a paper."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from tgbench.version import __version__

from .cells import DASH, Block, Cell, Column, Note, Table
from .heads import levels, sides_shown, spans
from .paging import pages, size

_PREAMBLE = """\
\\documentclass{article}
\\usepackage[T1]{fontenc}
\\usepackage[utf8]{inputenc}
\\usepackage{booktabs}
\\usepackage[landscape,margin=15mm]{geometry}
\\begin{document}
"""

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    "·": r"$\cdot$",
    "–": "–",
    "—": "–",
    "`": "'",
    "×": r"$\times$",
    "→": r"$\rightarrow$",
    "±": r"$\pm$",
    "²": r"\textsuperscript{2}",
    "†": r"\dag{}",
}


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


def escape(text: str) -> str:
    """Return text that pdfLaTeX typesets as written, on one line.

    Letters that its default fonts lack become their base letter, or a question mark.
    """
    flat = " ".join(text.split())
    # Two hyphens in a row would print as one dash.
    return "".join(map(_escaped, flat)).replace("--", "-{}-").replace("–", "--")


def _escaped(sign: str) -> str:
    if sign in _SPECIAL:
        return _SPECIAL[sign]
    if sign.isascii():
        return sign if sign.isprintable() else ""
    if "À" <= sign <= "ÿ":
        return sign
    base = unicodedata.normalize("NFKD", sign).encode("ascii", "ignore").decode()
    return base if base.isalnum() else "?"


class Letters:
    """Names in a table as pdfLaTeX can set them, different ones different.

    Its fonts have no Chinese, Cyrillic and so on. Where a name loses letters, the source tells it
    as written, and a note says so.
    """

    def __init__(self, table: Table) -> None:
        rows = [row for block in table.blocks for row in block.rows]
        texts = [block.title for block in table.blocks]
        texts += [text for row in rows for text in row.side]
        texts += [text for column in table.columns for text in column.groups]
        self._names: dict[str, str] = {}
        self._lossy: list[str] = []
        taken: Counter[str] = Counter()
        for text in dict.fromkeys(texts):
            shown = escape(text)
            taken[shown] += 1
            if any(sign not in _SPECIAL and _escaped(sign) == "?" != sign for sign in text):
                self._lossy.append(text)
                shown += f" ({taken[shown]})" if taken[shown] > 1 else ""
            self._names[text] = shown

    def name(self, text: str) -> str:
        """Return a name in LaTeX."""
        return self._names[text] if text else ""

    def comments(self) -> Iterator[str]:
        """Yield lines for the source that tell names as written."""
        for text in self._lossy:
            yield f"% {self._names[text]}: {' '.join(text.split())}"

    def notes(self) -> list[Note]:
        """Return a note where letters were lost."""
        if not self._lossy:
            return []
        told = "? stands for letters that the fonts of pdfLaTeX lack; the names as written are in "
        return [Note("", told + "comments above this table in its source, and in table.md")]


def _environment(table: Table) -> Iterator[str]:
    columns = table.columns
    letters = Letters(table)
    yield f"% {table.name}: copy from here"
    yield from letters.comments()
    yield r"\begin{table}[htbp]"
    yield rf"\centering{size(table)}"
    yield rf"\caption{{{escape(table.title.capitalize())}. Best in bold, second underlined.}}"
    side = len(table.side)
    yield rf"\begin{{tabular}}{{{'l' * side}{'r' * len(columns)}}}"
    yield r"\toprule"
    for level in range(levels(columns)):
        yield from _groups(columns, level, side, letters)
    heads = [f"{column.title} {column.arrow}" for column in columns]
    yield _line(map(escape, [*table.side, *heads]))
    if any(column.unit for column in columns):
        yield _line([*([""] * side), *(_unit(column) for column in columns)])
    for block in table.blocks:
        yield r"\midrule"
        yield from _block(block, table, letters)
    yield r"\bottomrule"
    yield r"\end{tabular}"
    yield from _notes([*table.notes, *letters.notes()])
    yield r"\end{table}"


def _groups(columns: Sequence[Column], level: int, side: int, letters: Letters) -> Iterator[str]:
    """Yield the heads of a level, and a rule below each."""
    cells, rules, first = [""] * side, [], side + 1
    for text, covered in spans(columns, level):
        cells.append(rf"\multicolumn{{{covered}}}{{c}}{{{letters.name(text)}}}")
        rules.append(rf"\cmidrule(lr){{{first}-{first + covered - 1}}}")
        first += covered
    yield _line(cells)
    yield "".join(rules)


def _block(block: Block, table: Table, letters: Letters) -> Iterator[str]:
    if block.title:
        width = len(table.side) + len(table.columns)
        yield rf"\multicolumn{{{width}}}{{l}}{{\emph{{{letters.name(block.title)}}}}} \\"
    before: tuple[str, ...] = ()
    for row in block.rows:
        side = [letters.name(text) for text in sides_shown(before, row.side)]
        side[0] = r"\quad " + side[0] if block.title else side[0]
        side[-1] += _marks(row.marks)
        yield _line([*side, *(_cell(row.cells[column.name]) for column in table.columns)])
        before = row.side


def _cell(cell: Cell) -> str:
    # In maths a minus is a minus and not a hyphen.
    text = escape(DASH) if cell.value is None else cell.text.replace("-", "$-$")
    if cell.rank == 1:
        text = rf"\textbf{{{text}}}"
    elif cell.rank == 2:
        text = rf"\underline{{{text}}}"
    # Marks take no width, so that the digits of a column stay under each other.
    return text + (rf"\rlap{{{_marks(cell.marks)}}}" if cell.marks else "")


def _unit(column: Column) -> str:
    return rf"\footnotesize [{escape(column.unit)}]" if column.unit else ""


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
