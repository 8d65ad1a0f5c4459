from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tgbench.audio import SAMPLE_RATE, Waveform, write_wav
from tgbench.errors import TgbenchError
from tgbench.interfaces import MetricOptions
from tgbench.metrics.image.psnr import psnr
from tgbench.metrics.videos import driving_sound, metrics_for_videos, score_videos
from tgbench.video.reader import VideoReader
from tgbench.video.rgb_conversion import RgbConverter
from tgbench.video.writer import VideoWriter

from .clips import frame, video


def test_the_number_is_that_of_the_decoded_frames(tmp_path: Path) -> None:
    first = video(tmp_path / "a.mp4", 12, noise=10.0)
    second = video(tmp_path / "b.mp4", 12)
    scores = score_videos(first, second, None, ["psnr"])
    pairs = zip(VideoReader(first, fps=None), VideoReader(second, fps=None), strict=True)
    expected = [psnr(a, b) for a, b in pairs]
    assert scores.per_frame["psnr"] == expected
    assert scores.measurements["psnr"].value == pytest.approx(np.mean(expected))
    assert (scores.frames, scores.fps, scores.notes) == (12, 25.0, ())


def test_a_label_in_the_frames_is_told(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "a.mp4", 64, 64, label=True) as writer:
        for index in range(5):
            writer.write(frame(index, 64))
    plain = video(tmp_path / "b.mp4", 5)
    (note,) = score_videos(tmp_path / "a.mp4", plain, None, ["psnr"]).notes
    assert note.startswith("a.mp4: its frames carry a visible label")
    assert score_videos(plain, plain, None, ["psnr"]).notes == ()


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


@pytest.mark.parametrize("given", ["action_units", "aligned_faces"])
def test_files_of_openface_are_refused_where_frames_are_resampled(
    tmp_path: Path, given: str
) -> None:
    first, second = video(tmp_path / "a.mp4", 30, fps=30.0), video(tmp_path / "b.mp4", 25)
    options = MetricOptions(**{given: (tmp_path / "a.csv", tmp_path / "b.csv")})
    with pytest.raises(TgbenchError, match="OpenFace counts frames as they are stored"):
        score_videos(first, second, None, ["psnr"], options=options)


def test_sizes_that_differ_are_refused(tmp_path: Path) -> None:
    first, second = video(tmp_path / "a.mp4", 2), video(tmp_path / "b.mp4", 2, size=32)
    with pytest.raises(TgbenchError, match=r"a\.mp4 is 64x64, .*b\.mp4 is 32x32"):
        score_videos(first, second, None, ["psnr"])


def test_a_short_sound_and_a_long_one_are_told(tmp_path: Path) -> None:
    clip = video(tmp_path / "a.mp4", 50)
    for seconds, said in ((0.1, "ends 1.90 s before"), (4.0, "goes on for 2.00 s after")):
        speech = tmp_path / f"{seconds}.wav"
        write_wav(speech, Waveform(np.zeros(int(seconds * SAMPLE_RATE), np.float32)))
        scores = score_videos(clip, None, speech, ["lip_agreement", "lip_lag"])
        assert any(said in note for note in scores.notes)
        assert all(found.value is None and found.reason for found in scores.measurements.values())


def test_a_silent_prediction_takes_the_sound_of_its_target(tmp_path: Path) -> None:
    silent = video(tmp_path / "a.mp4", 60)
    heard = video(tmp_path / "b.mp4", 60, sound=2.4)
    scores = score_videos(silent, heard, None, ["lip_agreement"])
    assert scores.sound == heard
    assert "a.mp4 has no sound; that of b.mp4 was taken" in scores.notes
    same = score_videos(heard, heard, None, ["lip_agreement"])
    assert not any("has no sound" in note for note in same.notes)
    nothing = score_videos(silent, None, None, ["lip_agreement"])
    assert nothing.measurements["lip_agreement"].reason == "no sound was given"
    assert score_videos(silent, heard, None, ["psnr"]).sound is None


def test_a_picture_that_starts_after_its_sound_stays_in_step(tmp_path: Path) -> None:
    """Frames as stored begin with the picture, so the sound before it is cut."""
    path = tmp_path / "late.mkv"
    with av.open(str(path), "w") as container:
        pictures = container.add_stream("libx264", rate=25)
        pictures.width, pictures.height, pictures.pix_fmt = 64, 64, "yuv420p"
        sounds = container.add_stream("pcm_s16le", rate=SAMPLE_RATE, layout="mono")
        block = av.AudioFrame.from_ndarray(
            np.arange(SAMPLE_RATE * 2, dtype=np.int16)[None], format="s16", layout="mono"
        )
        block.sample_rate, block.time_base, block.pts = SAMPLE_RATE, Fraction(1, SAMPLE_RATE), 0
        container.mux(sounds.encode(block))
        for index in range(30):
            shown = av.VideoFrame.from_ndarray(frame(index, 64), format="rgb24")
            shown.pts, shown.time_base = index + 10, Fraction(1, 25)
            container.mux(pictures.encode(shown))
        container.mux(pictures.encode(None))
    waveform, _ = driving_sound([path], None, False, [])
    assert waveform is not None
    assert waveform.samples[0] * 32768 == pytest.approx(0.4 * SAMPLE_RATE, abs=16)
    by_clock, _ = driving_sound([path], None, True, [])
    assert by_clock is not None
    assert by_clock.samples[0] == 0.0


def test_sound_that_cannot_be_read_stops_only_what_needs_it(tmp_path: Path) -> None:
    clip = video(tmp_path / "a.mp4", 10)
    (tmp_path / "bad.wav").write_bytes(b"RIFF nonsense")
    assert score_videos(clip, clip, tmp_path / "bad.wav", ["ssim"]).frames == 10
    with pytest.raises(TgbenchError, match=r"bad\.wav"):
        score_videos(clip, None, tmp_path / "bad.wav", ["lip_agreement"])


def test_no_face_in_any_frame_is_no_number(tmp_path: Path) -> None:
    clip = video(tmp_path / "a.mp4", 4)
    found = score_videos(clip, clip, None, ["lmd"]).measurements["lmd"]
    assert found.value is None
    assert found.scored == 0
    assert found.reason


def test_every_frame_is_decoded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded = []
    convert = RgbConverter.__call__
    monkeypatch.setattr(
        RgbConverter,
        "__call__",
        lambda self, frame, size: decoded.append(frame) or convert(self, frame, size),
    )
    clip = video(tmp_path / "a.mp4", 12)
    score_videos(clip, clip, None, ["psnr", "ssim", "lmd"])
    assert len(decoded) == 24


@pytest.mark.slow
def test_memory_does_not_grow_with_the_clip(tmp_path: Path) -> None:
    """Ten thousand pairs of frames, decoded 240 MB, in a process of their own."""
    script = (
        "import resource, sys; from pathlib import Path; "
        "from tgbench.metrics.videos import score_videos; "
        "paths = [Path(name) for name in sys.argv[1:]]; "
        "frames = score_videos(*paths, None, ['psnr']).frames; "
        "print(frames, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    peaks = {}
    for frames in (200, 10_000):
        path = tmp_path / f"{frames}.mp4"
        shown = [frame(index, 64) for index in range(10)]
        with VideoWriter(path, 64, 64) as writer:
            for index in range(frames):
                writer.write(shown[index % 10])
        done = subprocess.run(
            [sys.executable, "-c", script, str(path), str(path)],
            check=True,
            capture_output=True,
            text=True,
        )
        count, peak = map(int, done.stdout.split())
        assert count == frames
        peaks[frames] = peak / 1024
    assert peaks[10_000] < peaks[200] + 40


def test_the_choice_of_metrics_follows_what_is_given() -> None:
    alone = metrics_for_videos(None, has_target=False)
    assert "lip_agreement" in alone
    assert not {"psnr", "lmd", "fps", "training_time", "sync_c_fast"} & set(alone)
    pair = metrics_for_videos(None, has_target=True)
    assert {"psnr", "lmd"} <= set(pair)
    assert "fps" not in pair
    assert not {"ssim_face_skimage", "ssim_face_aligned"} & set(pair)
    aligned = MetricOptions(aligned_faces=(Path("a"), Path("b")))
    assert "ssim_face_aligned" in metrics_for_videos(None, True, aligned)
    assert metrics_for_videos(["lmd", "psnr"], has_target=True) == ("psnr", "lmd")
    for name, message in (("psnr", "--target"), ("fps", "timed run"), ("lmdd", "did you mean")):
        with pytest.raises(TgbenchError, match=message):
            metrics_for_videos([name], has_target=False)
