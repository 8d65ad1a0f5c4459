from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tgbench.reports.html.cases import case_groups, page_entries
from tgbench.reports.tables.building import build_tables
from tgbench.results import MeasuredCase
from tgbench.running.result import Result

MakeResult = Callable[..., Result]


def at(name: str, result: Result) -> MeasuredCase:
    return MeasuredCase(result, Path(name))


def test_results_of_one_clip_and_sound_stand_side_by_side(make_result: MakeResult) -> None:
    entries = page_entries(
        [
            at("1", make_result("b", psnr=1.0)),
            at("2", make_result("a", psnr=1.0)),
            at("3", make_result("a", identity="other", psnr=1.0)),
            at("4", make_result("a", protocol="lipsync", driver="speech")),
        ]
    )
    cases = case_groups(entries)
    told = [(case.protocol, case.title, [entry.label for entry in case.entries]) for case in cases]
    assert told == [
        ("lipsync", "synth-a · speech", ["a"]),
        ("self reconstruction", "other", ["a"]),
        ("self reconstruction", "synth-a", ["a", "b"]),
    ]
    assert [entry.folder for entry in cases[2].entries] == [Path("2"), Path("1")]


def test_a_folder_below_the_working_folder_is_told_from_there(
    make_result: MakeResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    inside, outside = page_entries(
        [
            MeasuredCase(make_result("a"), tmp_path / "out" / "a"),
            MeasuredCase(make_result("b"), tmp_path.parent / "b"),
        ]
    )
    assert inside.place == str(Path("out") / "a")
    assert outside.place == str(tmp_path.parent / "b")


def test_clips_of_one_name_and_other_files_are_not_compared(make_result: MakeResult) -> None:
    entries = page_entries(
        [
            at("1", make_result("a", identity_sha="1" * 64)),
            at("2", make_result("b", identity_sha="2" * 64)),
        ]
    )
    titles = [case.title for case in case_groups(entries)]
    assert titles == [
        "synth-a (files 111111)",
        "synth-a (files 222222)",
    ]


def test_seeds_have_labels_and_of_equal_experiments_the_latest_is_shown(
    make_result: MakeResult,
) -> None:
    entries = page_entries(
        [
            at("1", make_result("a", seed=1)),
            at("2", make_result("a", seed=2, created="2025-02-01T00:00:00+00:00")),
            at("3", make_result("a", seed=2, created="2025-01-01T00:00:00+00:00")),
        ]
    )
    assert [entry.label for entry in entries] == ["a, seed 1", "a, seed 2", "a, seed 2"]
    assert [entry.superseded for entry in entries] == [False, False, True]
    (case,) = case_groups(entries)
    assert [entry.folder for entry in case.entries] == [Path("1"), Path("2")]


def test_titles_are_those_of_the_table_of_the_protocol(make_result: MakeResult) -> None:
    results = [
        make_result("a", identity_sha="1" * 64, size=64, psnr=1.0),
        make_result("a", identity_sha="2" * 64, size=128, protocol="lipsync", driver="b", fps=1.0),
    ]
    groups = case_groups(page_entries([at(str(k), one) for k, one in enumerate(results)]))
    blocks = {table.title: table.blocks[0].title for table in build_tables(results)}
    assert {group.protocol: group.title for group in groups} == blocks
    assert set(blocks.values()) == {"synth-a", "synth-a · b"}
