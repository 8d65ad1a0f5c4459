from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from tgbench.audio import SAMPLE_RATE, Waveform, write_wav
from tgbench.cli import main
from tgbench.errors import TgbenchError
from tgbench.metrics.psnr import psnr
from tgbench.metrics.videos import metrics_for_videos, score_videos
from tgbench.video.reader import VideoReader
from tgbench.video.writer import VideoWriter


def frame(index: int, size: int, noise: float = 0.0) -> NDArray[np.uint8]:
    y, x = np.mgrid[:size, :size]
    picture = 128 + 60 * np.sin(x / 9.0 + index * 0.3) + 40 * np.cos(y / 7.0)
    rng = np.random.default_rng(index)
    picture = picture + noise * rng.normal(size=picture.shape)
    return np.repeat(np.clip(picture, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def video(
    path: Path,
    frames: int,
    *,
    size: int = 64,
    fps: float = 25.0,
    noise: float = 0.0,
    sound: float = 0,
) -> Path:
    audio = Waveform(np.zeros(int(sound * SAMPLE_RATE), np.float32)) if sound else None
    with VideoWriter(path, size, size, fps=fps, audio=audio) as writer:
        for index in range(frames):
            writer.write(frame(index, size, noise))
    return path


def test_the_number_is_that_of_the_decoded_frames(tmp_path: Path) -> None:
    first = video(tmp_path / "a.mp4", 12, noise=10.0)
    second = video(tmp_path / "b.mp4", 12)
    scores = score_videos(first, second, None, ["psnr"])
    pairs = zip(VideoReader(first, fps=None), VideoReader(second, fps=None), strict=True)
    expected = [psnr(a, b) for a, b in pairs]
    assert scores.per_frame["psnr"] == expected
    assert scores.measurements["psnr"].value == pytest.approx(np.mean(expected))
    assert (scores.frames, scores.fps, scores.notes) == (12, 25.0, ())


def test_frames_without_a_partner_are_told_and_not_compared(tmp_path: Path) -> None:
    first, second = video(tmp_path / "a.mp4", 10), video(tmp_path / "b.mp4", 14)
    scores = score_videos(first, second, None, ["psnr"])
    assert scores.frames == 10
    assert scores.measurements["psnr"].total == 10
    (note,) = scores.notes
    assert note == "b.mp4: the last 4 of its 14 frames have no partner and were not compared"


def test_unlike_rates_meet_at_25(tmp_path: Path) -> None:
    first = video(tmp_path / "a.mp4", 50, fps=50.0)
    second = video(tmp_path / "b.mp4", 25, fps=25.0)
    scores = score_videos(first, second, None, ["psnr"])
    assert (scores.frames, scores.fps) == (25, 25.0)
    assert scores.notes == ("a.mp4: 50.000 frames a second, resampled to 25",)


def test_one_common_rate_is_kept(tmp_path: Path) -> None:
    first, second = (video(tmp_path / f"{name}.mp4", 15, fps=30.0) for name in "ab")
    scores = score_videos(first, second, None, ["psnr"])
    assert (scores.frames, scores.fps, scores.notes) == (15, 30.0, ())


def test_sound_that_ends_early_is_told(tmp_path: Path) -> None:
    speech = tmp_path / "speech.wav"
    write_wav(speech, Waveform(np.zeros(SAMPLE_RATE // 2, np.float32)))
    scores = score_videos(video(tmp_path / "a.mp4", 25), None, speech, ["lip_agreement"])
    assert scores.notes == ("the sound ends 0.50 s before the frames",)


def test_sizes_that_differ_are_refused(tmp_path: Path) -> None:
    first, second = video(tmp_path / "a.mp4", 2), video(tmp_path / "b.mp4", 2, size=32)
    with pytest.raises(TgbenchError, match=r"a\.mp4 is 64x64, .*b\.mp4 is 32x32"):
        score_videos(first, second, None, ["psnr"])


def test_the_choice_of_metrics_follows_what_is_given() -> None:
    alone = metrics_for_videos(None, has_target=False)
    assert "lip_agreement" in alone
    assert not {"psnr", "lmd", "fps", "training_time"} & set(alone)
    pair = metrics_for_videos(None, has_target=True)
    assert {"psnr", "lmd"} <= set(pair)
    assert "fps" not in pair
    assert metrics_for_videos(["lmd", "psnr"], has_target=True) == ("psnr", "lmd")
    for name, message in (("psnr", "--target"), ("fps", "timed run"), ("lmdd", "did you mean")):
        with pytest.raises(TgbenchError, match=message):
            metrics_for_videos([name], has_target=False)


def test_the_command_prints_and_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = video(tmp_path / "a.mp4", 8, noise=5.0, sound=1.0)
    second = video(tmp_path / "b.mp4", 9)
    out = tmp_path / "scores"
    command = ["score", "--prediction", str(first), "--target", str(second), "--out", str(out)]
    assert main([*command, "--metrics", "psnr", "aue_l"]) == 0
    shown = capsys.readouterr().out
    assert "PSNR ↑ [dB]" in shown
    assert "8/8" in shown
    assert "OpenFace" in shown
    assert "last 1 of its 9 frames" in shown
    document = json.loads((out / "scores.json").read_text())
    assert (
        document["inputs"]["prediction"]["sha256"] == hashlib.sha256(first.read_bytes()).hexdigest()
    )
    assert document["metrics"]["psnr"]["scored"] == 8
    assert document["metrics"]["aue_l"]["status"] == "unavailable"
    table = pd.read_parquet(out / "frames.parquet")
    assert table["psnr"].mean() == pytest.approx(document["metrics"]["psnr"]["value"])
    assert table["frame"].tolist() == list(range(8))


@pytest.mark.parametrize("name", ["nowhere.mp4", "text.mp4"])
def test_what_is_no_video_is_one_clear_line(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "text.mp4").write_text("not a video")
    assert main(["score", "--prediction", str(tmp_path / name)]) == 2
    assert name in "".join(capsys.readouterr().err.split())
