"""What lies in folders, whole or not, of runs and of scored videos."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tgbench.errors import TgbenchError
from tgbench.results import MeasuredCase, read_cases, read_folder, read_folders
from tgbench.running.result import SCORES_SCHEMA_VERSION, write_result
from tgbench.running.settings import hash_of_settings

from ..reports.conftest import result
from .fabricated import record, write_run, write_scores

LMD = 2.0 + np.random.default_rng(0).normal(0, 0.1, 120)


def run(folder: Path, **about: object) -> Path:
    return write_run(folder, result(lmd=record(LMD, "lower"), **about), lmd=LMD)


def only(folder: Path) -> MeasuredCase:
    (case,) = read_cases([folder])
    return case


def test_a_run_says_what_it_is_of(tmp_path: Path) -> None:
    case = only(run(tmp_path / "a", protocol="lipsync", identity="x", driver="voice", seed=3))
    assert case.key[:4] == ("lipsync", "1", "x", "voice")
    assert case.key.clip == "x · voice"
    assert (case.variant.method, case.seed, case.scored) == ("ours", 3, False)
    assert case.source_frames == list(range(120))


def test_a_result_is_found_once_though_folders_hold_each_other(tmp_path: Path) -> None:
    run(tmp_path / "a")
    assert len(read_folders([tmp_path, tmp_path / "a"]).cases) == 1


def test_what_cannot_be_read_is_named_and_left_out(tmp_path: Path) -> None:
    run(tmp_path / "a")
    run(tmp_path / "b", identity="y")
    (tmp_path / "b" / "result.json").write_text("{")
    found = read_folders([tmp_path])
    assert [case.folder.name for case in found.cases] == ["a"]
    assert "b/result.json" in found.problems[0]
    with pytest.raises(TgbenchError, match=r"b/result\.json"):
        read_cases([tmp_path])


def test_folders_without_results_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(TgbenchError, match="empty: holds no results"):
        read_cases([tmp_path / "empty"])
    with pytest.raises(TgbenchError, match="gone: no such folder"):
        read_folder(tmp_path / "gone")
    assert read_folder(tmp_path / "empty").cases == ()


@pytest.mark.parametrize("damage", ["missing", "cut", "shorter", "changed"])
def test_a_bad_table_of_frames_is_an_error_or_a_warning(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = run(tmp_path / "a") / "frames.parquet"
    if damage == "missing":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:100])
    else:
        table = pd.read_parquet(path)
        table = table[:-1] if damage == "shorter" else table.assign(lmd=LMD + 1)
        table.to_parquet(path)
    case = only(tmp_path / "a")
    with caplog.at_level(logging.WARNING, logger="tgbench"):
        assert case.values("lmd") is None
        assert case.values("psnr") is None
    assert len(caplog.records) == 1
    assert "frames.parquet" in caplog.text
    assert len(case.readable_frames) == {"shorter": 119, "changed": 120}.get(damage, 0)
    with pytest.raises(TgbenchError, match=r"a/frames\.parquet.*--fresh"):
        _ = case.frames


def test_scored_videos_have_the_same_form(tmp_path: Path) -> None:
    case = only(write_scores(tmp_path / "ours", target="abc", lmd=LMD))
    assert case.scored
    assert case.seed is None
    assert (case.result.method.name, case.key.clip) == ("ours.mp4", "real.mp4")
    assert case.key == only(write_scores(tmp_path / "theirs", target="abc", lmd=LMD)).key
    assert case.key != only(write_scores(tmp_path / "other", target="abd", lmd=LMD)).key
    np.testing.assert_array_equal(case.values("lmd"), LMD)
    assert case.result.driver.sha256 == "own"


def test_frames_through_a_codec_are_another_case(tmp_path: Path) -> None:
    plain = only(write_scores(tmp_path / "plain" / "ours", lmd=LMD))
    coded = only(write_scores(tmp_path / "coded" / "ours", through_codec=True, lmd=LMD))
    assert (plain.key.through_codec, coded.key.through_codec) == (False, True)
    assert plain.key != coded.key


def test_newer_or_half_written_scores_are_refused(tmp_path: Path) -> None:
    path = write_scores(tmp_path / "ours", lmd=LMD) / "scores.json"
    text = path.read_text()
    newer = {**json.loads(text), "schema_version": SCORES_SCHEMA_VERSION + 1}
    path.write_text(json.dumps(newer))
    with pytest.raises(TgbenchError, match="newer tgbench"):
        read_cases([tmp_path])
    for broken in (text[:60], "[]", json.dumps({**json.loads(text), "metrics": {"lmd": {}}})):
        path.write_text(broken)
        with pytest.raises(TgbenchError, match=r"^.*ours/scores\.json: is no result of.*$"):
            read_cases([tmp_path])


def test_a_name_that_is_no_text_is_refused(tmp_path: Path) -> None:
    write_result(tmp_path / "a", result())
    path = tmp_path / "a" / "result.json"
    path.write_text(path.read_text().replace('"ours"', r'"\ud83d"'))
    with pytest.raises(TgbenchError, match=r"a/result\.json"):
        read_cases([tmp_path])


def test_a_setting_whose_name_alone_changed_makes_no_other_variant(tmp_path: Path) -> None:
    settings = {"motion": "deformation", "face.gaussians": 50}
    new = {"config": settings, "config_hash": hash_of_settings("talkinggaussian", settings)}
    old = {"config": {"motion": "deformation", "face_gaussians": 50}, "config_hash": "old"}
    for name, written in (("new", new), ("old", old)):
        made = result("talkinggaussian", lmd=record(LMD, "lower"))
        method = made.method.model_copy(update=written)
        write_run(tmp_path / name, made.model_copy(update={"method": method}), lmd=LMD)
    before, after = (only(tmp_path / name) for name in ("old", "new"))
    assert before.result.method.config == settings
    assert before.variant == after.variant
    assert (
        json.loads((tmp_path / "old" / "result.json").read_text())["method"]["config"]
        == (old["config"])
    )
