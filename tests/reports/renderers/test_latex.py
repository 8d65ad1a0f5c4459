from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tgbench.reports.renderers import TableReport
from tgbench.reports.renderers.latex import render_latex
from tgbench.reports.tables.building import Extras, build_tables
from tgbench.reports.tables.shapes import PLAIN, SHAPES, Shape
from tgbench.running.result import Result

from ..conftest import with_series
from .pdflatex import compile_latex

MakeResult = Callable[..., Result]

TABLE_2 = Shape(("sync_e", "sync_c"), columns=("driver", "identity"))


def test_groups_in_latex_have_rules_below_them(lipsync: list[Result]) -> None:
    text = render_latex(TableReport(build_tables(lipsync, shape=TABLE_2)))
    assert r" & \multicolumn{4}{c}{a} & \multicolumn{4}{c}{b} \\" in text
    assert r"\cmidrule(lr){2-5}\cmidrule(lr){6-9}" in text
    assert r"\cmidrule(lr){2-3}\cmidrule(lr){4-5}\cmidrule(lr){6-7}\cmidrule(lr){8-9}" in text


NAMES = (r"50%_$x$&{y}#~^\b<i>|", "речь", "頭", "голос", "--Łódź naïve")


def test_names_that_lose_letters_stay_apart_and_are_told(make_result: MakeResult) -> None:
    results = [make_result(name, psnr=1.0) for name in ("речь", "обра")]
    text = render_latex(TableReport(build_tables(results)))
    shown = re.findall(r"\\quad (\S+ ?\S*)\\textsuperscript", text)
    assert shown == ["????", "???? (2)"]
    assert {"% as written: ???? is обра", "% as written: ???? (2) is речь"} <= set(
        text.splitlines()
    )
    assert "letters that the fonts of pdfLaTeX lack" in text
    assert "lack" not in render_latex(TableReport(build_tables([make_result("plain_?", psnr=1.0)])))


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_every_shape_compiles(make_result: MakeResult, tmp_path: Path) -> None:
    values = {name: np.linspace(30, 31, 50) - k for k, name in enumerate(NAMES)}
    results = [
        make_result(
            name,
            protocol=protocol,
            identity=identity,
            driver=driver,
            psnr=30.0 - k,
            sync_c=5.0 + k,
            sync_e="no network" if k else 8.0,
            fps=float(k),
        )
        for k, name in enumerate(NAMES)
        for identity in NAMES[:3]
        for protocol, driver in (
            ("lipsync", NAMES[1]),
            ("cross_lingual", NAMES[1]),
            ("self_reconstruction", "self"),
        )
    ]
    cases = with_series(results, values)
    extras = Extras(significance=True, published=True)
    shapes = [
        PLAIN,
        *SHAPES.values(),
        Shape(rows=("protocol", "method"), columns=("identity",)),
        Shape(("sync_c", "sync_e"), rows=("identity", "method"), columns=("protocol", "driver")),
    ]
    tables = [
        table for shape in shapes for table in build_tables(cases, shape=shape, extras=extras)
    ]
    (tmp_path / "table.tex").write_text(render_latex(TableReport(tables)), encoding="utf-8")
    said = compile_latex(tmp_path / "table.tex")
    assert "Overfull" not in said
    assert "Float too large" not in said


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_an_environment_compiles_in_a_paper_with_other_fonts(
    make_result: MakeResult, tmp_path: Path
) -> None:
    signs = "".join(chr(code) for code in (*range(33, 127), *range(161, 256)))
    name = " ".join(signs[first : first + 10] for first in range(0, len(signs), 10))
    text = render_latex(TableReport(build_tables([make_result(name, psnr=1.0)])))
    found = re.search(r"\\begin\{table\}.*\\end\{table\}", text, re.DOTALL)
    assert found is not None
    paper = rf"\documentclass{{article}}\usepackage{{booktabs}}\begin{{document}}{found[0]}"
    (tmp_path / "paper.tex").write_text(paper + r"\end{document}", encoding="utf-8")
    compile_latex(tmp_path / "paper.tex")
