"""Frames of a clip carry their number as a grey level, so that a test can tell which it got."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tgbench.audio import Waveform, read_waveform, write_wav
from tgbench.errors import TgbenchError
from tgbench.video.reader import VideoReader
from tgbench.video.resampling import resampled

STEP = 4
"""Grey levels between the pictures of successive frames."""

MILLISECOND = Fraction(1, 1000)


def numbered(count: int, height: int = 48, width: int = 64) -> list[NDArray[np.uint8]]:
    return [np.full((height, width, 3), 8 + STEP * i, np.uint8) for i in range(count)]


def numbers(frames: Sequence[NDArray[np.uint8]]) -> list[int]:
    return [round((float(frame.mean()) - 8) / STEP) for frame in frames]


def encode(
    path: Path,
    images: Sequence[NDArray[np.uint8]],
    times: Sequence[float] | None = None,
    fps: int = 25,
    sound: NDArray[np.float32] | None = None,
    sound_start: float = 0.0,
    aspect: Fraction | None = None,
) -> Path:
    """Write a clip; `times` in seconds, evenly spaced by default."""
    times = [i / fps for i in range(len(images))] if times is None else times
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=fps)
        video.height, video.width = images[0].shape[:2]
        video.pix_fmt = "yuv420p"
        video.options = {"crf": "4", "preset": "ultrafast"}
        video.codec_context.time_base = MILLISECOND
        if aspect is not None:
            video.codec_context.sample_aspect_ratio = aspect
        audio = None if sound is None else container.add_stream("pcm_s16le", rate=16000)
        for image, time in zip(images, times, strict=True):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
            frame.pts, frame.time_base = round(time * 1000), MILLISECOND
            container.mux(video.encode(frame))
        container.mux(video.encode())
        if audio is not None and sound is not None:
            pcm = (sound * 32767).astype(np.int16)[None]
            block = av.AudioFrame.from_ndarray(pcm, format="s16", layout="mono")
            block.sample_rate, block.time_base = 16000, Fraction(1, 16000)
            block.pts = round(sound_start * 16000)
            container.mux(audio.encode(block))
            container.mux(audio.encode())
    return path


def test_reads_every_frame_of_a_clip_at_the_same_rate(tmp_path: Path) -> None:
    reader = VideoReader(encode(tmp_path / "a.mkv", numbered(20)))
    frames = list(reader)
    assert numbers(frames) == list(range(20))
    assert all(frame.flags.c_contiguous and frame.dtype == np.uint8 for frame in frames)
    assert frames[0].shape == (48, 64, 3)
    assert (reader.info.width, reader.info.height, reader.info.codec) == (64, 48, "h264")
    assert reader.info.fps == pytest.approx(25.0, rel=0.02)


def test_iterating_again_starts_again(tmp_path: Path) -> None:
    reader = VideoReader(encode(tmp_path / "a.mkv", numbered(6)))
    assert numbers(list(reader)) == numbers(list(reader)) == list(range(6))


@pytest.mark.parametrize("fps", [15, 24, 30, 50])
def test_resamples_to_what_is_shown_then(tmp_path: Path, fps: int) -> None:
    got = numbers(list(VideoReader(encode(tmp_path / "a.mp4", numbered(fps), fps=fps))))
    # The last frame that starts before the middle of an instant and the next one, or on it.
    assert got == [max(i for i in range(fps) if 50 * i < fps * (2 * k + 1)) for k in range(25)]


def test_without_a_rate_every_stored_frame_comes_once(tmp_path: Path) -> None:
    clip = encode(tmp_path / "a.mp4", numbered(30), fps=30)
    assert numbers(list(VideoReader(clip, fps=None))) == list(range(30))


def test_uneven_frames_are_shown_for_as_long_as_they_last(tmp_path: Path) -> None:
    times = [0.0, 0.04, 0.4, 0.44, 0.48]
    got = numbers(list(VideoReader(encode(tmp_path / "a.mkv", numbered(5), times))))
    assert got[:13] == [0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 3, 4]


def test_pictures_that_start_late_keep_their_place_beside_the_sound(tmp_path: Path) -> None:
    sound = np.zeros(16000, np.float32)
    sound[8000:8100] = 0.8
    clip = encode(tmp_path / "a.mkv", numbered(15), [0.4 + i / 25 for i in range(15)], sound=sound)
    got = numbers(list(VideoReader(clip)))
    assert got == [0] * 10 + list(range(15))
    click = int(np.abs(read_waveform(clip).samples).argmax())
    # The click at 0.5 s falls on instant 12, which shows what was filmed from 0.48 s on.
    assert got[int(click / 16000 * 25)] == 2


UPRIGHT = {
    (1, 0, 0, 1): lambda image: image,
    (0, 1, -1, 0): lambda image: np.rot90(image, -1),
    (-1, 0, 0, -1): lambda image: np.rot90(image, 2),
    (0, -1, 1, 0): lambda image: np.rot90(image, 1),
    (-1, 0, 0, 1): np.fliplr,
    (1, 0, 0, -1): np.flipud,
    (0, 1, 1, 0): lambda image: image.transpose(1, 0, 2),
    (0, -1, -1, 0): lambda image: np.rot90(image, 2).transpose(1, 0, 2),
}
"""What the matrix (a, b, c, d) makes of a picture, which moves (x, y) to (ax + cy, bx + dy)."""


@pytest.mark.parametrize("matrix", UPRIGHT)
def test_frames_stand_upright(tmp_path: Path, matrix: tuple[int, ...]) -> None:
    """All eight orientations of the track header's matrix (ISO/IEC 14496-12, 8.3.2)."""
    stored = np.zeros((48, 64, 3), np.uint8)
    stored[:16, :16] = 255
    stored[:16, 16:32] = 128
    path = encode(tmp_path / "a.mp4", [stored] * 2)
    data = bytearray(path.read_bytes())
    unity = b"".join(value.to_bytes(4, "big") for value in (0x10000, 0, 0, 0, 0x10000, 0, 0, 0))
    place = data.index(unity, data.index(b"tkhd"))
    a, b, c, d = ((value * 0x10000) % 2**32 for value in matrix)
    turned = b"".join(value.to_bytes(4, "big") for value in (a, b, 0, c, d, 0, 0, 0))
    data[place : place + len(turned)] = turned
    path.write_bytes(data)
    reader = VideoReader(path)
    frame = next(iter(reader))
    assert frame.shape[:2] == (reader.info.height, reader.info.width)
    np.testing.assert_allclose(frame, UPRIGHT[matrix](stored), atol=12)
    assert frame.flags.c_contiguous
    # What is said of it in words gives the same picture.
    told = np.rot90(stored, reader.info.rotation // 90)
    told = np.fliplr(told) if reader.info.mirrored else told
    np.testing.assert_array_equal(told, UPRIGHT[matrix](stored))


def test_pixels_are_made_square(tmp_path: Path) -> None:
    clip = encode(tmp_path / "a.mp4", numbered(3), aspect=Fraction(2, 1))
    reader = VideoReader(clip)
    assert next(iter(reader)).shape == (48, 128, 3)
    assert (reader.info.width, reader.info.height) == (128, 48)


def test_pixels_of_an_absurd_shape_are_refused(tmp_path: Path) -> None:
    clip = encode(tmp_path / "thin.mkv", numbered(3), aspect=Fraction(1, 50))
    with pytest.raises(TgbenchError, match=r"thin\.mkv: .*aspect ratio of 1:50"):
        VideoReader(clip)


def test_a_clip_cut_short_gives_what_is_there(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 255, (48, 64, 3), np.uint8) for _ in range(50)]
    whole = encode(tmp_path / "a.mkv", images).read_bytes()
    short = tmp_path / "short.mkv"
    short.write_bytes(whole[: len(whole) // 2])
    with caplog.at_level(logging.WARNING, "tgbench"):
        frames = list(VideoReader(short))
    assert 10 < len(frames) < 40
    assert "short.mkv: is truncated" in caplog.text


def test_a_damaged_clip_warns(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 255, (48, 64, 3), np.uint8) for _ in range(50)]
    path = encode(tmp_path / "a.mp4", images)
    data = bytearray(path.read_bytes())
    start = data.index(b"mdat") + 4
    data[start + 40_000 : start + 60_000] = bytes(20_000)
    path.write_bytes(data)
    with caplog.at_level(logging.WARNING, "tgbench"):
        frames = list(VideoReader(path))
    assert frames
    assert re.search(r"a\.mp4: [1-9]\d* damaged packet", caplog.text)


def test_what_is_no_video_is_named(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("no pictures here, only words\n" * 20)
    speech = tmp_path / "speech.wav"
    write_wav(speech, Waveform(np.zeros(1600, np.float32)))
    picture = tmp_path / "face.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(50))
    empty = tmp_path / "empty.mp4"
    empty.touch()
    encode(tmp_path / "real.mp4", numbered(3))
    playlist = tmp_path / "list.mp4"
    playlist.write_text("ffconcat version 1.0\nfile real.mp4\n")
    for path in (text, speech, picture, empty, playlist, tmp_path, tmp_path / "nowhere.mp4"):
        with pytest.raises(TgbenchError, match=path.name):
            list(VideoReader(path))


@given(
    gaps=st.lists(st.integers(5, 300), min_size=1, max_size=40),
    start=st.integers(0, 500),
    fps=st.sampled_from([5, 24, 25, 60]),
)
def test_resampling_is_that_of_ffmpegs_filter(gaps: list[int], start: int, fps: int) -> None:
    times = start + np.concatenate([[0], np.cumsum(gaps)])
    graph = av.filter.Graph()
    source = graph.add("buffer", "video_size=2x2:pix_fmt=gray:time_base=1/1000")
    filtered = graph.add("fps", f"{fps}:start_time=0")
    graph.link_nodes(source, filtered, graph.add("buffersink")).configure()
    expected = []
    for number, time in enumerate(times):
        image = np.full((2, 2), number, np.uint8)
        frame = av.VideoFrame.from_ndarray(image, format="gray")
        frame.pts, frame.time_base = int(time), MILLISECOND
        graph.vpush(frame)
        expected += _filtered(graph)
    timed = [(Fraction(int(time), 1000), Fraction(1, 25), i) for i, time in enumerate(times)]
    chosen = [i for i, count in resampled(iter(timed), fps) for _ in range(count)]
    assert chosen[: len(expected)] == expected
    # The filter does not learn how long the last frame is shown.
    assert set(chosen[len(expected) :]) <= {len(times) - 2, len(times) - 1}
    assert len(chosen) == max(1, math.floor(Fraction(int(times[-1]) + 40, 1000) * fps + 0.5))


def _filtered(graph: av.filter.Graph) -> list[int]:
    found = []
    while True:
        try:
            found.append(int(graph.vpull().to_ndarray()[0, 0]))
        except av.error.BlockingIOError:
            return found
