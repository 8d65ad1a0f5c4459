from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from tgbench.comparability import case_facts, value_facts, why_not_comparable
from tgbench.metrics.speed.clock import SHARED
from tgbench.reports.renderers import TableReport
from tgbench.reports.renderers.latex import render_latex
from tgbench.reports.tables.building import build_tables
from tgbench.reports.tables.cells import Cell, Column, Row, Status
from tgbench.reports.tables.footnotes import NO_BETTER_THAN_CHANCE, UNHEARD, without_notes
from tgbench.reports.tables.ranking import ranked
from tgbench.running.result import MetricRecord, Result
from tgbench.specs import Direction

from .helpers import by_chance, cell, record

MakeResult = Callable[..., Result]


def test_best_second_and_direction(make_result: MakeResult) -> None:
    results = [
        make_result(name, psnr=psnr, lmd=lmd, lip_lag=lag)
        for name, psnr, lmd, lag in (
            ("a", 30.0, 2.0, 40.0),
            ("b", 33.0, 1.0, 0.0),
            ("c", 31.0, 3.0, 80.0),
        )
    ]
    (table,) = build_tables(results)
    assert [cell(table, name, "psnr").rank for name in "abc"] == [3, 1, 2]
    assert [cell(table, name, "lmd").rank for name in "abc"] == [2, 1, 3]
    assert [cell(table, name, "lip_lag").rank for name in "abc"] == [None] * 3


def test_of_ratios_that_is_best_which_is_the_fewest_octaves_from_one(
    make_result: MakeResult,
) -> None:
    ratios = {"a": 0.5, "b": 1.8, "c": 0.0, "d": 1.0}
    (table,) = build_tables([make_result(name, mouth_gain=value) for name, value in ratios.items()])
    assert [cell(table, name, "mouth_gain").rank for name in "abcd"] == [3, 2, 4, 1]


def test_values_that_print_alike_share_a_rank(make_result: MakeResult) -> None:
    psnr = {"a": 30.001, "b": 30.004, "c": 29.0}
    (table,) = build_tables([make_result(name, psnr=value) for name, value in psnr.items()])
    assert [cell(table, name, "psnr").rank for name in "abc"] == [1, 1, 3]


def test_what_few_frames_scored_does_not_rank_with_what_all_did(make_result: MakeResult) -> None:
    """A method whose worst frames show no face must not win by them."""

    def over(scored: int, value: float, total: int = 10) -> MetricRecord:
        return MetricRecord(
            value=value, status="measured", scored=scored, total=total, direction="lower"
        )

    lmd = {"a": over(4, 1.0), "b": over(10, 2.0), "c": over(29, 1.5, 30), "d": over(8, 0.5)}
    (table,) = build_tables([make_result(name, lmd=record) for name, record in lmd.items()])
    assert [cell(table, name, "lmd").rank for name in "abcd"] == [None, 2, 1, None]
    told = [note.text for note in table.notes]
    assert "scored on 4 of 10 frames; ranked only with values of as few frames" in told
    assert "scored on 29 of 30 frames" in told


def test_what_does_not_compete_is_of_another_kind_even_where_nothing_is_ranked(
    make_result: MakeResult,
) -> None:
    few = MetricRecord(value=1.0, status="measured", scored=4, total=10, direction="lower")
    whole = MetricRecord(value=2.0, status="measured", scored=9, total=9, direction="lower")
    (table,) = build_tables([make_result("a", lmd=few), make_result("b", lmd=whole)])
    assert [cell(table, name, "lmd").rank for name in "ab"] == [None, None]
    assert {cell(table, name, "lmd").kind for name in "ab"} == {0, 1}
    measured = [
        make_result("a", mode="pasted", psnr=40.0, lmd=1.0),
        make_result("b", psnr=30.0, lmd=2.0),
        make_result("c", psnr=29.0, lmd="no face"),
    ]
    (table,) = build_tables(measured)
    assert [cell(table, name, "psnr").kind for name in "abc"] == [1, 0, 0], "most are of kind 0"
    assert [cell(table, name, "lmd").kind for name in "abc"] == [0, 0, 0]


def test_a_single_row_has_no_rank(make_result: MakeResult) -> None:
    (table,) = build_tables([make_result(psnr=30.0)])
    assert cell(table, "ours", "psnr").rank is None


def test_image_metrics_never_rank_across_composite_modes(make_result: MakeResult) -> None:
    torso = "head over true torso and plate"
    results = [
        make_result("a", mode=torso, psnr=35.0, lmd=2.0),
        make_result("b", mode=torso, psnr=34.0, lmd=3.0),
        make_result("c", mode="full frame", psnr=40.0, lmd=1.0),
    ]
    (table,) = build_tables(results)
    assert [cell(table, name, "psnr").rank for name in "abc"] == [1, 2, None]
    assert [cell(table, name, "lmd").rank for name in "abc"] == [2, 3, 1]
    (note,) = [note for note in table.notes if note.in_caption]
    assert note.text == (
        "PSNR: ranked within each composite mode (head over true torso and plate: a, b; "
        "full frame: c)"
    )
    assert f"{note.text}." in render_latex(TableReport([table])).replace(r"\allowbreak{}", "")
    (alone,) = build_tables(results[:2])
    assert not [note for note in alone.notes if note.in_caption], "there all are ranked together"


def test_a_caption_says_what_else_keeps_ranks_apart(make_result: MakeResult) -> None:
    results = [
        make_result("a", fps=10.0, lmd=record(2.0, "mesh")),
        make_result("b", fps=90.0, lmd=record(1.0, "fan"), cpu="a faster cpu"),
    ]
    (table,) = build_tables(results)
    assert [note.text for note in table.notes if note.in_caption] == [
        "LMD: ranked within each measurer",
        "FPS: ranked within each machine",
    ]


def test_ranks_never_cross_measurers_and_a_note_says_who_measured(make_result: MakeResult) -> None:
    results = [
        make_result("a", lmd=record(2.0, "mesh")),
        make_result("b", lmd=record(1.0, "fan")),
        make_result("c", lmd=record(3.0, "mesh")),
    ]
    (table,) = build_tables(results)
    assert [cell(table, name, "lmd").rank for name in "abc"] == [1, None, 2]
    told = {note.mark: note.text for note in table.notes}
    assert told[cell(table, "b", "lmd").marks[0]] == "measured by fan"


def test_speed_on_other_hardware_does_not_rank(make_result: MakeResult) -> None:
    results = [
        make_result("a", fps=10.0, psnr=1.0),
        make_result("b", fps=90.0, psnr=2.0, cpu="a faster cpu"),
    ]
    (table,) = build_tables(results)
    assert [cell(table, name, "fps").rank for name in "ab"] == [None, None]
    assert [cell(table, name, "psnr").rank for name in "ab"] == [2, 1]


def test_times_beside_other_jobs_do_not_rank_even_with_each_other(
    make_result: MakeResult,
) -> None:
    results = [make_result(name, fps=fps, psnr=fps) for name, fps in (("a", 10.0), ("b", 90.0))]
    for result in results:
        timed = result.metrics["fps"]
        result.metrics["fps"] = timed.model_copy(update={"measured_by": f"a clock; {SHARED}"})
    (table,) = build_tables(results)
    assert [cell(table, name, "fps").rank for name in "ab"] == [None, None]
    assert [cell(table, name, "psnr").rank for name in "ab"] == [2, 1]
    assert any("other jobs" in note.text for note in table.notes)
    sides = [case_facts(each) | value_facts(each.metrics["fps"]) for each in results]
    assert "other jobs" in why_not_comparable("fps", sides)


@given(
    st.lists(st.integers(-5, 5), min_size=2, max_size=9),
    st.sampled_from([Direction.HIGHER, Direction.LOWER]),
)
def test_ranks_are_one_more_than_the_number_of_better_values_unless_all_are_alike(
    values: list[int], direction: Direction
) -> None:
    column = Column("m", "m", "", direction, 0)
    rows = [
        Row(str(index), {"m": Cell(float(value), Status.MEASURED)})
        for index, value in enumerate(values)
    ]
    found = [row.cells["m"].rank for row in ranked(rows, [column])]
    better = (lambda a, b: a > b) if direction is Direction.HIGHER else (lambda a, b: a < b)
    if len(set(values)) == 1:
        assert set(found) == {None}
        return
    assert found == [1 + sum(better(other, value) for other in values) for value in values]
    assert 1 in found


def test_what_chance_would_give_is_told_and_has_no_rank(make_result: MakeResult) -> None:
    results = [
        make_result("lucky", lip_agreement=by_chance(0.5, 0.6)),
        make_result("good", lip_agreement=by_chance(0.4, 0.3)),
        make_result("best", lip_agreement=by_chance(0.7, 0.3)),
    ]
    (table,) = build_tables(results)
    told = {note.mark: note.text for note in table.notes}
    cells = {name: cell(table, name, "lip_agreement") for name in ("lucky", "good", "best")}
    assert [found.rank for found in cells.values()] == [None, 2, 1]
    assert [told[mark] for mark in cells["lucky"].marks] == [NO_BETTER_THAN_CHANCE]
    assert cells["best"].marks == ()


def test_lip_agreement_of_a_method_that_does_not_hear_is_marked_as_chance(
    make_result: MakeResult,
) -> None:
    def deaf(name: str, hears: bool | None) -> Result:
        made = make_result(name, lip_agreement=by_chance(0.6, 0.3), lmd=1.0)
        method = made.method.model_copy(update={"hears_audio": hears})
        return made.model_copy(update={"method": method})

    # Where a result does not say it, the plug-in does: `still` is one that does not hear.
    results = [
        deaf("says so", False),
        deaf("still", None),
        make_result("hears", lip_agreement=by_chance(0.5, 0.3), lmd=2.0),
        make_result("worse", lip_agreement=by_chance(0.4, 0.3), lmd=3.0),
    ]
    (table,) = build_tables(results)
    told = {note.mark: note.text for note in table.notes}
    for name in ("says so", "Still"):
        found = cell(table, name, "lip_agreement")
        assert found.value == 0.6
        assert (found.rank, [told[mark] for mark in found.marks]) == (None, [UNHEARD])
    assert [cell(table, name, "lip_agreement").rank for name in ("hears", "worse")] == [1, 2]
    assert cell(table, "says so", "lmd").marks == ()


def test_chance_is_marked_even_where_notes_are_left_out(make_result: MakeResult) -> None:
    made = make_result("still", lip_agreement=by_chance(0.6, 0.3), lmd="no face was found")
    (table,) = map(without_notes, build_tables([made, make_result("ours", lmd=1.0)]))
    (mark,) = cell(table, "Still", "lip_agreement").marks
    assert [note.text for note in table.notes if note.mark] == [UNHEARD]
    assert table.notes[0].mark == mark
