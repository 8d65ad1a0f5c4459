from __future__ import annotations

import csv
import io
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tgbench.reports.renderers import TableReport, latex_text, markdown
from tgbench.reports.renderers.latex import render_latex
from tgbench.reports.renderers.markdown import render_markdown
from tgbench.reports.renderers.values import FIELDS, render_csv
from tgbench.reports.tables.building import build_tables
from tgbench.running.result import Result

from ..conftest import printed
from .pdflatex import compile_latex

MakeResult = Callable[..., Result]

NASTY = r"50% of $x_1$ & {y} #2 ~ ^ \alpha <b> | `--fresh` 'q' " + '"q" Łódź речь 頭 naïve ±2 a–b'


@pytest.fixture
def results(make_result: MakeResult) -> list[Result]:
    torso = "head over true torso and plate"
    return [
        make_result("best_one", psnr=33.0, lmd=2.0, lip_lag=-40.0, fps=20.0, lpips=NASTY),
        make_result("second", mode=torso, psnr=32.0, lmd=2.5, lip_lag=0.0, notes=(NASTY,)),
        make_result("third", psnr=31.0, lmd=2.7, lip_lag=40.0, sync_c="no network", lpips=0.1),
        make_result(
            "lips", identity="data [x]*", psnr=31.0, whole_image=False, lmd=4.0, leaked=("a", "b")
        ),
        make_result("best_one", protocol="lipsync", driver="речь_1", lip_agreement=0.2),
    ]


def test_latex_marks_best_second_dash_and_notes(results: list[Result]) -> None:
    tables = build_tables(results)
    text = render_latex(TableReport(tables))
    assert text.count(r"\begin{table}") == 2
    assert r"PSNR $\uparrow$" in text
    assert r"LMD $\downarrow$" in text
    (row,) = [
        line for line in text.splitlines() if line.startswith(r"\quad best\_one") and "33" in line
    ]
    assert r"\textbf{33.00}" in row
    assert r"\textbf{2.000}" in row
    assert "$-$40" in row
    row = next(line for line in text.splitlines() if line.startswith(r"\quad second"))
    assert r"\underline{2.500}" in row
    (row,) = [
        line for line in text.splitlines() if line.startswith(r"\quad lips") and "4.000" in line
    ]
    (place,) = [
        place
        for table in tables
        for place, column in enumerate(table.columns, start=1)
        if column.name == "lpips"
    ]
    assert row.split("&")[place].strip().startswith(r"--\hphantom"), "others have a letter"
    assert r"Not measured: Sync-C (no network)" in text


def test_every_row_has_as_many_cells_as_the_head(results: list[Result]) -> None:
    for table in build_tables(results):
        text = render_latex(TableReport([table]))
        body = text[text.index(r"\toprule") : text.index(r"\bottomrule")]
        for line in body.splitlines():
            if "&" in line:
                assert len(re.findall(r"(?<!\\)&", line)) == len(table.columns)


def test_latex_escapes_what_is_special() -> None:
    for text, source in (
        ("a_b & 5% $#{}", r"a\_b \& 5\% \$\#\{\}"),
        ("\\~^", r"\textbackslash{}\textasciitilde{}\textasciicircum{}"),
        ("--fresh a–b", "-{}-fresh a--b"),
        ("line\n\tbreak\x00", r"line break\textbackslash{}x00"),
        ("é Ł 頭", "é ? ?"),
    ):
        assert latex_text.escape(text).source == source


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_latex_compiles(results: list[Result], tmp_path: Path) -> None:
    (tmp_path / "table.tex").write_text(
        render_latex(TableReport(build_tables(results))), encoding="utf-8"
    )
    said = compile_latex(tmp_path / "table.tex")
    assert (tmp_path / "table.pdf").is_file()
    assert "Overfull" not in said


def test_markdown_has_one_line_a_row_and_escapes_pipes(results: list[Result]) -> None:
    text = render_markdown(TableReport(build_tables(results)))
    widths = {
        len(re.findall(r"(?<!\\)\|", line))
        for line in text.split("##")[2].splitlines()
        if line.startswith("|")
    }
    assert len(widths) == 1
    assert "| best\\_one<sup>" in text
    assert "**33.00**" in text
    assert "<u>2.500</u>" in text
    assert "*data \\[x\\]\\**" in text
    assert markdown.escape("a|b\nc") == "a\\|b c"
    assert markdown.escape("&lt;$x$\x1b\u202e") == r"&amp;lt;\$x\$\\x1b\\u202e"


def test_terminal_shows_the_words_as_they_are(results: list[Result]) -> None:
    text = "\n".join(printed(table) for table in build_tables(results))
    assert "data [x]*" in text
    assert "best_one" in text
    assert "33.00" in text
    assert "PSNR ↑" in text
    assert NASTY in " ".join(text.split())


def test_csv_has_every_value_unrounded(make_result: MakeResult) -> None:
    found = [make_result("a", psnr=1 / 3, lpips='missing, "really"'), make_result("b", lmd=2.0)]
    rows = list(csv.DictReader(io.StringIO(render_csv(TableReport((), found)))))
    assert tuple(rows[0]) == FIELDS
    assert [(row["method"], row["metric"]) for row in rows] == [
        ("a", "psnr"),
        ("a", "lpips"),
        ("b", "lmd"),
    ]
    assert float(rows[0]["value"]) == 1 / 3
    assert rows[1]["value"] == ""
    assert rows[1]["reason"] == 'missing, "really"'
