"""Tables in LaTeX that compile as they are and can be copied into a paper."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

from tgbench.version import __version__

from .cells import DASH, Block, Cell, Column, Table

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
}


def render_latex(tables: Sequence[Table]) -> str:
    """Return a document with one `table` environment for each table.

    It needs booktabs and nothing else that a LaTeX installation lacks. Each environment stands
    on its own: copy it into a paper that loads booktabs.
    """
    parts = [f"% made by tgbench {__version__}\n", _PREAMBLE]
    parts += ["\n".join(_environment(table)) + "\n" for table in tables]
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


def _environment(table: Table) -> Iterator[str]:
    columns = table.columns
    yield f"% {table.name}: copy from here"
    yield r"\begin{table}[htbp]"
    yield r"\centering\small\setlength{\tabcolsep}{5pt}"
    yield rf"\caption{{{escape(table.title.capitalize())}. Best in bold, second underlined.}}"
    yield rf"\begin{{tabular}}{{l{'r' * len(columns)}}}"
    yield r"\toprule"
    yield _line(["Method", *(escape(f"{column.title} {column.arrow}") for column in columns)])
    if any(column.unit for column in columns):
        yield _line(["", *(_unit(column) for column in columns)])
    for block in table.blocks:
        yield r"\midrule"
        yield from _block(block, columns)
    yield r"\bottomrule"
    yield r"\end{tabular}"
    yield from _notes(table)
    yield r"\end{table}"


def _block(block: Block, columns: Sequence[Column]) -> Iterator[str]:
    yield rf"\multicolumn{{{len(columns) + 1}}}{{l}}{{\emph{{{escape(block.title)}}}}} \\"
    for row in block.rows:
        label = r"\quad " + escape(row.label) + _marks(row.marks)
        yield _line([label, *(_cell(row.cells[column.name]) for column in columns)])


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
    return rf"\textsuperscript{{{','.join(marks)}}}" if marks else ""


def _line(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"


def _notes(table: Table) -> Iterator[str]:
    if not table.notes:
        return
    yield r"\par\smallskip\begin{minipage}{0.95\linewidth}\footnotesize\raggedright"
    for note in table.notes:
        mark = rf"\textsuperscript{{{note.mark}}}~" if note.mark else ""
        yield f"{mark}{escape(note.text)}\\par"
    yield r"\end{minipage}"
