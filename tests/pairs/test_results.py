"""Scores of pairs are results: read, compared and gated as those of a run.

A prediction is its truth, brighter by a known number of grey levels, so PSNR is known.
"""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

import tgbench
from tgbench import TgbenchError, load_results
from tgbench.cli import main
from tgbench.metrics.image import lpips
from tgbench.pairs import processes
from tgbench.pairs.finding import Pair
from tgbench.pairs.processes import PairFailed, PairsFailed, score_pairs
from tgbench.pairs.scoring import PairsRequest, ScoredMethod, ScoredPair
from tgbench.processes import guardian
from tgbench.running.result import read_results

from ..metrics.clips import frame, video
from ..systems.videos.test_declaration import DEMOS, written

CLIPS = {"ann": 6, "bob": 9}
BRIGHTER = {"ours": 2, "theirs": 8}


def psnr(brighter: int) -> float:
    return 20 * math.log10(255 / brighter)


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """Folders of clips: `real`, and the predictions of two methods."""
    for method, brighter in {"real": 0, **BRIGHTER}.items():
        for name, frames in CLIPS.items():
            clip = tmp_path / method / name
            clip.mkdir(parents=True)
            for index in range(frames):
                picture = np.clip(frame(index, 48), 0, 240) + np.uint8(brighter)
                cv2.imwrite(str(clip / f"{index}.png"), picture)
    return tmp_path


def score(folders: Path, method: str, *more: str) -> int:
    command = ["score", "--pairs", str(folders / method), str(folders / "real")]
    command += ["--composite-mode", "full frame", "--out", str(folders / "out")]
    return main([*command, "--metrics", "psnr", *more])


def test_each_clip_leaves_a_result_with_its_hashes(
    folders: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert score(folders, "ours") == 0
    shown = capsys.readouterr().out
    assert f"{psnr(2):.2f}" in shown
    assert "2 of 2 clips" in shown
    found = {result.identity.name: result for _, result in read_results(folders / "out")}
    assert found.keys() == CLIPS.keys()
    for name, result in found.items():
        assert result.metrics["psnr"].value == pytest.approx(psnr(2))
        assert result.frames == CLIPS[name]
        assert (result.method.name, result.method.composite_mode) == ("ours", "full frame")
        assert result.method.reads.keys() == {name}
    assert found["ann"].identity.sha256 != found["bob"].identity.sha256


def test_from_python_it_is_the_same(folders: Path) -> None:
    out = folders / "out"
    found = tgbench.score_pairs(
        folders / "ours", folders / "real", out=out, composite_mode="full frame", metrics="psnr"
    )
    assert [each.pair.name for each in found] == ["ann", "bob"]
    assert [each.result.metrics["psnr"].value for each in found] == [pytest.approx(psnr(2))] * 2
    before = {path: path.read_bytes() for path in out.rglob("result.json")}
    assert score(folders, "ours") == 0, "what the command finds is done"
    assert {path: path.read_bytes() for path in out.rglob("result.json")} == before
    (folders / "theirs" / "ann" / "3.png").write_bytes(b"no picture")
    with pytest.raises(PairsFailed, match="ann") as failed:
        tgbench.score_pairs(folders / "theirs", folders / "real", out=out, metrics="psnr")
    assert [each.pair.name for each in failed.value.failures] == ["ann"]
    assert [each.result.metrics["psnr"].value for each in failed.value.scored] == [
        pytest.approx(psnr(8))
    ]
    with pytest.raises(TgbenchError, match="full frame"):
        tgbench.score_pairs(folders / "ours", folders / "real", out=out, composite_mode="full")


def test_reports_comparisons_and_the_gate_read_them(
    folders: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, baseline = str(folders / "out"), str(folders / "baseline.json")
    assert score(folders, "ours") == score(folders, "theirs") == 0
    capsys.readouterr()
    assert main(["report", out]) == 0
    table = capsys.readouterr().out
    assert f"{psnr(2):.2f}" in table
    assert f"{psnr(8):.2f}" in table
    assert "mean of 2 cases" in table
    difference = folders / "difference.json"
    command = ["compare", out, "--methods", "ours", "theirs", "--json", str(difference)]
    assert main(command) == 0
    assert f"{psnr(8) - psnr(2):+.2f}" in capsys.readouterr().out
    rows = load_results(out)
    assert set(zip(rows.method, rows.identity, strict=True)) == {
        (method, clip) for method in BRIGHTER for clip in CLIPS
    }
    assert main(["gate", "--update", "--baseline", baseline, "--reason", "first", out]) == 0
    assert main(["gate", "--baseline", baseline, out]) == 0
    worse = folders / "ours/bob/3.png"
    cv2.imwrite(str(worse), cv2.imread(str(worse)) // 4)
    assert score(folders, "ours", "--fresh") == 0
    assert main(["gate", "--baseline", baseline, out]) == 1


def test_what_is_there_stays_and_more_metrics_join_it(
    folders: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert score(folders, "ours") == 0
    before = [path.stat().st_mtime_ns for path, _ in read_results(folders / "out")]
    assert score(folders, "ours") == 0
    assert [path.stat().st_mtime_ns for path, _ in read_results(folders / "out")] == before
    assert "2 of them before" in capsys.readouterr().out
    assert score(folders, "ours", "ssim") == 0
    assert all({"psnr", "ssim"} == {*each.metrics} for _, each in read_results(folders / "out"))


def test_other_files_or_options_need_fresh_and_leave_a_note_for_the_gate(
    folders: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert score(folders, "ours") == 0
    cv2.imwrite(str(folders / "ours/ann/0.png"), frame(7, 48))
    assert score(folders, "ours") == 1
    shown = " ".join(capsys.readouterr().out.split())
    assert "ann: not scored" in shown
    assert "--fresh" in shown
    notes = [path.parent.parent.parent.parent.name for path in folders.rglob("attempt.json")]
    assert notes == ["ann"]
    assert score(folders, "ours", "--fresh") == 0
    assert not list(folders.rglob("attempt.json"))


def test_a_clip_that_fails_does_not_stop_the_others(
    folders: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folders / "ours/ann/5.png").write_bytes(b"no image")
    assert score(folders, "ours") == 1
    shown = capsys.readouterr().out
    assert "ann: not scored" in shown
    assert "5.png" in shown
    assert [result.identity.name for _, result in read_results(folders / "out")] == ["bob"]
    assert main(["report", str(folders / "out")]) == 0
    (missing,) = [line for line in capsys.readouterr().out.splitlines() if "not in the" in line]
    assert "/ann/" in missing
    assert "5.png" in missing


@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_row_without_its_file_is_a_reason(folders: Path, jobs: int) -> None:
    request = PairsRequest(ScoredMethod("ours"), folders / "out", ("psnr",))
    pairs = [
        Pair("gone", folders / "ours/gone.mp4", folders / "real/ann"),
        Pair("ann", folders / "ours/ann", folders / "real/ann"),
    ]
    found = {done.pair.name: done for done in score_pairs(request, pairs, jobs)}
    assert isinstance(found["gone"], PairFailed)
    assert "gone.mp4: no such prediction" in found["gone"].why
    assert isinstance(found["ann"], ScoredPair)
    assert found["ann"].result.metrics["psnr"].value == pytest.approx(psnr(2))


def test_a_declaration_says_whose_they_are(folders: Path) -> None:
    declaration = written(folders, DEMOS)
    command = ["score", "--pairs", str(folders / "ours"), str(folders / "real"), "--method"]
    command += [str(declaration), "--metrics", "psnr", "--out", str(folders / "out")]
    assert main(command) == 0
    for _, result in read_results(folders / "out"):
        assert result.method.name == "demos"
        assert result.method.leaked_conditions == ["true upper face"]
        assert result.method.system is not None
        assert result.method.system.licence == "none given"


def test_a_network_is_loaded_once_for_all_clips(
    folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[str] = []

    def load(net: str) -> object:
        loaded.append(net)
        return lambda *_: 0.25

    monkeypatch.setattr(lpips, "load_network", load)
    monkeypatch.setattr(lpips, "describe_weights", lambda name: name)
    monkeypatch.setattr(lpips.metadata, "version", lambda name: "0")
    request = PairsRequest(ScoredMethod("ours"), folders / "out", ("lpips",))
    pairs = [Pair(name, folders / "ours" / name, folders / "real" / name) for name in CLIPS]
    done = list(score_pairs(request, pairs))
    assert loaded == ["alex"]
    assert all(isinstance(each, ScoredPair) for each in done)


def test_the_sound_of_the_truth_is_taken(tmp_path: Path) -> None:
    ours = video(tmp_path / "ours.mp4", 40, sound=1.6)
    real = video(tmp_path / "real.mp4", 40, noise=3.0, sound=1.6)
    request = PairsRequest(ScoredMethod("ours"), tmp_path / "out", ("lip_lag",))
    (done,) = score_pairs(request, [Pair("a", ours, real)])
    assert isinstance(done, ScoredPair)
    assert done.result.driver.audio == "real.mp4"


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["a.mp4", "--pairs", "x", "y"], "a.mp4"),
        (["--pairs", "x", "y", "z"], "z"),
        (["--pairs", "x", "y", "--audio", "a.wav"], "--audio"),
        (["--pairs", "x", "y", "--jobs", "0"], "--jobs 0"),
        (["--pairs", "x", "y", "--method", "a/b"], "a/b"),
        (["a.mp4", "b.mp4", "--jobs", "2"], "--jobs"),
        (["a.mp4", "b.mp4", "--method", "ours"], "--method"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    options: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["score", *options]) == 2
    assert named in capsys.readouterr().err


@pytest.mark.slow
def test_no_process_outlives_the_one_that_asks(folders: Path) -> None:
    (folders / "gen").mkdir()
    for name in ("a", "b"):
        video(folders / "gen" / f"{name}.mp4", 2000)
    command = [sys.executable, "-m", "tgbench", "score", "--pairs", str(folders / "gen")]
    command += ["--jobs", "2", "--out", str(folders / "out")]
    parent = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(lambda: len(list((folders / "out").rglob(".self.part"))) == 2)
    children = guardian.descendants(parent.pid)
    parent.kill()
    parent.wait()
    assert len(children) >= 2
    wait_for(lambda: not any(is_running(child) for child in children))


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def is_running(process: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False


@pytest.mark.slow
def test_processes_find_the_same_and_the_death_of_one_is_a_reason(
    folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What lies in the working folder is no module of theirs.
    (folders / "pickle.py").write_text("raise SystemExit('the wrong module')\n")
    monkeypatch.chdir(folders)
    assert score(folders, "ours", "--jobs", "2") == 0
    values = [result.metrics["psnr"].value for _, result in read_results(folders / "out")]
    assert values == pytest.approx([psnr(2)] * 2)

    def kill(self: processes._Worker, pair: Pair) -> None:
        give(self, pair)
        if pair.name == "ann":
            os.kill(self._process.pid or 0, signal.SIGKILL)

    give = processes._Worker.give
    monkeypatch.setattr(processes._Worker, "give", kill)
    request = PairsRequest(ScoredMethod("again"), folders / "out", ("psnr",))
    pairs = [Pair(name, folders / "ours" / name, folders / "real" / name) for name in CLIPS]
    found = {done.pair.name: done for done in score_pairs(request, pairs, jobs=2)}
    assert isinstance(found["ann"], PairFailed)
    assert "signal 9" in found["ann"].why
    assert isinstance(found["bob"], ScoredPair)
    assert json.loads((found["bob"].folder / "result.json").read_text())["frames"] == 9
