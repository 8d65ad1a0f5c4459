"""No text of a result gives LaTeX an order, whichever field it stands in."""

from __future__ import annotations

import ast
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tgbench.reports import renderers
from tgbench.reports.renderers import TableReport
from tgbench.reports.renderers.latex import render_latex
from tgbench.reports.renderers.latex_text import comment, escape, maths, tex
from tgbench.reports.tables.building import Extras, build_tables
from tgbench.reports.tables.shapes import PLAIN, Shape
from tgbench.running.result import Result

from .hostile import ENDS, hostile_results
from .pdflatex import compile_latex

MakeResult = Callable[..., Result]

SECRET = "secret"
ORDERS = rf"\input{{{SECRET}}}\input|{SECRET} \immediate\write18{{touch here}}\iffalse{{$"
SHAPES = (
    PLAIN,
    Shape(rows=("method", "config.setting", "preset"), columns=("identity", "driver")),
    Shape(rows=("identity", "protocol"), columns=("method", "seed")),
)

with_pdflatex = pytest.mark.skipif(
    shutil.which("pdflatex") is None, reason="pdflatex is not installed"
)


@with_pdflatex
def test_no_field_brings_a_file_into_the_document(make_result: MakeResult, tmp_path: Path) -> None:
    results = hostile_results(make_result, ORDERS)
    tables = [
        table
        for shape in SHAPES
        for table in build_tables(results, shape=shape, extras=Extras(published=True))
    ]
    assert read_when_compiled(render_latex(TableReport(tables)), tmp_path) == set()
    assert not (tmp_path / "here").exists()


@with_pdflatex
@pytest.mark.parametrize("end", ["\n", "\r", "}\\"])
def test_a_text_that_is_not_escaped_would_be_found_out(end: str, tmp_path: Path) -> None:
    body = f"% name: {end}" if end.isspace() else r"\emph{}"
    source = rf"\documentclass{{article}}\begin{{document}}{body}\input{{{SECRET}}}\end{{document}}"
    assert read_when_compiled(source, tmp_path) == {SECRET}


def read_when_compiled(source: str, folder: Path) -> set[str]:
    """Return which of the files in a folder a document reads."""
    (folder / f"{SECRET}.tex").write_text("what nobody may read")
    (folder / SECRET).write_text("what nobody may read")
    # As bytes: TeX takes a carriage return for the end of a line.
    (folder / "table.tex").write_bytes(source.encode())
    compile_latex(folder / "table.tex", "-no-shell-escape", "-recorder")
    lines = (folder / "table.fls").read_text().splitlines()
    read = (Path(line.removeprefix("INPUT ")) for line in lines if line.startswith("INPUT "))
    return {path.stem for path in read if path.stem == SECRET}


@pytest.mark.parametrize("end", ENDS)
def test_a_comment_is_one_line_that_begins_with_our_words(end: str) -> None:
    source = comment("name", f"{end}!TEX program = sh{end}").source
    assert source.startswith("% name: ")
    assert source.isprintable()
    assert len(source.encode().splitlines()) == 1


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("made", [escape, maths])
def test_what_is_escaped_holds_no_order_but_ours(end: str, made: Callable[[str], object]) -> None:
    source = made(rf"{end}\input{{x}}{end}").source  # type: ignore[attr-defined]
    assert r"\input" not in source
    assert source.isprintable()


def test_a_template_takes_as_many_parts_as_it_has_holes() -> None:
    assert tex(r"\a{<>}[<>]", escape("<>"), 3).source == r"\a{\textless{}\textgreater{}}[3]"
    with pytest.raises(ValueError, match="argument"):
        tex("<>", escape("a"), escape("b"))


def test_templates_stand_in_the_code_as_they_are() -> None:
    """So no text of a result can be one: that is what keeps fields out of the source."""
    folder = Path(renderers.__file__).parent
    calls = [(path.name, call) for path in folder.glob("*.py") for call in calls_in(path)]
    assert {name for name, _ in calls} >= {"latex.py", "latex_text.py"}
    for name, call in calls:
        called = call.func.id  # type: ignore[attr-defined]
        if called == "Tex":
            assert name == "latex_text.py"
        elif called in ("tex", "comment"):
            assert isinstance(call.args[0], ast.Constant), f"{name}:{call.lineno}"
        else:
            assert all(isinstance(between, ast.Constant) for between in call.args[1:])


def calls_in(path: Path) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        known = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        if known and node.func.id in ("Tex", "tex", "comment", "joined"):
            yield node
