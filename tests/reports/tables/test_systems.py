"""Declared systems in tables: where they come from, and what their papers print."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.systems.somebody import Somebody, somebody_in
from tgbench.reports.tables.building import Extras, build_tables
from tgbench.reports.tables.cells import Status, Table
from tgbench.reports.tables.systems import system_facts
from tgbench.running.result import Result, SystemRecord
from tgbench.systems.added import add

MakeResult = Callable[..., Result]

COMMIT = "0cf72d8f" + "0" * 32


def record(**said: object) -> SystemRecord:
    usual = {
        "title": "Mine",
        "repository": "https://example.org/mine",
        "commit": "0cf72d8f",
        "commit_found": COMMIT,
        "licence": "MIT",
        "training_time": "what the commands of [[train]] took",
    }
    return SystemRecord(**{**usual, **said})


def of_system(result: Result, system: SystemRecord) -> Result:
    return result.model_copy(update={"method": result.method.model_copy(update={"system": system})})


def notes(table: Table) -> str:
    return "\n".join(note.text for note in table.notes)


def test_a_table_says_which_code_ran_and_what_it_was_trained_on(make_result: MakeResult) -> None:
    system = record(contamination={"HDTF": "trained on it (the paper)", "LRS2": "its paper"})
    ours = make_result("still", lmd=1.0)
    (table,) = build_tables([of_system(make_result("mine", lmd=2.0), system), ours])
    said = notes(table)
    for fact in (
        "https://example.org/mine",
        "0cf72d8f",
        "licence: MIT",
        "HDTF (the paper)",
        "LRS2",
    ):
        assert fact in said
    lines = {line.label: line for line in table.blocks[0].rows}
    assert set(lines) == {"Mine", "Still"}
    assert "runs outside" not in "".join(
        note.text for note in table.notes if note.mark in lines["Still"].marks
    )


@pytest.mark.parametrize(
    ("said", "facts"),
    [
        ({}, ["0cf72d8f"]),
        ({"commit": "abcdef12"}, ["0cf72d8f", "declared for abcdef12"]),
        ({"changed_files": list("abcde")}, ["changed: a, b, c", "2 more"]),
        ({"commit_found": ""}, ["unknown", "0cf72d8f"]),
    ],
    ids=["as declared", "another commit", "changed", "no git"],
)
def test_the_commit_is_said_with_how_it_differs(said: dict[str, object], facts: list[str]) -> None:
    text = system_facts(record(**said))["Commit"]
    assert [fact for fact in facts if fact not in text] == []
    assert ("changed" in text) == ("changed_files" in said)


@pytest.fixture
def added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Somebody:
    monkeypatch.setenv("TGBENCH_SYSTEMS", str(tmp_path / "systems"))
    somebody = somebody_in(tmp_path)
    text = somebody.file.read_text() + (
        '[[published]]\nsource = "Nobody et al."\ntable = "3"\nidentity = "May"\n'
        "metrics = { psnr = 31.25, training_time = 120 }\n"
        '[[published]]\nsource = "TalkingGaussian (ECCV 2024)"\ntable = "1"\n'
        "metrics = { psnr = 9.0 }\n"
        '[[published]]\nsource = "Nobody et al."\nprotocol = "lipsync"\n'
        "metrics = { sync_c = 5.0 }\n"
    )
    somebody.file.write_text(text)
    add(somebody.file)
    return somebody


def test_numbers_of_a_declaration_follow_and_never_compete_with_measured_ones(
    added: Somebody, make_result: MakeResult
) -> None:
    results = [make_result("mine", psnr=20.0), make_result("still", psnr=40.0)]
    (table,) = build_tables(results, extras=Extras(published=True))
    blocks = [block for block in table.blocks if "Nobody et al., table 3" in block.title]
    (block,) = blocks
    assert block.published
    (line,) = block.rows
    assert line.label == "Mine"
    assert line.cells["psnr"].value == 31.25
    assert line.cells["psnr"].status is Status.PUBLISHED
    assert line.cells["training_time"].value == 120
    ranks = {each.label: each.cells["psnr"].rank for each in table.blocks[0].rows}
    assert ranks == {"Still": 1, "Mine": 2}
    # The table of the paper itself is shown anyway.
    values = [each.cells["psnr"].value for shown in table.blocks for each in shown.rows]
    assert 9.0 not in values


def test_numbers_of_systems_that_were_not_measured_are_left_out(
    added: Somebody, make_result: MakeResult
) -> None:
    (table,) = build_tables([make_result("still", psnr=40.0)], extras=Extras(published=True))
    assert not [block for block in table.blocks if "Nobody" in block.title]
