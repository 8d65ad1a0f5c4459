"""No text of a result gives a spreadsheet, a browser, a Markdown viewer or a terminal an order."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from tgbench.progress import SILENT
from tgbench.reports.html import write_html
from tgbench.reports.renderers import TableReport
from tgbench.reports.renderers.markdown import render_markdown
from tgbench.reports.renderers.values import harmless, render_csv
from tgbench.reports.tables.building import build_tables
from tgbench.results import MeasuredCase
from tgbench.running.result import Result

from ..conftest import printed
from ..markup import Page
from .hostile import ENDS, hostile_results

MakeResult = Callable[..., Result]

ORDERS = (
    "<script>alert(1)</script><img src=x onerror=alert(1)>[a](http://b)![c](d)`e`\n"
    "# head\n\n- item\n\n<!--|~~f~~ https://g <h@i.j>\x9b31m"
)
FORMULAS = ("=1+1", "+1+1", "-1+cmd|'/C calc'!A0", "@SUM(1)", "\uff1d1+1")
STARTS = ("=", "+", "-", "@", "\t", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def test_markdown_shows_every_text_as_text(make_result: MakeResult) -> None:
    text = render_markdown(TableReport(build_tables(hostile_results(make_result, ORDERS))))
    parsed = MarkdownIt("gfm-like", {"linkify": False}).enable("table").parse(text)
    kinds = {token.type for token in tokens(parsed)}
    assert kinds.isdisjoint({"image", "link_open", "code_inline", "html_block", "s_open", "fence"})
    tags = {token.content for token in tokens(parsed) if token.type == "html_inline"}
    assert tags <= {"<u>", "</u>", "<sup>", "</sup>", "<br>"}
    assert text.replace("\n", "").isprintable()


def tokens(parsed: list[Token]) -> Iterator[Token]:
    for token in parsed:
        yield token
        yield from tokens(token.children or [])


def test_the_page_holds_no_element_of_a_text(make_result: MakeResult, tmp_path: Path) -> None:
    cases = [
        MeasuredCase(made, tmp_path) for made in hostile_results(make_result, ORDERS, ENDS[:4])
    ]
    write_html(cases, tmp_path / "page.html", SILENT, problems=[ORDERS])
    page = Page(tmp_path / "page.html")
    names = {name for _, about in page.elements for name in about}
    assert not [name for name in names if name.startswith("on") or name in ("style", "srcdoc")]
    assert not [tag for tag, _ in page.elements if tag in ("img", "iframe", "object", "embed")]
    assert [about for tag, about in page.elements if tag == "script" and "id" not in about] == [{}]


@pytest.mark.parametrize("end", ENDS)
def test_a_terminal_is_shown_nothing_that_steers_it(make_result: MakeResult, end: str) -> None:
    for table in build_tables(hostile_results(make_result, ORDERS, [end])):
        assert printed(table, 100).replace("\n", "").isprintable()


@pytest.mark.parametrize("parted", [",", ";", "\t"])
@pytest.mark.parametrize("before", ["", ";", "\n", "\r", "\t", "a;", "a\n", "a\t;"])
def test_no_cell_of_a_spreadsheet_is_a_formula(
    make_result: MakeResult, parted: str, before: str
) -> None:
    for formula in FORMULAS:
        text = render_csv(TableReport((), hostile_results(make_result, f"{formula};", [before])))
        for line in text.splitlines():
            # Whatever a program takes for the end of a cell, quoted or not.
            for cell in [*line.split(parted), *next(csv.reader(io.StringIO(line)), [])]:
                shown = cell.removeprefix('"')
                assert not shown.startswith(STARTS) or is_number(shown), shown


def is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def test_what_no_spreadsheet_runs_stays_as_it_is() -> None:
    for value in ("-3.5", "+1e5", "a=b", "fit again; --fresh", "речь 頭", 3.0, None):
        assert harmless(value) == value
