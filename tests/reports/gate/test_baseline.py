from __future__ import annotations

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest

from tgbench.errors import TgbenchError
from tgbench.reports.gate.baseline import (
    SCHEMA_VERSION,
    BaselineKey,
    OtherSchema,
    read_baseline,
    write_baseline,
)

from .conftest import Gate, WriteCase

SERIES = np.linspace(30.0, 31.0, 40) ** 2 / 29.123456789


@pytest.fixture
def committed(gate: Gate, write_case: WriteCase, tmp_path: Path) -> Path:
    """A baseline with a value that was not scored, and texts that look like lists of numbers."""
    holes = SERIES.copy()
    holes[3] = np.nan
    write_case(
        tmp_path / "out",
        {"psnr": SERIES, "lmd": holes, "sync_c": 6.54321},
        leaked=("[1, 2]", "x [\n  3\n]"),
    )
    gate.update(tmp_path / "out")
    return gate.baseline


def test_it_says_what_was_measured_and_how(committed: Path) -> None:
    (case,) = read_baseline(committed).cases
    assert case.key == BaselineKey("self_reconstruction", "synth-a", "self", "ours")
    assert case.source_frames == list(range(1000, 1040))
    assert case.leaked_conditions == ["[1, 2]", "x [\n  3\n]"]
    psnr = case.metrics["psnr"]
    assert psnr.per_frame == pytest.approx(SERIES, rel=5e-6)
    assert psnr.value == pytest.approx(SERIES.mean(), rel=5e-6)
    assert (psnr.tolerance, psnr.floor, psnr.measured_by) == (0.2, None, "tests")
    assert case.metrics["lmd"].per_frame[3] is None
    assert case.metrics["sync_c"].per_frame is None
    assert case.calibration is None


def test_writing_what_was_read_changes_no_byte(committed: Path) -> None:
    before = committed.read_bytes()
    write_baseline(committed, read_baseline(committed))
    assert committed.read_bytes() == before


def test_a_review_sees_rows_of_numbers(committed: Path) -> None:
    text = committed.read_text(encoding="utf-8")
    lines = text.splitlines()
    assert json.loads(text)["cases"][0]["source_frames"][-1] == 1039
    assert max(len(line) for line in lines if not line.strip().startswith('"')) <= 100
    assert len(lines) < 100


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda text: text[: len(text) // 2], "not a whole JSON"),
        (lambda text: "", "not a whole JSON"),
        (lambda text: "# README", "not a whole JSON"),
        (lambda text: "[" * 100_000, "not a whole JSON"),
        (lambda text: '{"schema_version": 1, "metrics": {}}', "not a baseline of"),
        (lambda text: "[1, 2]", "not a baseline of"),
        (lambda text: text.replace('"value"', '"valve"', 1), "is damaged (cases.0.metrics.psnr"),
        (lambda text: text.replace('"tolerance": 0.2', '"tolerance": -1'), "is damaged"),
        (lambda text: text.replace('"tolerance": 0.2', '"tolerance": NaN'), "is damaged"),
        (lambda text: text.replace('"tolerance": 0.2', '"tolerance": 1e101'), "is damaged"),
        (lambda text: text.replace('"value": 6.54321', '"value": 1' + "0" * 400), "is damaged"),
        (lambda text: text.replace('"value": 6.54321', '"value": 1' + "0" * 5000), "not a whole"),
        (lambda text: text.replace('"value": 6.54321', '"value": -1e101'), "is damaged"),
        (lambda text: re.sub(r"null, (?=\d)", "1e101, ", text), "is damaged (cases.0.metrics.lmd"),
        (lambda text: text.replace(" 1039\n", " 1039, 1040\n"), "40 values for 41 frames"),
        (
            lambda text: re.sub(r'"per_frame": \[[^]]*\]', '"per_frame": []', text),
            "0 values for 40",
        ),
        (lambda text: json.dumps({**json.loads(text), "cases": []}), "is damaged (cases: "),
        (
            lambda text: re.sub(r'"metrics": \{.*\}\s*\}', '"metrics": {}}', text, flags=re.S),
            "is damaged (cases.0.metrics: ",
        ),
    ],
)
def test_a_damaged_file_is_refused(committed: Path, damage, said: str) -> None:
    committed.write_text(damage(committed.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(TgbenchError) as refused:
        read_baseline(committed)
    assert said in str(refused.value)
    assert str(refused.value).startswith(f"{committed}: ")


def test_a_file_that_is_no_text_is_refused(committed: Path) -> None:
    committed.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(TgbenchError, match="not a whole JSON"):
        read_baseline(committed)


def test_line_ends_and_marks_of_windows_are_fine(committed: Path) -> None:
    before = read_baseline(committed)
    content = committed.read_bytes()
    assert b"\r" not in content
    committed.write_bytes(b"\xef\xbb\xbf" + content.replace(b"\n", b"\r\n"))
    assert read_baseline(committed) == before


def test_a_link_stays_a_link(committed: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.json"
    link.symlink_to(committed)
    write_baseline(link, read_baseline(committed).model_copy(update={"reason": "another"}))
    assert link.is_symlink()
    assert read_baseline(committed).reason == "another"


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TgbenchError, match="not a whole JSON"):
        read_baseline(tmp_path)


def test_a_case_that_is_there_twice_is_refused(committed: Path) -> None:
    raw = json.loads(committed.read_text(encoding="utf-8"))
    raw["cases"] *= 2
    committed.write_text(json.dumps(raw), encoding="utf-8")
    with pytest.raises(TgbenchError, match="twice"):
        read_baseline(committed)


@pytest.mark.parametrize(
    ("version", "remedy"), [(SCHEMA_VERSION + 1, "upgrade tgbench"), (0, "write"), (None, "write")]
)
def test_another_schema_is_refused(committed: Path, version: int | None, remedy: str) -> None:
    raw = json.loads(committed.read_text(encoding="utf-8"))
    committed.write_text(json.dumps({**raw, "schema_version": version}), encoding="utf-8")
    with pytest.raises(OtherSchema, match=rf"schema {version}.*{remedy}.*--update --reason"):
        read_baseline(committed)


def test_a_missing_one_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(TgbenchError, match=r"no such baseline.*--update"):
        read_baseline(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("value", 45.0, "psnr is 45 where the mean of its frames is"),
        ("value", 31.947, "psnr is 31.947 where the mean"),
        ("scored", 39, "has 40 values at frames where it says that 39 were scored"),
        ("scored", -1, "scored: Input should be greater than or equal to 0"),
        ("tolerance", -0.1, "tolerance: Input should be greater than or equal to 0"),
    ],
)
def test_totals_must_follow_from_the_frames(
    field: str, value: float, said: str, committed: Path, gate: Gate, tmp_path: Path
) -> None:
    assert gate(tmp_path / "out")[0] == 0
    content = json.loads(committed.read_text(encoding="utf-8"))
    content["cases"][0]["metrics"]["psnr"][field] = value
    committed.write_text(json.dumps(content), encoding="utf-8")
    code, printed = gate(tmp_path / "out")
    assert code == 2
    assert said in printed


def test_frames_that_were_changed_contradict_their_total(committed: Path) -> None:
    content = json.loads(committed.read_text(encoding="utf-8"))
    content["cases"][0]["metrics"]["psnr"]["per_frame"][7] -= 0.1
    committed.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(TgbenchError, match="mean of its frames"):
        read_baseline(committed)


def test_a_pipe_as_baseline_is_refused(gate: Gate, committed: Path, tmp_path: Path) -> None:
    committed.unlink()
    os.mkfifo(committed)
    code, printed = gate(tmp_path / "out")
    assert code == 2
    assert "is a pipe or a device, not a file" in printed


def test_a_pipe_as_result_is_refused(gate: Gate, committed: Path, tmp_path: Path) -> None:
    (path,) = (tmp_path / "out").rglob("result.json")
    path.unlink()
    os.mkfifo(path)
    code, printed = gate(tmp_path / "out")
    assert code == 2
    assert "is a pipe or a device, not a file" in printed
