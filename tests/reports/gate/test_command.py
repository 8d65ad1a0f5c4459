"""The command as a shell and a CI see it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tgbench.errors import TgbenchError
from tgbench.running import attempts
from tgbench.running.result import SCHEMA_VERSION, Result

from .conftest import PSNR, Gate, Series, WriteCase, record


def test_exit_codes(gate: Gate, before: Path, worse: Path) -> None:
    assert gate(before)[0] == 0
    code, printed = gate(worse)
    assert code == 1
    assert "FAILED: regression 1, vanished 1" in printed
    assert gate(before, "--junit", before)[0] == 2


def test_a_vanished_case_fails_and_a_new_one_is_told(
    gate: Gate, before: Path, write_case: WriteCase, tmp_path: Path
) -> None:
    write_case(tmp_path / "other", {"psnr": PSNR}, identity="synth-b")
    code, printed = gate(tmp_path / "other")
    assert code == 1
    assert "there is no result of this case" in printed
    assert "FAILED: new 1, vanished 2" in printed
    write_case(before, {"psnr": PSNR}, identity="synth-b")
    code, printed = gate(before)
    assert code == 0
    assert "passed: ok 2, new 1" in printed


def test_a_case_that_has_failed_is_told_with_its_reason(
    gate: Gate, before: Path, write_case: WriteCase, tmp_path: Path
) -> None:
    """One is in the baseline, one is new: only the first stops a merge."""
    (old,) = before.rglob("result.json")
    write_case(tmp_path / "now", {"psnr": PSNR}, identity="synth-b")
    missing = tmp_path / "now" / old.parent.relative_to(before)
    attempts.fail(missing, TgbenchError("no face in frame 3"))
    code, printed = gate(tmp_path / "now")
    assert code == 1
    assert "no face in frame 3" in printed
    new = before / Path(*missing.parts[-5:-3]) / "other" / missing.parts[-2] / missing.name
    attempts.fail(new, TgbenchError("the GPU is out of memory"))
    code, printed = gate(before)
    assert code == 0
    assert "other on" in printed
    assert "the GPU is out of memory" in printed


def test_a_tolerance_of_this_run_and_one_that_is_kept(
    gate: Gate, before: Path, worse: Path
) -> None:
    assert "regression 1" in gate(worse, "--tolerance", "psnr=0.1")[1]
    assert "worse within tolerance 1" in gate(worse, "--tolerance", "psnr=0.6")[1]
    assert "regression 1" in gate(worse)[1]
    gate.update(before, "--tolerance", "psnr=0.6")
    assert "worse within tolerance 1" in gate(worse)[1]
    gate.update(before)
    assert "worse within tolerance 1" in gate(worse)[1]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("psnr", "expected METRIC=NUMBER"),
        ("psnr=", "is not a number"),
        ("psnr=-1", "must be 0 or more"),
        ("psnr=nan", "must be 0 or more"),
        ("psnrr=1", "did you mean 'psnr'"),
        ("ssim=1", "is not watched; watched are lmd, psnr"),
        ("=1", "expected METRIC=NUMBER"),
        ("psnr=1e999", "must be 0 or more"),
    ],
)
def test_a_bad_tolerance(gate: Gate, before: Path, given: str, said: str) -> None:
    code, printed = gate(before, "--tolerance", given)
    assert code == 2
    assert said in printed


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "name one folder"),
        (["a", "b"], "name one folder"),
        (["--update", "a"], "--reason TEXT"),
        (["--update", "--reason", " ", "a"], "--reason TEXT"),
        (["--reason", "why", "a"], "--reason goes with --update"),
        (["--runs", "0", "a"], "--runs goes with --calibrate"),
        (["--update", "--reason", "x", "--junit", "f", "a"], "--junit goes with a comparison"),
        (["--calibrate"], "nothing to run"),
        (["--calibrate", "--runs", "1", "--", "--method", "m"], "at least 2 runs"),
    ],
)
def test_options_that_do_not_go_together(
    gate: Gate, before: Path, words: list[str], said: str
) -> None:
    code, printed = gate(*words)
    assert code == 2
    assert said in printed


def test_bad_folders_of_results(gate: Gate, before: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for folder, said in (("empty", "holds no results"), ("none", "no such folder")):
        code, printed = gate(tmp_path / folder)
        assert code == 2
        assert said in printed


def test_half_written_newer_and_wrong_results(
    gate: Gate, before: Path, write_case: WriteCase, tmp_path: Path
) -> None:
    folder = write_case(tmp_path / "now", {"psnr": PSNR})
    result, frames = folder / "result.json", folder / "frames.parquet"
    whole, table = result.read_text(encoding="utf-8"), frames.read_bytes()
    newer = json.dumps({**json.loads(whole), "schema_version": SCHEMA_VERSION + 1})
    for text, said in (
        (whole[:100], "cannot be read"),
        (newer, "newer tgbench"),
        (whole.replace('"value": 30.0', '"value": NaN'), "is no result"),
    ):
        result.write_text(text, encoding="utf-8")
        code, printed = gate(tmp_path / "now")
        assert code == 2
        assert said in printed
    result.write_text(whole, encoding="utf-8")
    for content, said in (
        (table[:50], "cannot be read"),
        ((before / "x").parent.as_posix().encode(), "cannot be read"),
        (None, "is missing"),
    ):
        frames.unlink() if content is None else frames.write_bytes(content)
        code, printed = gate(tmp_path / "now")
        assert code == 2
        assert said in printed


def test_frames_of_another_result(
    gate: Gate, before: Path, write_case: WriteCase, tmp_path: Path
) -> None:
    folder = write_case(tmp_path / "now", {"psnr": PSNR})
    other = write_case(tmp_path / "other", {"psnr": PSNR[:30]})
    (folder / "frames.parquet").write_bytes((other / "frames.parquet").read_bytes())
    code, printed = gate(tmp_path / "now")
    assert code == 2
    assert "frames.parquet: has 30 rows for 40 frames" in printed


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"psnr": "high"}, "'psnr' holds something else than numbers"),
        ({"psnr": [[30.0]] * 40}, "'psnr' holds something else than numbers"),
        ({"psnr": 1e300}, "has psnr with mean 1e+300, the result says"),
        ({"psnr": PSNR - 0.001}, "has psnr with mean 29.999, the result says 30"),
        ({"source_frame": "first"}, "'source_frame' holds something else than numbers"),
        ({"source_frame": 0.5}, "does not number its frames"),
    ],
)
def test_tables_of_something_else(
    gate: Gate,
    before: Path,
    write_case: WriteCase,
    tmp_path: Path,
    changed: dict[str, object],
    said: str,
) -> None:
    path = write_case(tmp_path / "now", {"psnr": PSNR}) / "frames.parquet"
    pd.read_parquet(path).assign(**changed).to_parquet(path, index=False)
    code, printed = gate(tmp_path / "now")
    assert code == 2
    assert said in printed


@pytest.mark.parametrize("values", [np.full(40, np.nan), np.full(40, -np.inf)])
def test_a_value_without_any_frame_is_refused(
    gate: Gate, before: Path, write_case: WriteCase, tmp_path: Path, values: Series
) -> None:
    whole = record("psnr", 30.0)
    path = write_case(tmp_path / "now", {"psnr": whole, "lmd": PSNR / 30.0}) / "frames.parquet"
    pd.read_parquet(path).assign(psnr=values).to_parquet(path, index=False)
    code, printed = gate(tmp_path / "now")
    assert code == 2
    assert "frames.parquet: has psnr with mean" in printed


def test_one_frame_is_held_against_tolerance_alone(
    gate: Gate, write_case: WriteCase, tmp_path: Path
) -> None:
    write_case(tmp_path / "a", {"psnr": PSNR[:1]})
    write_case(tmp_path / "b", {"psnr": PSNR[:1] - 0.3})
    gate.update(tmp_path / "a")
    assert gate(tmp_path / "a")[0] == 0
    code, printed = gate(tmp_path / "b")
    assert code == 1
    assert "no interval: fewer than 20 frames" in printed


def at(created: str, **changes: object) -> Callable[[Result], Result]:
    """Give a result its time, and change fields of its method."""

    def edit(result: Result) -> Result:
        method = result.method.model_copy(update=changes)
        return result.model_copy(update={"created": created, "method": method})

    return edit


def test_a_later_result_with_fewer_metrics_hides_none(
    gate: Gate, write_case: WriteCase, tmp_path: Path
) -> None:
    early, late = tmp_path / "now" / "early", tmp_path / "now" / "late"
    write_case(early, {"psnr": PSNR, "lmd": PSNR / 30.0}, at("2025-01-01"), cpu="old")
    gate.update(early)
    folder = write_case(late, {"psnr": PSNR - 0.5}, at("2025-01-02"), cpu="new")
    code, printed = gate(tmp_path / "now")
    assert code == 1
    assert "FAILED: ok 1, regression 1" in printed
    text = " ".join(printed.split())
    assert "lmd: from the earlier measurement" in text
    assert "differs in the machine" in text
    code, printed = gate(folder)
    assert code == 1
    assert "regression 1, vanished 1" in printed


@pytest.mark.parametrize(
    ("about", "code", "said"),
    [
        ({"seed": 1}, "", "seeds"),
        ({"config": {"a": 1}}, "", "settings"),
        ({}, "1" * 64, "different code"),
    ],
)
def test_two_results_of_one_case_that_are_no_repeats(
    gate: Gate,
    before: Path,
    write_case: WriteCase,
    about: dict[str, object],
    code: str,
    said: str,
) -> None:
    write_case(before / "again", {"psnr": PSNR}, at("2025-01-02", code_sha256=code), **about)
    status, printed = gate(before)
    assert status == 2
    assert said in printed
    assert str(before / "again") in printed


def test_frames_through_a_codec_are_a_case_of_their_own(
    gate: Gate, before: Path, write_case: WriteCase
) -> None:
    write_case(before / "h264", {"psnr": PSNR - 3.0}, version="1, through H.264")
    code, printed = gate(before)
    assert code == 0
    assert "frames measured through H.264" in printed
    gate.update(before)
    code, printed = gate(before)
    assert code == 0
    assert "passed: ok 3" in printed


def test_a_baseline_is_kept_where_another_cannot_be_written(
    gate: Gate, before: Path, write_case: WriteCase, tmp_path: Path
) -> None:
    whole = gate.baseline.read_bytes()
    write_case(tmp_path / "nothing", {"psnr": record("psnr", None), "fps": 100.0})
    code, printed = gate("--update", "--reason", "x", tmp_path / "nothing")
    assert code == 2
    assert "no metric has a value" in printed
    assert gate.baseline.read_bytes() == whole
    gate.baseline = before / "self_reconstruction" / "synth-a" / "ours" / "self" / "result.json"
    code, printed = gate("--update", "--reason", "x", before)
    assert code == 2
    assert "not a baseline" in printed
    gate.baseline = gate.baseline / "below.json"
    code, printed = gate("--update", "--reason", "x", before)
    assert code == 2
    assert "cannot be written" in printed


def test_values_and_names_that_no_baseline_can_hold(
    gate: Gate, write_case: WriteCase, tmp_path: Path
) -> None:
    write_case(tmp_path / "huge", {"psnr": record("psnr", 1e300)})
    write_case(tmp_path / "torn", {"psnr": PSNR})
    (path,) = (tmp_path / "torn").rglob("result.json")
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('"synth-a"', '"\\ud800"'), encoding="utf-8")
    for folder, said in (("huge", "psnr is 1e+300"), ("torn", "surrogates not allowed")):
        code, printed = gate("--update", "--reason", "x", tmp_path / folder)
        assert code == 2
        assert said in printed
    assert not gate.baseline.exists()


def test_an_update_says_what_is_no_longer_watched(gate: Gate, before: Path, worse: Path) -> None:
    """Or a weight file that is missing on the day of an update would end the watch for good."""
    printed = gate.update(worse)
    assert "self_reconstruction: lmd is no longer watched: <b>&amp;" in printed
    assert "psnr is no longer" not in printed


def test_a_baseline_of_another_schema_is_replaced_with_a_warning(gate: Gate, before: Path) -> None:
    raw = json.loads(gate.baseline.read_text(encoding="utf-8"))
    gate.baseline.write_text(json.dumps({**raw, "schema_version": 99}), encoding="utf-8")
    assert gate(before)[0] == 2
    assert "not taken over" in gate.update(before)
    assert gate(before)[0] == 0


def test_an_update_says_what_is_gone(
    gate: Gate, before: Path, write_case: WriteCase, tmp_path: Path
) -> None:
    write_case(tmp_path / "other", {"psnr": PSNR}, identity="synth-b")
    printed = gate.update(tmp_path / "other")
    assert "no longer in the baseline: ours on synth-a" in printed
