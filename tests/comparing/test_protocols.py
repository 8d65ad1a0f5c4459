"""What several protocols, clips and seeds do to a comparison, and how that is told."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tgbench.cli import main
from tgbench.comparing import compare_folders
from tgbench.comparing.differences import what_seeds_mean
from tgbench.running.result import MetricRecord

from ..reports.conftest import result
from ..results.fabricated import record, write_run, write_scores
from .test_differences import side


@pytest.fixture
def lmd() -> np.ndarray:
    return 2.0 + np.random.default_rng(0).normal(0, 0.1, 120)


def lipsync(folder: Path, lag: np.ndarray, method: str = "ours", **kind: object) -> Path:
    made = result(method, protocol="lipsync", lip_lag=record(lag, "lower"), **kind)
    return write_run(folder, made, lip_lag=lag)


@pytest.fixture
def both(tmp_path: Path, lmd: np.ndarray) -> Path:
    """One folder of two methods, each measured under two protocols that share no metric."""
    for method, apart in (("still", 0.0), ("ours", 0.5)):
        side(tmp_path / "self" / method, lmd - apart, method)
        lipsync(tmp_path / "lipsync" / method, 40.0 * np.ones(120), method)
    return tmp_path


def said(capsys: pytest.CaptureFixture[str]) -> str:
    return " ".join(capsys.readouterr().out.split())


def test_each_protocol_has_its_own_metrics(both: Path) -> None:
    found = compare_folders(both, methods=("still", "ours"))
    rows = {section.protocol: [row.metric for row in section.rows] for section in found.sections}
    assert rows == {"self_reconstruction": ["lmd"], "lipsync": ["lip_lag"]}
    notes = {section.protocol: section.notes for section in found.sections}
    assert notes["self_reconstruction"] == ()
    assert all("chance" in note for note in notes["lipsync"]), "`still` does not hear"


def test_a_metric_of_two_protocols_is_never_averaged_over_them(
    tmp_path: Path, lmd: np.ndarray
) -> None:
    for method, gains in (("still", (0.0, 0.0)), ("ours", (0.5, -1.5))):
        for protocol, gain in zip(("self_reconstruction", "lipsync"), gains, strict=True):
            side(tmp_path / protocol / method, lmd - gain, method, protocol=protocol)
    found = compare_folders(tmp_path, methods=("still", "ours"))
    apart = {section.protocol: section.rows[0].difference for section in found.sections}
    assert apart["self_reconstruction"].mean == pytest.approx(-0.5)
    assert apart["lipsync"].mean == pytest.approx(1.5)


def test_versions_of_a_protocol_are_not_averaged_either(tmp_path: Path, lmd: np.ndarray) -> None:
    for version in ("1", "2"):
        for name in ("a", "b"):
            side(tmp_path / name / version, lmd, version=version)
    found = compare_folders(tmp_path / "a", tmp_path / "b")
    assert [section.version for section in found.sections] == ["1", "2"]


def test_the_command_shows_a_table_for_each_protocol(
    both: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", str(both), "--methods", "still", "ours"]) == 0
    told = said(capsys)
    assert "self_reconstruction (version 1), over synth-a" in told
    assert "lipsync (version 1), over synth-a" in told
    assert "LMD" in told
    assert "lag" in told


def test_one_protocol_can_be_chosen(both: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = both / "found.json"
    chosen = ["--methods", "still", "ours", "--protocol", "lipsync", "--json", str(target)]
    assert main(["compare", str(both), *chosen]) == 0
    assert "LMD" not in said(capsys)
    stored = json.loads(target.read_text())
    assert [section["protocol"] for section in stored["sections"]] == ["lipsync"]


def test_a_protocol_of_one_side_is_told(both: Path, lmd: np.ndarray) -> None:
    found = compare_folders(both / "self", both, methods=("still", "ours"))
    assert [section.protocol for section in found.sections] == ["self_reconstruction"]
    assert any(note.startswith("only B has lipsync: synth-a") for note in found.notes)


NO_VALUE = MetricRecord(
    value=None, status="unavailable", reason="no such model", scored=0, total=0, direction="lower"
)


@pytest.mark.parametrize("how", ["absent", "without a value"])
def test_a_metric_that_a_clip_lacks_is_compared_on_the_others_and_told(
    tmp_path: Path, lmd: np.ndarray, how: str
) -> None:
    for name, gain in (("a", 0.0), ("b", 0.5)):
        for identity in ("x", "y"):
            side(tmp_path / name / identity, lmd - gain, identity=identity)
    lost = {} if how == "absent" else {"lmd": NO_VALUE}
    write_run(tmp_path / "b" / "y", result(identity="y", **lost), other=lmd)
    (section,) = compare_folders(tmp_path / "a", tmp_path / "b").sections
    (row,) = section.rows
    assert row.cases == 1
    assert row.difference.mean == pytest.approx(-0.5)
    why = "" if how == "absent" else " (no such model)"
    assert section.notes == (f"lmd: over 1 of 2 clips; on y B has no value{why}",)


def test_a_seed_without_a_value_is_not_averaged_away(tmp_path: Path, lmd: np.ndarray) -> None:
    side(tmp_path / "a", lmd)
    side(tmp_path / "b" / "0", lmd, seed=0)
    write_run(tmp_path / "b" / "1", result(seed=1, lmd=NO_VALUE), other=lmd)
    (section,) = compare_folders(tmp_path / "a", tmp_path / "b").sections
    assert section.rows == ()
    assert section.notes == ("lmd: not compared; B has no value (no such model)",)


def test_a_metric_of_one_side_or_none_is_told(tmp_path: Path, lmd: np.ndarray) -> None:
    empty = {"sync_c": NO_VALUE, "sync_e": NO_VALUE}
    write_run(tmp_path / "a", result(**empty), other=lmd)
    write_run(tmp_path / "b", result(lmd=record(lmd, "lower"), **empty), lmd=lmd)
    (section,) = compare_folders(tmp_path / "a", tmp_path / "b").sections
    assert set(section.notes) == {
        "lmd: not compared; A has no value",
        "sync_c, sync_e: not compared; neither side has a value (no such model)",
    }


def test_seeds_of_both_sides_are_shown_with_what_they_mean(
    tmp_path: Path, lmd: np.ndarray, capsys: pytest.CaptureFixture[str]
) -> None:
    side(tmp_path / "a", lmd, seed=3)
    for seed in (5, 7):
        side(tmp_path / "b" / str(seed), lmd - 0.5, seed=seed)
    target = tmp_path / "found.json"
    arguments = ["compare", str(tmp_path / "a"), str(tmp_path / "b"), "--json", str(target)]
    assert main(arguments) == 0
    told = capsys.readouterr().out.replace("\n", "")
    assert "a, seed 3" in told
    assert "b, seeds 5, 7" in told
    told = " ".join(told.split())
    assert "another seed may give another result" in told
    assert json.loads(target.read_text())["seeds"] == [[3], [5, 7]]


def test_how_to_average_seeds_is_said_where_a_side_has_one() -> None:
    one, several = what_seeds_mean(((0,), (1, 2))), what_seeds_mean(((0, 1), (1, 2)))
    assert "another seed may give another result" in one
    assert "another seed may give another result" in several
    assert "to average over seeds" in one
    assert "to average over seeds" not in several


def test_scored_videos_have_no_seeds(
    tmp_path: Path, lmd: np.ndarray, capsys: pytest.CaptureFixture[str]
) -> None:
    first = write_scores(tmp_path / "ours", lmd=lmd)
    second = write_scores(tmp_path / "theirs", lmd=lmd + 0.2)
    assert main(["compare", str(first), str(second)]) == 0
    told = said(capsys)
    assert "seed" not in told
    assert "score (25 fps), over real.mp4" in told
