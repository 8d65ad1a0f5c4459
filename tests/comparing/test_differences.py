from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tgbench.cli import main
from tgbench.comparing import (
    MetricComparison,
    Outcome,
    ProtocolComparison,
    compare_folders,
)
from tgbench.errors import TgbenchError

from ..reports.conftest import result
from ..results.fabricated import FRAMES, record, write_run, write_scores


def side(folder: Path, lmd: np.ndarray, method: str = "ours", **kind: object) -> Path:
    by = kind.pop("measured_by", "tests")
    first_frame = kind.pop("first_frame", 0)
    made = result(method, lmd=record(lmd, "lower", by), **kind)
    return write_run(folder, made, first_frame, lmd=lmd)


@pytest.fixture
def lmd() -> np.ndarray:
    rng = np.random.default_rng(0)
    return 2.0 + np.cumsum(rng.normal(0, 0.1, FRAMES)) * 0.3


def section(first: Path, second: Path) -> ProtocolComparison:
    (found,) = compare_folders(first, second).sections
    return found


def only(first: Path, second: Path) -> MetricComparison:
    (row,) = section(first, second).rows
    return row


def test_a_steadily_lower_distance_is_better(tmp_path: Path, lmd: np.ndarray) -> None:
    noise = np.random.default_rng(1).normal(0, 0.01, FRAMES)
    row = only(side(tmp_path / "a", lmd), side(tmp_path / "b", lmd - 0.1 + noise))
    assert row.verdict is Outcome.SECOND
    assert row.difference.mean == pytest.approx((noise - 0.1).mean())
    assert row.second - row.first == pytest.approx(row.difference.mean)
    back = only(tmp_path / "b", tmp_path / "a")
    assert back.verdict is Outcome.FIRST


def test_identical_results_show_no_difference(tmp_path: Path, lmd: np.ndarray) -> None:
    row = only(side(tmp_path / "a", lmd), side(tmp_path / "b", lmd))
    assert row.verdict is Outcome.NONE
    assert row.difference.mean == 0.0
    assert row.difference.p_value == 1.0


def test_too_few_frames_have_no_interval(tmp_path: Path) -> None:
    row = only(side(tmp_path / "a", np.full(10, 1.0)), side(tmp_path / "b", np.full(10, 2.0)))
    assert (row.verdict, row.difference) == (Outcome.UNSURE, None)
    assert (row.first, row.second) == (1.0, 2.0)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"measured_by": "another detector"}, "another detector / tests"),
        ({"first_frame": 5}, "different frames"),
    ],
)
def test_what_was_measured_otherwise_is_not_compared(
    tmp_path: Path, lmd: np.ndarray, change: dict[str, object], said: str
) -> None:
    first, second = side(tmp_path / "a", lmd), side(tmp_path / "b", lmd, **change)
    found = section(first, second)
    assert found.rows == ()
    assert any(said in note for note in found.notes)


def test_pixels_of_frames_composed_otherwise_are_not_compared(
    tmp_path: Path, lmd: np.ndarray
) -> None:
    for name, mode in (("a", "full frame"), ("b", "face pasted")):
        made = result(name, mode=mode, psnr=record(lmd, "higher"), lmd=record(lmd, "lower"))
        write_run(tmp_path / name, made, psnr=lmd, lmd=lmd)
    found = section(tmp_path / "a", tmp_path / "b")
    assert [row.metric for row in found.rows] == ["lmd"]
    assert any("psnr: not compared" in note for note in found.notes)


def test_seeds_are_averaged_frame_by_frame(tmp_path: Path, lmd: np.ndarray) -> None:
    offsets = np.random.default_rng(2).normal(0, 0.3, FRAMES)
    for seed, sign in ((0, 1), (1, -1)):
        side(tmp_path / "a" / str(seed), lmd + sign * offsets, seed=seed)
    row = only(tmp_path / "a", side(tmp_path / "b", lmd - 0.05))
    assert row.verdict is Outcome.SECOND
    assert row.difference.mean == pytest.approx(-0.05)


def test_several_cases_are_clips_of_one_comparison(tmp_path: Path, lmd: np.ndarray) -> None:
    for identity, gain in (("x", 0.3), ("y", -0.3), ("z", 0.4)):
        side(tmp_path / "a" / identity, lmd, identity=identity)
        side(tmp_path / "b" / identity, lmd - gain, identity=identity)
    row = only(tmp_path / "a", tmp_path / "b")
    assert row.cases == 3
    # Better on two people and worse on the third: nothing follows for a fourth.
    assert row.verdict is Outcome.NONE
    assert row.difference.mean == pytest.approx(-0.4 / 3)


def test_cases_of_one_side_only_are_named(tmp_path: Path, lmd: np.ndarray) -> None:
    for identity in ("x", "y"):
        side(tmp_path / "a" / identity, lmd, identity=identity)
    side(tmp_path / "b" / "x", lmd, identity="x")
    found = compare_folders(tmp_path / "a", tmp_path / "b")
    assert found.notes[0] == "only A has self_reconstruction: y"
    with pytest.raises(TgbenchError, match="no case is on both sides"):
        compare_folders(tmp_path / "a" / "y", tmp_path / "b")


def test_two_settings_of_one_method_are_refused_with_their_folders(
    tmp_path: Path, lmd: np.ndarray
) -> None:
    for size in (1, 2):
        side(tmp_path / "a" / str(size), lmd, config={"size": size})
    with pytest.raises(TgbenchError, match=r"settings.*a/1, .*a/2"):
        compare_folders(tmp_path / "a", side(tmp_path / "b", lmd))


def test_a_later_result_with_fewer_metrics_hides_none(tmp_path: Path, lmd: np.ndarray) -> None:
    both = {"lmd": record(lmd, "lower"), "psnr": record(lmd, "higher")}
    for name in ("a/early", "b"):
        write_run(tmp_path / name, result(created="2025-01-01", **both), lmd=lmd, psnr=lmd)
    late = result(created="2025-01-02", cpu="another", psnr=record(lmd + 1, "higher"))
    write_run(tmp_path / "a" / "late", late, psnr=lmd + 1)
    found = section(tmp_path / "a", tmp_path / "b")
    assert [(row.metric, row.verdict) for row in found.rows] == [
        ("psnr", Outcome.FIRST),
        ("lmd", Outcome.NONE),
    ]
    (note,) = found.notes
    assert note.startswith("lmd: A's value")
    assert "the machine" in note


def test_frames_through_a_codec_are_named_and_compared_only_with_such(
    tmp_path: Path, lmd: np.ndarray
) -> None:
    for version in ("1", "1, through H.264"):
        for name in "ab":
            side(tmp_path / name / version, lmd, name, version=version)
    plain, coded = compare_folders(tmp_path / "a", tmp_path / "b").sections
    assert "H.264" not in plain.title
    assert "H.264" in coded.title
    with pytest.raises(TgbenchError, match=r"only B has self_reconstruction through H\.264"):
        compare_folders(tmp_path / "a" / "1", tmp_path / "b" / "1, through H.264")


def test_methods_of_one_folder_are_compared_by_name(
    tmp_path: Path, lmd: np.ndarray, capsys: pytest.CaptureFixture[str]
) -> None:
    side(tmp_path / "a", lmd, "still")
    side(tmp_path / "b", lmd - 0.5, "ours")
    target = tmp_path / "found.json"
    arguments = ["compare", str(tmp_path), "--methods", "still", "ours", "--json", str(target)]
    assert main(arguments) == 0
    assert "B is better" in capsys.readouterr().out
    stored = json.loads(target.read_text())
    assert stored["sections"][0]["rows"][0]["verdict"] == "B is better"
    assert math.isclose(stored["sections"][0]["rows"][0]["difference"]["mean"], -0.5)


def test_the_difference_shown_is_that_of_the_frames_both_scored(
    tmp_path: Path, lmd: np.ndarray, capsys: pytest.CaptureFixture[str]
) -> None:
    lost = lmd - 0.25
    lost[60:] = np.nan
    side(tmp_path / "a", np.where(np.arange(FRAMES) < 60, lmd, lmd + 5.0))
    side(tmp_path / "b", lost)
    assert main(["compare", str(tmp_path / "a"), str(tmp_path / "b")]) == 0
    assert "-0.250" in capsys.readouterr().out


def test_a_metric_that_is_not_installed_here_is_shown_by_its_name(
    tmp_path: Path, lmd: np.ndarray, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, values in (("a", lmd), ("b", lmd - 0.5)):
        write_run(tmp_path / name, result("ours", theirs=record(values, "lower")), theirs=values)
    assert main(["compare", str(tmp_path / "a"), str(tmp_path / "b")]) == 0
    told = capsys.readouterr().out
    assert "theirs" in told
    assert "-0.500" in told


def test_scores_of_two_videos_against_one_truth_are_compared(
    tmp_path: Path, lmd: np.ndarray
) -> None:
    first = write_scores(tmp_path / "ours", lmd=lmd, lip_agreement=lmd)
    second = write_scores(tmp_path / "theirs", lmd=lmd + 0.2, lip_agreement=lmd + 0.2)
    found = section(first, second)
    assert [row.metric for row in found.rows] == ["lmd", "lip_agreement"]
    assert [row.verdict for row in found.rows] == [Outcome.FIRST, Outcome.UNSURE]
    with pytest.raises(TgbenchError, match="no case is on both sides"):
        compare_folders(first, write_scores(tmp_path / "other", target="another truth", lmd=lmd))


def test_agreement_with_different_sounds_is_not_compared(tmp_path: Path, lmd: np.ndarray) -> None:
    first = write_scores(tmp_path / "ours", audio="a voice", lmd=lmd, lip_agreement=lmd)
    second = write_scores(tmp_path / "theirs", audio="another", lmd=lmd, lip_agreement=lmd)
    found = section(first, second)
    assert [row.metric for row in found.rows] == ["lmd"]
    assert any(note.startswith("lip_agreement: not compared") for note in found.notes)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["{0}"], "with what"),
        (["{0}", "{0}"], "several methods"),
        (["{0}", "--methods", "still", "nobody"], "no results of 'nobody'"),
        (["{0}/a", "{0}/b", "--protocol", "lipsync"], "it has self_reconstruction"),
        (["{0}", "{0}/gone"], "no such folder"),
        (["{0}", "{0}/empty"], "holds no results"),
        (["{0}/a", "{0}/b", "--json", "{0}/a/result.json/found.json"], "cannot write here"),
        (["{0}/a", "{0}/b", "--json", "{0}/empty"], "is a folder"),
    ],
)
def test_bad_input_is_one_line(
    tmp_path: Path,
    lmd: np.ndarray,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    said: str,
) -> None:
    side(tmp_path / "a", lmd, "still")
    side(tmp_path / "b", lmd, "ours")
    (tmp_path / "empty").mkdir()
    assert main(["compare", *(argument.format(tmp_path) for argument in arguments)]) == 2
    told = " ".join(capsys.readouterr().err.split())
    assert said in told
    assert "Traceback" not in told


def test_a_missing_table_of_frames_is_named(tmp_path: Path, lmd: np.ndarray) -> None:
    first, second = side(tmp_path / "a", lmd), side(tmp_path / "b", lmd)
    (second / "frames.parquet").write_bytes(b"half")
    with pytest.raises(TgbenchError, match=r"b/frames\.parquet: cannot be read"):
        compare_folders(first, second)
    (second / "frames.parquet").unlink()
    with pytest.raises(TgbenchError, match=r"b/frames\.parquet: is missing"):
        compare_folders(first, second)


def test_what_has_no_better_side_is_not_averaged_over_clips(
    tmp_path: Path, lmd: np.ndarray
) -> None:
    for method, lags in (("a", (-400.0, 240.0)), ("b", (40.0, 80.0))):
        for identity, lag in zip("xy", lags, strict=True):
            made = result(method, identity=identity, lip_lag=lag, lmd=record(lmd, "lower"))
            write_run(tmp_path / method / identity, made, lmd=lmd)
    found = section(tmp_path / "a", tmp_path / "b")
    assert [row.metric for row in found.rows] == ["lmd"]
    assert any(note.startswith("lip_lag: not compared") for note in found.notes)
    one = section(tmp_path / "a" / "x", tmp_path / "b" / "x")
    assert [row.metric for row in one.rows] == ["lmd", "lip_lag"]


def test_clips_of_one_name_are_told_apart(tmp_path: Path, lmd: np.ndarray) -> None:
    for method in "ab":
        for sha in ("1" * 64, "2" * 64):
            made = result(method, identity="x", identity_sha=sha, lmd=record(lmd, "lower"))
            write_run(tmp_path / method / sha[0], made, lmd=lmd)
    assert section(tmp_path / "a", tmp_path / "b").clips == (
        "x (111111, 000000)",
        "x (222222, 000000)",
    )


@pytest.mark.parametrize("frames", [{}, {"frame": [0.5] * FRAMES}, {"frame": [None] * FRAMES}])
def test_a_table_that_does_not_number_its_frames_is_told(
    tmp_path: Path, lmd: np.ndarray, frames: dict[str, list]
) -> None:
    for name in "ab":
        side(tmp_path / name, lmd, method=name)
    pd.DataFrame({"lmd": lmd, **frames}).to_parquet(tmp_path / "b" / "frames.parquet")
    with pytest.raises(TgbenchError, match=r"b/frames\.parquet: does not number its frames"):
        compare_folders(tmp_path / "a", tmp_path / "b")


def test_what_a_method_cannot_have_is_not_compared(tmp_path: Path, lmd: np.ndarray) -> None:
    fixed = result("fixed", upper_face=False, aue_u=record(lmd, "lower"))
    moved = result("moved", aue_u=record(lmd, "lower"), lmd=record(lmd, "lower"))
    write_run(
        tmp_path / "a", fixed.model_copy(update={"metrics": moved.metrics}), aue_u=lmd, lmd=lmd
    )
    write_run(tmp_path / "b", moved, aue_u=lmd, lmd=lmd)
    found = section(tmp_path / "a", tmp_path / "b")
    assert [row.metric for row in found.rows] == ["lmd"]
    (note,) = found.notes
    assert note.startswith(
        "aue_u: not compared; A has no value (the method does not move the upper face"
    )
    assert "result.json" in note


def test_lip_agreement_of_a_method_that_does_not_hear_is_called_chance(
    tmp_path: Path, lmd: np.ndarray
) -> None:
    for name, hears in (("deaf", False), ("hearing", True)):
        made = result(name, lmd=record(lmd, "lower"), lip_agreement=record(lmd, "higher"))
        method = made.method.model_copy(update={"hears_audio": hears})
        write_run(tmp_path / name, made.model_copy(update={"method": method}), lmd=lmd)
    for sides, chance in ((("deaf", "hearing"), "A"), (("hearing", "deaf"), "B")):
        notes = section(*(tmp_path / name for name in sides)).notes
        (note,) = [note for note in notes if "chance" in note]
        assert note.startswith(f"lip_agreement: {chance} does not hear")
