"""Tables of any size stay within a page of a paper with two columns."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tgbench.reports.renderers import TableReport
from tgbench.reports.renderers.latex import render_latex
from tgbench.reports.renderers.report import LatexWidth
from tgbench.reports.tables.cells import Block, Cell, Column, Note, Row, Status, Table
from tgbench.specs import Direction
from tgbench.statistics import Interval

from .pdflatex import compile_latex

CLASSES = {
    "article": r"\documentclass[twocolumn]{article}",
    # The widths of IEEEtran and of cvpr.sty, which a plain TeX installation lacks.
    "ieee": r"\documentclass[twocolumn]{article}\setlength{\textwidth}{516pt}"
    r"\setlength{\columnsep}{12pt}\setlength{\columnwidth}{252pt}\setlength{\oddsidemargin}{-20pt}",
    "cvpr": r"\documentclass[10pt,twocolumn,letterpaper]{article}\setlength{\textwidth}{6.875in}"
    r"\setlength{\columnsep}{0.3125in}\setlength{\textheight}{8.875in}\setlength{\topmargin}{-0.5in}"
    r"\setlength{\oddsidemargin}{-0.1875in}",
}

words = st.text("abcdefgh_-/.=%XYZ", min_size=1, max_size=70)
names = st.lists(words, min_size=1, max_size=4).map(" ".join)
numbers = st.floats(-1e6, 1e6)
cells = st.builds(
    Cell,
    st.none() | numbers,
    st.sampled_from([Status.MEASURED, Status.PUBLISHED]),
    spread=st.none() | st.floats(0, 1e3),
    interval=st.none() | st.builds(Interval, numbers, numbers, st.just(0.95), st.just("")),
    rank=st.none() | st.integers(1, 3),
    marks=st.lists(st.sampled_from(["a", "b", "aa", "†"]), max_size=3, unique=True).map(tuple),
)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    levels = draw(st.integers(0, 2))
    heads = st.tuples(*[names] * levels)
    columns = [
        Column(f"m{n}", draw(names), draw(st.sampled_from(["", "dB"])), Direction.LOWER, 2, head)
        for n, head in enumerate(draw(st.lists(heads, min_size=1, max_size=18)))
    ]
    # Few cells, used again and again: what they hold is varied enough, and drawn quickly.
    found = draw(st.lists(cells, min_size=1, max_size=5))
    sides = draw(st.integers(1, 3))

    def row(number: int, label: str) -> Row:
        shown = {c.name: found[(number * 7 + k) % len(found)] for k, c in enumerate(columns)}
        parts = (label, *[f"part {n}" for n in range(1, sides)])
        return Row(label, shown, marks=("a",), heads=parts if sides > 1 else ())

    labels = draw(st.lists(names, min_size=1, max_size=6))
    rows = draw(st.integers(1, 90))
    blocks = tuple(
        Block(title, tuple(row(n, labels[n % len(labels)]) for n in range(rows)))
        for title in draw(st.lists(names, min_size=1, max_size=3))
    )
    notes = [
        Note("a", draw(names)),
        *(Note("", text) for text in draw(st.lists(names, max_size=60))),
    ]
    notes.append(Note("", draw(names), in_caption=True))
    return Table(draw(words), draw(names), tuple(columns), blocks, tuple(notes), ("Field",) * sides)


def environments(source: str) -> str:
    """Return what stands between the lines that a reader leaves out."""
    return source.partition(r"\begin{document}")[2].partition(r"\end{document}")[0]


def overflows(source: str, head: str, folder: Path) -> list[str]:
    """Return what a log says about boxes and pages that are too small."""
    body = environments(source)
    packages = r"\usepackage[T1]{fontenc}\usepackage[utf8]{inputenc}\usepackage{booktabs,graphicx}"
    paper = folder / "paper.tex"
    paper.write_text(rf"{head}{packages}\begin{{document}}{body}\end{{document}}", encoding="utf-8")
    compile_latex(paper)
    log = paper.with_suffix(".log").read_text(errors="replace")
    return re.findall(r"Overfull.*|Float too large.*|.*multiply defined.*", log)


with_pdflatex = pytest.mark.skipif(
    shutil.which("pdflatex") is None, reason="pdflatex is not installed"
)
each_class = pytest.mark.parametrize("head", CLASSES.values(), ids=CLASSES.keys())
documents = given(
    found=st.lists(tables(), min_size=2, max_size=5), width=st.sampled_from(get_args(LatexWidth))
)
unhurried = settings(
    deadline=None,
    # A failing document is small enough to read; making it smaller would take minutes.
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@with_pdflatex
@each_class
@settings(unhurried, max_examples=2)
@documents
def test_nothing_runs_off_a_page(
    head: str, tmp_path: Path, found: Sequence[Table], width: LatexWidth
) -> None:
    source = render_latex(TableReport(found, latex_width=width))
    assert overflows(source, head, tmp_path) == []


@pytest.mark.slow
@with_pdflatex
@each_class
@settings(unhurried, max_examples=20)
@documents
def test_nothing_of_many_tables_runs_off_a_page(
    head: str, tmp_path: Path, found: Sequence[Table], width: LatexWidth
) -> None:
    source = render_latex(TableReport(found, latex_width=width))
    assert overflows(source, head, tmp_path) == []


@with_pdflatex
def test_what_runs_off_a_page_would_be_found_out(tmp_path: Path) -> None:
    head = CLASSES["article"]
    wide = r"\begin{document}\begin{table}\noindent\rule{300pt}{1pt}\end{table}\end{document}"
    assert overflows(wide, head, tmp_path)
    high = r"\begin{document}\begin{table}\noindent\rule{1pt}{900pt}\end{table}\end{document}"
    assert overflows(high, head, tmp_path)
