from __future__ import annotations

from collections.abc import Callable

from tgbench.reports.renderers import TableReport
from tgbench.reports.renderers.latex import render_latex
from tgbench.reports.renderers.markdown import render_markdown
from tgbench.reports.tables.building import build_tables
from tgbench.reports.tables.cells import DASH, Status
from tgbench.running.result import Result

from ..conftest import printed
from .helpers import cell, record, shown

MakeResult = Callable[..., Result]


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
    assert shown(tables[1], "ours", "psnr") == "31.23"


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
    for told in (
        render_markdown(TableReport(tables)),
        render_latex(TableReport(tables)),
        printed(tables[1]),
    ):
        assert "My ProtoCol (version B)" in told


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
        assert (shown(table, label, metric), found.marks, found.rank) == (DASH, (), None)
    assert [cell(table, name, "psnr").rank for name in ("whole", "fixed")] == [1, 2]


def test_a_training_time_that_is_lost_is_no_plain_dash(make_result: MakeResult) -> None:
    reason = "how long training took is lost"
    (table,) = build_tables(
        [
            make_result("whole", psnr=30.0, training_time=2.0),
            make_result("lost", psnr=20.0, training_time=reason, training=None),
        ]
    )
    (mark,) = cell(table, "lost", "training_time").marks
    assert reason in {note.mark: note.text for note in table.notes}[mark]


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
    assert told[mark] == "scored on 8 of 10 frames; ranked only with values of as few frames"


def test_rows_tell_composite_mode_and_what_leaked_once_each(make_result: MakeResult) -> None:
    leaked = ("true pose", "true action units")
    results = [
        make_result("a", leaked=leaked, notes=("no teeth loss",), psnr=1.0),
        make_result("b", leaked=leaked, psnr=2.0),
    ]
    (table,) = build_tables(results)
    told = [note.text for note in table.notes]
    expected = "frames: full frame; given when rendering: true head pose, true action units"
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
        "ours (motion=still, sampling=false)",
        "ours (alpha=true)",
        "ours (b=1)",
    }
    many = [make_result(config={str(k): k * n for k in range(9)}, psnr=1.0) for n in (1, 2)]
    found = labels(*many)
    assert len(set(found)) == 2
    assert all(len(label) == len("ours (123456)") for label in found)


def test_the_latest_of_equal_experiments_is_shown_and_told(make_result: MakeResult) -> None:
    results = [
        make_result(psnr=2.0, created="2025-02-01T00:00:00+00:00"),
        make_result(psnr=1.0, created="2025-01-01T00:00:00+00:00", cpu="another"),
    ]
    (table,) = build_tables(results)
    assert cell(table, "ours", "psnr").value == 2.0
    told = {note.mark: note.text for note in table.notes}
    (row,) = table.blocks[0].rows
    text = told[row.marks[-1]]
    assert "measured 2 times (different: the machine)" in text
    assert "2025-02-01T00:00:00+00:00" in text


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


def test_a_small_negative_value_is_no_minus_zero(make_result: MakeResult) -> None:
    (table,) = build_tables([make_result(lip_lag=-0.2)])
    assert shown(table, "ours", "lip_lag") == "0"


def test_a_metric_whose_plugin_is_not_installed_is_shown_all_the_same(
    make_result: MakeResult,
) -> None:
    results = [make_result("a", novel=1.0), make_result("b", novel=2.0)]
    (table,) = build_tables(results)
    assert table.columns[0].title == "novel"
    assert [cell(table, name, "novel").rank for name in "ab"] == [2, 1]


def test_the_budget_of_training_is_told(make_result: MakeResult) -> None:
    made = make_result(psnr=30.0)
    timing = made.timing.model_copy(update={"training_iterations": {"face": 3600, "fusion": 200}})
    (table,) = build_tables([made.model_copy(update={"timing": timing})])
    assert "ours: preset quick (face 3,600, fusion 200 iterations)" in [
        note.text for note in table.notes
    ]
