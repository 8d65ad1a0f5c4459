from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from tgbench.commands.run import print_summary
from tgbench.running.result import MetricRecord, Result, write_result
from tgbench.running.runner import Outcome

from ..reports.conftest import result


def outcome(made: Result, folder: Path) -> Outcome:
    """A case that was measured now, in a folder of its own."""
    folder.mkdir()
    write_result(folder, made)
    return Outcome(folder, reused=False)


def test_gaps_and_notes_are_told_once_with_the_metrics_they_concern(tmp_path: Path) -> None:
    def measured(value: float) -> MetricRecord:
        return MetricRecord(
            value=value,
            status="measured",
            scored=1,
            total=1,
            direction="higher",
            measured_by="tests",
            details={"notes": ["offset +2 frames"]},
        )

    made = result(sync_c=measured(5.0), sync_e=measured(7.0), lpips="no weights", psnr=30.0)
    stream = io.StringIO()
    outcomes = [outcome(made, tmp_path / "a")] * 2
    print_summary(outcomes, Console(file=stream, width=200), tmp_path)
    lines = stream.getvalue().splitlines()
    assert [line for line in lines if line.startswith("- ")] == [
        "- sync_c, sync_e: offset +2 frames",
        "- lpips: no weights",
    ]


def test_what_a_method_cannot_have_is_a_gap_as_in_tables(tmp_path: Path) -> None:
    made = result("fixed", aue_u=0.2, upper_face=False, training_time=1.0, training=None, lmd=1.25)
    stream = io.StringIO()
    print_summary([outcome(made, tmp_path / "a")], Console(file=stream, width=200), tmp_path)
    lines = [line.split() for line in stream.getvalue().splitlines() if line]
    assert ["AUE-U", "↓", "-"] in lines
    assert ["LMD", "↓", "[px]", "1.250"] in lines
    assert ["-", "aue_u:", "fixed:"] in [line[:3] for line in lines]


def test_agreement_with_a_sound_that_is_not_heard_is_chance(tmp_path: Path) -> None:
    made = result("deaf", lip_agreement=0.4)
    deaf = made.model_copy(update={"method": made.method.model_copy(update={"hears_audio": False})})
    stream = io.StringIO()
    outcomes = [outcome(made, tmp_path / "a"), outcome(deaf, tmp_path / "b")]
    print_summary(outcomes, Console(file=stream, width=200), tmp_path)
    lines = stream.getvalue().splitlines()
    (row,) = [line.split() for line in lines if line.startswith("Lip agreement")]
    assert row[-3:] == ["0.400", "0.400", "(chance)"]
    assert any("lip_agreement: deaf does not hear the sound" in line for line in lines)


def test_many_cases_are_no_table_wider_than_any_terminal(tmp_path: Path) -> None:
    stream = io.StringIO()
    outcomes = [outcome(result(lmd=1.0), tmp_path / str(n)) for n in range(9)]
    print_summary(outcomes, Console(file=stream, width=80), Path("my results"))
    assert "9 cases; `tgbench report 'my results'`" in stream.getvalue()
    assert stream.getvalue().count("result: ") == 9


def test_without_sync_c_the_timing_of_the_mouth_comes_first(tmp_path: Path) -> None:
    numbers = {"psnr": 30.0, "mouth_mtm": 40.0, "mouth_ccc": 0.8}
    for name, made, first in (
        ("without", result(**numbers, sync_c="no weights"), "Mouth timing"),
        ("with", result(**numbers, sync_c=6.0), "PSNR"),
    ):
        stream = io.StringIO()
        print_summary([outcome(made, tmp_path / name)], Console(file=stream, width=200), tmp_path)
        rows = [line for line in stream.getvalue().splitlines() if {"↓", "↑"} & set(line)]
        assert rows[0].startswith(first)


def test_the_noise_floor_stands_beside_the_value(tmp_path: Path) -> None:
    made = result(lmd=1.25)
    made.metrics["lmd"].details["floor"] = 0.4
    stream = io.StringIO()
    print_summary([outcome(made, tmp_path / "a")], Console(file=stream, width=200), tmp_path)
    assert "1.250 (floor 0.400)" in stream.getvalue()
