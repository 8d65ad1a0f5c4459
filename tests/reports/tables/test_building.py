from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgbench.reports.renderers.latex import render_latex
from tgbench.reports.renderers.markdown import render_markdown
from tgbench.reports.tables.building import build_tables
from tgbench.reports.tables.cells import DASH, Cell, Column, Row, Status, Table
from tgbench.reports.tables.notes import NO_BETTER_THAN_CHANCE
from tgbench.reports.tables.ranking import ranked
from tgbench.running.result import MetricRecord, Result
from tgbench.specs import Direction
from tgbench.statistics import mean_interval

from ..conftest import printed

MakeResult = Callable[..., Result]


def cell(table: Table, label: str, metric: str, block: int = 0) -> Cell:
    (row,) = [row for row in table.blocks[block].rows if row.label == label]
    return row.cells[metric]


def test_one_table_a_protocol_with_columns_in_the_fields_order(make_result: MakeResult) -> None:
    tables = build_tables(
        [
            make_result(protocol="self_reconstruction", lmd=2.0, fps=30.0, psnr=31.234),
            make_result(protocol="lipsync", driver="speech", lip_agreement=0.3),
        ]
    )
    assert [table.name for table in tables] == ["lipsync", "self_reconstruction"]
    assert [column.name for column in tables[1].columns] == ["psnr", "lmd", "fps"]
    assert [column.arrow for column in tables[1].columns] == ["↑", "↓", "↑"]
    assert [block.title for block in tables[0].blocks] == ["synth-a · speech"]
    assert [block.title for block in tables[1].blocks] == ["synth-a"]
    assert cell(tables[1], "ours", "psnr").text == "31.23"


def test_versions_of_a_protocol_are_not_mixed(make_result: MakeResult) -> None:
    tables = build_tables([make_result(psnr=1.0), make_result(version="2", psnr=2.0)])
    assert [table.title for table in tables] == [
        "self reconstruction (version 1)",
        "self reconstruction (version 2)",
    ]


def test_a_heading_keeps_the_letters_of_names(make_result: MakeResult) -> None:
    two = [make_result(protocol="my_ProtoCol", version=version, psnr=1.0) for version in "AB"]
    tables = build_tables(two)
    assert tables[1].heading == "My ProtoCol (version B)"
    for told in (render_markdown(tables), render_latex(tables), printed(tables[1])):
        assert "My ProtoCol (version B)" in told


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
    assert "scored on 4 of 10 frames; ranked only with values of as few" in told
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
    assert any("PSNR: ranked only among" in note.text for note in table.notes)


def record(value: float, measured_by: str, scored: int = 10, total: int = 10) -> MetricRecord:
    return MetricRecord(
        value=value,
        status="measured",
        scored=scored,
        total=total,
        direction="lower",
        measured_by=measured_by,
    )


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


def test_what_a_method_cannot_have_is_a_plain_dash(make_result: MakeResult) -> None:
    results = [
        make_result("lips-only", psnr=50.0, aue_u=0.1, whole_image=False, upper_face=False),
        make_result("whole", psnr=30.0, aue_u=0.5, training_time=2.0),
        make_result("fixed", psnr=20.0, training_time="the method is not trained", training=None),
    ]
    (table,) = build_tables(results)
    for label, metric in (
        ("lips-only", "psnr"),
        ("lips-only", "aue_u"),
        ("fixed", "training_time"),
    ):
        found = cell(table, label, metric)
        assert found.status is Status.NOT_APPLICABLE
        assert (found.text, found.marks, found.rank) == (DASH, (), None)
    assert [cell(table, name, "psnr").rank for name in ("whole", "fixed")] == [1, 2]


def test_what_was_not_measured_has_its_reason_below(make_result: MakeResult) -> None:
    results = [
        make_result("a", psnr=30.0, lpips="weights are missing", sync_c="no network"),
        make_result("b", psnr=31.0, lpips=0.1, sync_c="no network", sync_e="no network"),
        make_result("c", psnr=32.0),
    ]
    (table,) = build_tables(results)
    assert [column.name for column in table.columns] == ["psnr", "lpips"]
    told = {note.mark: note.text for note in table.notes if note.mark}
    missing = cell(table, "a", "lpips")
    assert missing.status is Status.UNAVAILABLE
    assert [told[mark] for mark in missing.marks] == ["weights are missing"]
    assert cell(table, "c", "lpips").status is Status.ABSENT
    assert "Not measured: Sync-C, Sync-E (no network)" in [note.text for note in table.notes]


def test_frames_that_could_not_be_scored_are_told(make_result: MakeResult) -> None:
    results = [make_result("a", lmd=record(2.0, "mesh", scored=8))]
    (table,) = build_tables(results)
    told = {note.mark: note.text for note in table.notes}
    (mark,) = cell(table, "a", "lmd").marks
    assert told[mark] == "scored on 8 of 10 frames; ranked only with values of as few"


def test_rows_tell_composite_mode_and_what_leaked_once_each(make_result: MakeResult) -> None:
    leaked = ("true pose", "true action units")
    results = [
        make_result("a", leaked=leaked, notes=("no teeth loss",), psnr=1.0),
        make_result("b", leaked=leaked, psnr=2.0),
    ]
    (table,) = build_tables(results)
    told = [note.text for note in table.notes]
    expected = "frames: full frame; given when rendering: true pose, true action units"
    assert told == [expected, "no teeth loss", "synth-a: 64x64, 10 frames"]
    assert [row.marks for row in table.blocks[0].rows] == [("a", "b"), ("a",)]


def test_configurations_of_one_method_are_told_apart(make_result: MakeResult) -> None:
    def labels(*results: Result) -> list[str]:
        (table,) = build_tables(results)
        return [row.label for row in table.blocks[0].rows]

    assert labels(make_result(psnr=1.0), make_result("other", psnr=1.0)) == ["other", "ours"]
    presets = [make_result(preset=p, config={"p": p}, psnr=1.0) for p in ("quick", "paper")]
    assert set(labels(*presets)) == {"ours (quick)", "ours (paper)"}
    seeds = [make_result(seed=seed, psnr=1.0) for seed in (0, 1)]
    assert labels(*seeds) == ["ours"]
    configs = [make_result(config={"rate": rate, "size": 3}, psnr=1.0) for rate in (1, 2)]
    assert set(labels(*configs)) == {"ours (rate=1)", "ours (rate=2)"}
    usual = {"motion": "moving", "sampling": True, "alpha": False}
    changes = ({}, {"motion": "still"}, {"sampling": False, "motion": "still"}, {"alpha": True})
    ablation = [make_result(config=usual | change, psnr=1.0) for change in (*changes, {"b": 1})]
    assert set(labels(*ablation)) == {
        "ours",
        "ours (motion=still)",
        "ours (motion=still, sampling=False)",
        "ours (alpha=True)",
        "ours (b=1)",
    }
    many = [make_result(config={str(k): k * n for k in range(9)}, psnr=1.0) for n in (1, 2)]
    found = labels(*many)
    assert len(set(found)) == 2
    assert all(len(label) == len("ours (123456)") for label in found)


def test_seeds_share_a_row_with_mean_and_standard_deviation(make_result: MakeResult) -> None:
    values = (30.0, 31.0, 35.0)
    results = [make_result(seed=n, psnr=v, lmd=1.0) for n, v in enumerate(values)]
    results[2] = make_result(seed=2, psnr=values[2], lmd="no face in any frame")
    (table,) = build_tables([*results, make_result("other", psnr=31.5)])
    psnr = cell(table, "ours", "psnr")
    assert psnr.value == pytest.approx(np.mean(values))
    assert psnr.text == f"{np.mean(values):.2f} ± {np.std(values, ddof=1):.2f}"
    assert (psnr.rank, cell(table, "other", "psnr").rank) == (1, 2)
    lmd = cell(table, "ours", "lmd")
    assert (lmd.value, lmd.reason) == (None, "measured with 2 of 3 seeds")
    assert any("seeds 0, 1, 2" in note.text for note in table.notes)


def test_a_mean_over_seeds_of_unlike_code_says_so(make_result: MakeResult) -> None:
    results = [make_result(seed=seed, psnr=30.0 + seed) for seed in (0, 1)]
    (table,) = build_tables(results)
    assert not any("unlike in" in note.text for note in table.notes)
    method = results[0].method.model_copy(update={"code_sha256": "c" * 64})
    (table,) = build_tables([results[0].model_copy(update={"method": method}), results[1]])
    told = "mean ± standard deviation over the seeds 0, 1 (unlike in the method's code)"
    assert told in [note.text for note in table.notes]


def test_the_latest_of_equal_experiments_is_shown_and_told(make_result: MakeResult) -> None:
    results = [
        make_result(psnr=2.0, created="2025-02-01T00:00:00+00:00"),
        make_result(psnr=1.0, created="2025-01-01T00:00:00+00:00", cpu="another"),
    ]
    (table,) = build_tables(results)
    assert cell(table, "ours", "psnr").value == 2.0
    told = {note.mark: note.text for note in table.notes}
    (row,) = table.blocks[0].rows
    assert told[row.marks[-1]] == (
        "measured 2 times (unlike in the machine); the latest, that of 2025-02-01T00:00:00+00:00, "
        "is shown"
    )


def test_identities_of_one_name_and_other_files_are_not_mixed(make_result: MakeResult) -> None:
    results = [make_result(identity_sha=sha * 64, psnr=1.0) for sha in "ab"]
    (table,) = build_tables(results)
    titles = [block.title for block in table.blocks]
    assert titles[:2] == ["synth-a (files aaaaaa)", "synth-a (files bbbbbb)"]


def test_identities_of_one_name_are_told_apart_by_their_size(make_result: MakeResult) -> None:
    results = [
        make_result(identity_sha=sha * 64, size=size, psnr=1.0)
        for sha, size in (("a", 64), ("b", 128))
    ]
    (table,) = build_tables(results)
    titles = [block.title for block in table.blocks]
    assert titles[:2] == ["synth-a (64x64)", "synth-a (128x128)"]
    (table,) = build_tables([*results, make_result(identity_sha="c" * 64, size=64, psnr=1.0)])
    assert table.blocks[0].title == "synth-a (files aaaaaa)"


def test_the_mean_needs_every_case(make_result: MakeResult) -> None:
    results = [
        make_result("a", identity="x", psnr=30.0, lmd=1.0),
        make_result("a", identity="y", psnr=32.0, lmd=2.0),
        make_result("b", identity="x", psnr=33.0, lmd=4.0),
    ]
    (table,) = build_tables(results)
    assert [block.title for block in table.blocks] == ["x", "y", "mean of 2 cases"]
    assert cell(table, "a", "psnr", block=2).value == 31.0
    assert cell(table, "a", "lmd", block=2).text == "1.500"
    assert cell(table, "a", "lmd", block=2).total == 20
    assert cell(table, "a", "psnr", block=2).rank is None
    missing = cell(table, "b", "psnr", block=2)
    assert missing.value is None
    told = {note.mark: note.text for note in table.notes}
    assert told[missing.marks[0]] == "measured in 1 of 2 cases"


def test_means_over_unlike_measurers_are_refused(make_result: MakeResult) -> None:
    results = [
        make_result("a", identity=name, lmd=record(1.0, by))
        for name, by in (("x", "p"), ("y", "q"))
    ]
    (table,) = build_tables(results)
    found = cell(table, "a", "lmd", block=2)
    assert found.value is None
    assert "not measured in the same way" in found.reason


def test_a_small_negative_value_is_no_minus_zero(make_result: MakeResult) -> None:
    (table,) = build_tables([make_result(lip_lag=-0.2)])
    assert cell(table, "ours", "lip_lag").text == "0"


def test_a_metric_whose_plugin_is_not_installed_is_shown_all_the_same(
    make_result: MakeResult,
) -> None:
    results = [make_result("a", novel=1.0), make_result("b", novel=2.0)]
    (table,) = build_tables(results)
    assert table.columns[0].title == "novel"
    assert [cell(table, name, "novel").rank for name in "ab"] == [2, 1]


@given(
    st.lists(st.integers(-5, 5), min_size=2, max_size=9),
    st.sampled_from([Direction.HIGHER, Direction.LOWER]),
)
def test_ranks_are_one_more_than_the_number_of_better_values_unless_all_are_alike(
    values: list[int], direction: Direction
) -> None:
    column = Column("m", "m", "", direction, 0)
    rows = [
        Row(str(index), {"m": Cell(float(value), "", Status.MEASURED)})
        for index, value in enumerate(values)
    ]
    found = [row.cells["m"].rank for row in ranked(rows, [column])]
    better = (lambda a, b: a > b) if direction is Direction.HIGHER else (lambda a, b: a < b)
    if len(set(values)) == 1:
        assert set(found) == {None}
        return
    assert found == [1 + sum(better(other, value) for other in values) for value in values]
    assert 1 in found


def frames_of(values: dict[str, list[float]]):
    """Reads single frames of `psnr` by identity and seed."""

    def read(result: Result, metric: str) -> np.ndarray | None:
        key = f"{result.identity.name}{result.seed}"
        return np.array(values[key]) if metric == "psnr" and key in values else None

    return read


def test_intervals_are_those_of_the_frames(make_result: MakeResult) -> None:
    values = list(np.random.default_rng(0).normal(30, 2, 100))
    results = [make_result(psnr=float(np.mean(values)), fps=50.0)]
    (table,) = build_tables(results, frames_of({"synth-a0": values}))
    interval = mean_interval([np.array(values)])
    text = f"{np.mean(values):.2f} [{interval.low:.2f}, {interval.high:.2f}]"
    assert cell(table, "ours", "psnr").text == text
    assert cell(table, "ours", "fps").text == "50.0"
    assert any("In brackets" in note.text for note in table.notes)
    (plain,) = build_tables(results)
    assert cell(plain, "ours", "psnr").text == f"{np.mean(values):.2f}"


def test_the_mean_of_cases_is_as_sure_as_its_clips(make_result: MakeResult) -> None:
    rng = np.random.default_rng(1)
    levels = {"x": 20, "y": 30, "z": 31}
    frames = {f"{name}0": list(rng.normal(level, 1, 50)) for name, level in levels.items()}
    results = [
        make_result(identity=name, psnr=float(np.mean(frames[f"{name}0"]))) for name in levels
    ]
    (table,) = build_tables(results, frames_of(frames))
    interval = mean_interval([np.array(clip) for clip in frames.values()])
    assert f"[{interval.low:.2f}, {interval.high:.2f}]" in cell(table, "ours", "psnr", 3).text
    (table,) = build_tables(results[:2], frames_of(frames))
    assert "[" in cell(table, "ours", "psnr").text
    assert "[" not in cell(table, "ours", "psnr", 2).text


def test_the_budget_of_training_is_told(make_result: MakeResult) -> None:
    made = make_result(psnr=30.0)
    timing = made.timing.model_copy(update={"training_iterations": {"face": 3600, "fusion": 200}})
    (table,) = build_tables([made.model_copy(update={"timing": timing})])
    assert "ours: preset quick (face 3,600, fusion 200 iterations)" in [
        note.text for note in table.notes
    ]


def by_chance(value: float, chance: float) -> MetricRecord:
    plain = record(value, "lips and sound")
    return plain.model_copy(update={"details": {"by_chance": chance}})


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


def test_means_say_how_much_of_them_is_chance(make_result: MakeResult) -> None:
    results = [
        make_result(name, identity=case, seed=seed, lip_agreement=by_chance(value + seed / 50, 0.3))
        for name, values in (("some", (0.29, 0.5)), ("all", (0.2, 0.1)), ("none", (0.5, 0.6)))
        for case, value in zip("xy", values, strict=True)
        for seed in (0, 1)
    ]
    (table,) = build_tables(results)
    told = {note.mark: note.text for note in table.notes}
    means = {name: cell(table, name, "lip_agreement", 2) for name in ("some", "all", "none")}
    texts = {name: [told[mark] for mark in mean.marks] for name, mean in means.items()}
    assert texts == {
        "some": [f"{NO_BETTER_THAN_CHANCE} (1 of 4)"],
        "all": [NO_BETTER_THAN_CHANCE],
        "none": [],
    }
    assert [mean.rank for mean in means.values()] == [2, None, 1]


def test_what_has_no_better_side_has_no_mean_over_cases(make_result: MakeResult) -> None:
    results = [
        make_result(identity=name, lip_lag=lag) for name, lag in (("x", -400.0), ("y", 240.0))
    ]
    (table,) = build_tables(results)
    assert cell(table, "ours", "lip_lag").value == -400.0
    mean = cell(table, "ours", "lip_lag", 2)
    assert mean.value is None
    assert "no better side" in mean.reason
