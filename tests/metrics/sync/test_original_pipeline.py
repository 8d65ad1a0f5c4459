from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import wave
from pathlib import Path

import cv2
import numpy as np
import pytest

from tgbench.errors import TgbenchError, Unavailable
from tgbench.metrics.sync.original_pipeline import OriginalPipeline
from tgbench.metrics.sync.scoring import TrackScore, score_crop
from tgbench.metrics.sync.track_pipeline import Found
from tgbench.metrics.sync.tracking import TrackLimits

from . import literal
from .fakes import Faces, picture, small_network

LIMITS = TrackLimits(detections=20)
FRAMES = 50
SPEECH = np.random.default_rng(4).normal(0, 3000, FRAMES * 640).astype(np.int16)

needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="no ffmpeg program")


def _box(frame: int) -> np.ndarray:
    return np.array([10.0, 15.0, 120.0, 145.0]) + np.sin(frame / 4.0)


def _image(frame: int) -> np.ndarray:
    return picture(frame)[:, :240]


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files go meanwhile."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def _pipeline(faces: Faces | None = None, limits: TrackLimits = LIMITS) -> OriginalPipeline:
    detector = faces or Faces(lambda i: [_box(i)])
    return OriginalPipeline(SPEECH, small_network(), detector, limits)


def _run(*command: str) -> None:
    subprocess.run(["ffmpeg", "-y", "-v", "error", *command], check=True, stdin=subprocess.DEVNULL)


def _known_async() -> bool:
    """Whether this ffmpeg still knows the option that the original uses."""
    told = subprocess.run(["ffmpeg", "-version"], capture_output=True, text=True).stdout
    version = re.match(r"ffmpeg version n?(\d+)", told)
    return version is not None and int(version[1]) < 7


def _originals_score(folder: Path) -> tuple[int, TrackScore]:
    """The original's commands, on a file without loss."""
    with wave.open(str(folder / "speech.wav"), "wb") as stream:
        stream.setparams((1, 2, 16000, 0, "NONE", ""))
        stream.writeframes(SPEECH.tobytes())
    (folder / "raw.rgb").write_bytes(b"".join(_image(i).tobytes() for i in range(FRAMES)))
    _run(
        *("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "240x160", "-r", "25"),
        *("-i", f"{folder}/raw.rgb", "-i", f"{folder}/speech.wav"),
        *("-c:v", "rawvideo", "-c:a", "copy", f"{folder}/input.nut"),
    )
    _run(
        *("-i", f"{folder}/input.nut", "-qscale:v", "2", "-async", "1", "-r", "25"),
        f"{folder}/video.avi",
    )
    _run(
        *("-i", f"{folder}/video.avi", "-qscale:v", "2", "-threads", "1", "-f", "image2"),
        f"{folder}/%06d.jpg",
    )
    _run(
        *("-i", f"{folder}/video.avi", "-ac", "1", "-vn", "-acodec", "pcm_s16le"),
        *("-ar", "16000", f"{folder}/audio.wav"),
    )
    jpgs = sorted(folder.glob("*.jpg"))
    (track,) = literal.tracks([[_box(i)] for i in range(FRAMES)], min_track=20)
    pictures = [cv2.imread(str(jpgs[i])) for i in track["frame"]]
    writer = cv2.VideoWriter(f"{folder}/t.avi", cv2.VideoWriter.fourcc(*"XVID"), 25, (224, 224))
    for crop in literal.crops(track["bbox"], pictures):
        writer.write(crop)
    writer.release()
    _run(
        *("-i", f"{folder}/audio.wav", "-ss", "0.000", "-to", f"{FRAMES / 25:.3f}"),
        f"{folder}/track.wav",
    )
    _run(
        *("-i", f"{folder}/t.avi", "-i", f"{folder}/track.wav", "-c:v", "copy", "-c:a", "copy"),
        f"{folder}/crop.avi",
    )
    return len(jpgs), score_crop(folder / "crop.avi", network=small_network())


@needs_ffmpeg
def test_a_score_is_that_of_the_originals_commands(tmp_path: Path, temporary: Path) -> None:
    if not _known_async():
        pytest.skip("this ffmpeg no longer knows -async")
    found = _film(_pipeline())
    assert list(temporary.iterdir()) == []

    reference = tmp_path / "reference"
    reference.mkdir()
    written, expected = _originals_score(reference)
    # The MP3 encoder's lead-in makes ffmpeg repeat frames; OpenCV's end bounds the shot.
    assert written > FRAMES
    assert found.frames == FRAMES
    (track,) = found.tracks
    assert track.score is not None
    assert track.score.windows == expected.windows
    assert track.score.offset == expected.offset
    assert track.score.confidence == expected.confidence
    assert track.score.distance == expected.distance
    np.testing.assert_array_equal(track.score.per_window, expected.per_window)


@needs_ffmpeg
def test_a_cut_ends_a_track(temporary: Path) -> None:
    pipeline = _pipeline()
    for i in range(FRAMES):
        pipeline.update(_image(i) if i < 25 else 255 - _image(i))
    found = pipeline.finish()
    assert len(found.tracks) == 2
    assert sum(track.frames for track in found.tracks) == FRAMES


@needs_ffmpeg
def test_no_face_leaves_no_file(temporary: Path) -> None:
    pipeline = _pipeline(Faces(lambda i: []))
    for i in range(5):
        pipeline.update(_image(i))
    found = pipeline.finish()
    assert (found.with_face, found.tracks) == (0, [])
    assert list(temporary.iterdir()) == []


@needs_ffmpeg
def test_a_video_without_frames(temporary: Path) -> None:
    assert _pipeline().finish().frames == 0
    assert list(temporary.iterdir()) == []


def test_without_the_program_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(Unavailable, match="install it"):
        _pipeline()


def test_what_the_program_says_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "ffmpeg"
    program.write_text("#!/bin/sh\necho 'Unknown encoder' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(TgbenchError, match="Unknown encoder"):
        _film(_pipeline())


def _film(pipeline: OriginalPipeline) -> Found:
    for i in range(FRAMES):
        pipeline.update(_image(i))
    return pipeline.finish()
