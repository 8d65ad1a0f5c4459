from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tgbench.audio import SAMPLE_RATE, Waveform, write_wav
from tgbench.cli import main
from tgbench.files import hash_of

from ..metrics.clips import frame, video


def without_pictures(whole: bytes) -> bytes:
    """Blank the compressed pictures of an MP4 file and keep what is told of them."""
    start = whole.index(b"mdat") + 4
    size = int.from_bytes(whole[start - 8 : start - 4], "big") - 8
    return whole[:start] + bytes(size) + whole[start + size :]


def test_the_command_prints_and_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = video(tmp_path / "a.mp4", 8, noise=5.0, sound=1.0)
    second = video(tmp_path / "b.mp4", 9)
    out = tmp_path / "scores"
    command = ["score", "--prediction", str(first), "--target", str(second), "--out", str(out)]
    assert main([*command, "--metrics", "psnr", "aue_l"]) == 0
    shown = capsys.readouterr().out
    assert "PSNR ↑ [dB]" in shown
    assert "8/8" in shown
    assert "AUE-L: " in shown
    assert "last 1 of its 9 frames" in shown
    last = shown.strip().splitlines()[-1]
    assert last.startswith("a.mp4 against b.mp4: 8 frames at 25 a second; wrote scores.json")
    document = json.loads((out / "scores.json").read_text())
    assert (
        document["inputs"]["prediction"]["sha256"] == hashlib.sha256(first.read_bytes()).hexdigest()
    )
    assert document["metrics"]["psnr"]["scored"] == 8
    assert document["metrics"]["aue_l"]["status"] == "unavailable"
    table = pd.read_parquet(out / "frames.parquet")
    assert table["psnr"].mean() == pytest.approx(document["metrics"]["psnr"]["value"])
    assert table["frame"].tolist() == list(range(8))


def test_earlier_scores_are_replaced_only_if_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = video(tmp_path / "a.mp4", 3, noise=9.0), video(tmp_path / "b.mp4", 3)
    out = tmp_path / "out"
    command = ["score", str(first), str(second), "--metrics", "psnr", "--out", str(out)]
    assert main(command) == 0
    before = {path: path.read_bytes() for path in out.iterdir()}
    other = ["score", str(second), "--metrics", "lip_lag", "--out", str(out)]
    for again in (command, other):
        capsys.readouterr()
        assert main(again) == 2
        told = " ".join(capsys.readouterr().err.split())
        assert f"{out}: holds scores already (a.mp4 against b.mp4, 20" in told
        assert "use --fresh to replace them, or another --out" in told
        assert {path: path.read_bytes() for path in out.iterdir()} == before
    assert main([*command[:-4], "--metrics", "ssim", *command[-2:], "--fresh"]) == 0
    assert list(json.loads((out / "scores.json").read_text())["metrics"]) == ["ssim"]
    assert set(pd.read_parquet(out / "frames.parquet")) == {"frame", "ssim"}


@pytest.mark.parametrize("content", ["", "{", "[]", '{"inputs": 3}', '{"inputs": {"target": 1}}'])
def test_scores_that_are_damaged_are_not_replaced_either(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    (tmp_path / "scores.json").write_text(content)
    clip = video(tmp_path / "a.mp4", 2)
    assert main(["score", str(clip), str(clip), "--metrics", "psnr", "--out", str(tmp_path)]) == 2
    assert "holds scores already; use --fresh" in capsys.readouterr().err
    assert (tmp_path / "scores.json").read_text() == content


def test_a_result_of_a_run_is_never_replaced_by_scores(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = video(tmp_path / "a.mp4", 2)
    for name in ("result.json", "frames.parquet"):
        (tmp_path / name).write_text("of a run")
    command = ["score", str(clip), str(clip), "--metrics", "psnr", "--out", str(tmp_path)]
    assert main([*command, "--fresh"]) == 2
    assert "holds a result of `tgbench run`" in capsys.readouterr().err
    assert (tmp_path / "frames.parquet").read_text() == "of a run"


@pytest.mark.parametrize("name", ["nowhere.mp4", "text.mp4"])
def test_what_is_no_video_is_one_clear_line(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "text.mp4").write_text("not a video")
    assert main(["score", "--prediction", str(tmp_path / name)]) == 2
    assert name in "".join(capsys.readouterr().err.split())


def test_clips_can_be_named_by_their_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = video(tmp_path / "a.mp4", 5)
    images = tmp_path / "real"
    images.mkdir()
    for index in range(5):
        Image.fromarray(frame(index, 64)).save(images / f"{index}.png")
    out = tmp_path / "scores"
    command = ["score", str(first), str(images), "--metrics", "psnr", "ssim", "--out", str(out)]
    assert main(command) == 0
    document = json.loads((out / "scores.json").read_text())
    hashes = {f"{i}.png": hashlib.sha256((images / f"{i}.png").read_bytes()) for i in range(5)}
    assert document["inputs"]["target"]["sha256"] == hash_of(
        {name: digest.hexdigest() for name, digest in hashes.items()}
    )
    assert document["metrics"]["psnr"]["value"] > 30
    assert document["options"]["face_box"] is None
    assert main(["score", str(first), str(images), "--metrics", "psnr"]) == 0
    assert "--out FOLDER keeps the numbers" in capsys.readouterr().out


def test_a_score_without_any_number_fails_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    silent = video(tmp_path / "a.mp4", 5)
    assert main(["score", str(silent), "--metrics", "lip_agreement"]) == 1
    shown = capsys.readouterr().out
    assert "no sound was given" in shown
    assert shown.splitlines()[-1].startswith("nothing was measured; a.mp4 alone: 5 frames")


def test_identical_clips_are_a_finding_and_no_failure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = video(tmp_path / "a.mp4", 5)
    copy = tmp_path / "b.mp4"
    copy.write_bytes(clip.read_bytes())
    out = tmp_path / "out"
    said = "every frame equals its target: PSNR is infinite"
    for metrics in (["psnr"], ["psnr", "ssim"]):
        command = ["score", str(clip), str(copy), "--out", str(out), "--fresh", "--metrics"]
        assert main([*command, *metrics]) == 0
        assert " ".join(capsys.readouterr().out.split()).endswith(said)
        record = json.loads((out / "scores.json").read_text())["metrics"]["psnr"]
        assert (record["value"], record["status"]) == (None, "unscored")
    for name in ("ours", "real"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.mp4").write_bytes(clip.read_bytes())
    folders = [str(tmp_path / "ours"), str(tmp_path / "real")]
    assert main(["score", *folders, "--metrics", "psnr"]) == 0
    assert said in " ".join(capsys.readouterr().out.split())
    other = video(tmp_path / "c.mp4", 5, noise=9.0)
    assert main(["score", str(clip), str(other), "--metrics", "psnr"]) == 0
    assert "infinite" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "no clip to measure"),
        (["a.mp4", "a.mp4", "a.mp4"], "too many clips"),
        (["a.mp4", "a.mp4", "--face-box", "1,2,3"], "left,top,right,bottom"),
        (["a.mp4", "a.mp4", "--face-box", "8,8,80,40"], "not a box inside frames of 64x64"),
        (["a.mp4", "a.mp4", "--face-box", "8,8,8,40"], "not a box"),
        (["a.mp4", "a.mp4", "--fps", "0"], "--fps 0"),
        (["a.mp4", "a.mp4", "--action-units", "none.csv", "a.mp4"], "none.csv: no such file"),
        (["a.mp4", "a.mp4", "--aligned-faces", "a.mp4", "a.mp4"], "no such folder"),
        (["a.mp4", "a.mp4", "--metrics", "ssim_fac"], "did you mean 'ssim_face'"),
        (["a.mp4", "--metrics", "fps"], "tgbench run"),
        (["a.mp4", "empty"], "holds no images"),
        (["a.mp4", "gone"], "no such file"),
        (["hollow.mp4"], "hollow.mp4: is empty; copy or record it again"),
        (["cut.mp4"], "cut.mp4: cannot be read as a video"),
        (["undecodable.mp4"], "undecodable.mp4: no frame can be decoded"),
        (["sound.wav"], "sound.wav: has sound only; give a video, or a folder of images"),
        (
            ["0.png"],
            "0.png: cannot be read as a video",
        ),
        (["pipe"], "pipe: is a pipe or a device, not a regular file; give a video"),
        (["broken"], "0.png: cannot be read as an image"),
        (["a.mp4", "--audio", "empty", "--metrics", "sync_c"], "is a folder; give a file with spe"),
        (["a.mp4", "--audio", "0.txt", "--metrics", "sync_c"], "0.txt: cannot be read as audio"),
        (["a.mp4", "a.mp4", "--audio", "gone.wav", "--metrics", "sync_c"], "no such file"),
        (["a.mp4", "--phonemes", "gone.TextGrid"], "gone.TextGrid: no such file"),
        (
            ["--pairs", "broken", "broken", "--method", "ours", "--phonemes", "0.txt"],
            "--phonemes: is of one clip",
        ),
        (
            ["a.mp4", "a.mp4", "--phonemes", "0.txt", "--metrics", "vowel_opening"],
            "0.txt: is no TextGrid that can be read",
        ),
    ],
)
def test_what_cannot_be_is_one_clear_line(
    words: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    video(tmp_path / "a.mp4", 3)
    (tmp_path / "empty").mkdir()
    (tmp_path / "hollow.mp4").write_bytes(b"")
    whole = Path("a.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[8:])
    (tmp_path / "undecodable.mp4").write_bytes(without_pictures(whole))
    write_wav(tmp_path / "sound.wav", Waveform(np.zeros(SAMPLE_RATE, np.float32)))
    Image.fromarray(frame(0, 64)).save(tmp_path / "0.png")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "0.png").write_bytes(b"hello")
    (tmp_path / "0.txt").write_bytes(b"RIFF nonsense")
    assert main(["score", *words]) == 2
    shown = " ".join(capsys.readouterr().err.split())
    assert said in shown
    assert "Traceback" not in shown


def test_what_is_true_of_several_clips_is_said_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a", "b", "c"):
        for folder in ("ours", "real"):
            (tmp_path / folder).mkdir(exist_ok=True)
            video(tmp_path / folder / f"{name}.mp4", 5, noise=9.0 * (folder == "ours"))
    folders = [str(tmp_path / "ours"), str(tmp_path / "real")]
    assert main(["score", *folders, "--metrics", "psnr", "aue_l"]) == 0
    shown = capsys.readouterr().out
    assert shown.count("AUE-L") == 1
    assert "AUE-L (3 of 3 clips): " in shown
    assert shown.count("--out FOLDER") == 1
