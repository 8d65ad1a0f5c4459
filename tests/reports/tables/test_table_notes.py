from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tgbench.reports.renderers import TableReport
from tgbench.reports.renderers.latex import render_latex
from tgbench.reports.renderers.markdown import render_markdown
from tgbench.reports.tables.building import Extras, build_tables
from tgbench.reports.tables.cells import Table
from tgbench.reports.tables.footnotes import first_clause
from tgbench.reports.tables.shapes import Shape
from tgbench.reports.tables.table_notes import ALIKE, INTERVALS, NO_INTERVALS, REMEDY, UNTESTED
from tgbench.running.result import Result

from ..conftest import printed, with_interval, with_series

MakeResult = Callable[..., Result]


def told(table: Table) -> list[str]:
    return [note.text for note in table.notes]


@pytest.mark.parametrize(
    ("reason", "short"),
    [
        (
            "net.pth (a, b: the net) is not in the store (/x (y)/z): fetch it",
            "net.pth is not in the store",
        ),
        ("weights are missing", "weights are missing"),
        ("needs a tool, which is not there (Tool): get it", "needs a tool, which is not there"),
        ("is not installed; pip install it", "is not installed"),
        ("; odd", "; odd"),
        ("word " * 50, "word " * 19 + "…"),
    ],
)
def test_reasons_are_told_by_their_first_clause(reason: str, short: str) -> None:
    assert first_clause(reason) == short


def test_what_is_cut_short_says_where_it_stands_in_full(make_result: MakeResult) -> None:
    results = [make_result(psnr=1.0, lpips="not there; get it", sync_c="nor this (x): get it")]
    (table,) = build_tables(results)
    assert "Not measured: LPIPS (not there)" in told(table)
    assert REMEDY in told(table)
    (table,) = build_tables(results, shape=Shape(("psnr",)))
    assert REMEDY not in told(table)


def test_a_metric_that_applies_to_no_row_has_its_reason(make_result: MakeResult) -> None:
    (table,) = build_tables([make_result("fixed", psnr=1.0, aue_u=0.1, upper_face=False)])
    assert "Not measured: AUE-U (the method does not move the upper face)" in told(table)


def test_dashes_without_a_letter_are_explained(make_result: MakeResult) -> None:
    results = [
        make_result("fixed", psnr=1.0, aue_u=0.1, upper_face=False),
        make_result("whole", psnr=2.0, aue_u=0.2, lmd=1.0),
    ]
    (table,) = build_tables(results)
    (note,) = [text for text in told(table) if "dash" in text]
    assert "the method does not move the upper face (AUE-U of fixed)" in note
    assert note.endswith("not requested, or not run")
    (table,) = build_tables(results, shape=Shape(("psnr",)))
    assert not any("dash" in text for text in told(table))


def test_brackets_are_explained_where_there_are_any(make_result: MakeResult) -> None:
    results = [make_result("a", psnr=with_interval(1.0, 0.5, 1.5))]
    (table,) = build_tables(results, extras=Extras(intervals=True))
    assert INTERVALS in told(table)
    (table,) = build_tables([make_result("a", psnr=1.0)], extras=Extras(intervals=True))
    assert INTERVALS not in told(table)
    assert NO_INTERVALS in told(table)


def test_what_no_mark_of_a_difference_means_is_told(make_result: MakeResult) -> None:
    frames = np.random.default_rng(0).normal(0.0, 1.0, 100)
    results = [make_result("a", psnr=0.0), make_result("b", psnr=0.1)]
    alike = with_series(results, {"a": frames, "b": frames + 0.0})
    (table,) = build_tables(alike, extras=Extras(significance=True))
    assert ALIKE in told(table)
    (table,) = build_tables(results, extras=Extras(significance=True))
    assert UNTESTED in told(table)
    assert not any(note.mark == "†" for note in table.notes)


def test_metrics_that_fit_no_column_make_no_table(make_result: MakeResult) -> None:
    (table,) = build_tables([make_result(psnr=1.0, lpips="gone")], shape=Shape(("lpips",)))
    assert (table.columns, table.blocks) == ((), ())
    for text in (
        printed(table),
        render_markdown(TableReport([table])),
        render_latex(TableReport([table])),
    ):
        assert "none of the metrics has a value in these results" in text
        assert "Not measured: LPIPS (gone)" in text
    assert "|" not in render_markdown(TableReport([table]))
    assert r"\begin{tabular}" not in render_latex(TableReport([table]))


def test_the_caption_tells_marks_that_are_there(make_result: MakeResult) -> None:
    assert "Best in bold" not in render_latex(TableReport(build_tables([make_result(psnr=1.0)])))
    both = build_tables([make_result("a", psnr=1.0), make_result("b", psnr=2.0)])
    assert "Best in bold, second underlined." in render_latex(TableReport(both))
    values = {"a": 2.0, "b": 2.0, "c": 1.0}
    tied = build_tables([make_result(name, psnr=value) for name, value in values.items()])
    assert "Best in bold.}" in render_latex(TableReport(tied))


def test_sizes_and_frames_are_told(make_result: MakeResult) -> None:
    results = [
        make_result(identity="may", protocol="lipsync", driver="other", size=256, fps=1.0),
        make_result(identity="obama", protocol="lipsync", driver="other", size=512, fps=1.0),
    ]
    (table,) = build_tables(results)
    assert "may · other: 256x256, 10 frames; obama · other: 512x512, 10 frames" in told(table)


def test_a_metric_against_the_truth_says_why_another_voice_has_none(
    make_result: MakeResult,
) -> None:
    results = [make_result(protocol="lipsync", driver="other", fps=20.0)]
    (table,) = build_tables(results, shape=Shape(("psnr", "fps")))
    assert any("PSNR (the protocol has no ground-truth frames" in text for text in told(table))
    (table,) = build_tables([make_result(fps=20.0)], shape=Shape(("psnr", "fps")))
    assert any("PSNR (not requested)" in text for text in told(table))
