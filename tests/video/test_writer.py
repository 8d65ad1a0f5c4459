from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from tgbench.audio import SAMPLE_RATE, Waveform, read_waveform
from tgbench.errors import TgbenchError
from tgbench.video.label import draw_label
from tgbench.video.writer import DIGITAL_SOURCE_TYPE, VideoWriter

COLOURS = [(200, 40, 60), (30, 180, 90), (20, 60, 210), (128, 128, 128), (240, 235, 20)]


def decoded(path: Path) -> Iterator[NDArray[np.uint8]]:
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            yield frame.to_ndarray(format="rgb24")


def clicks(seconds: float, at: list[float]) -> Waveform:
    """Short tones at known times."""
    time = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    samples = np.zeros_like(time)
    for start in at:
        during = (time >= start) & (time < start + 0.05)
        samples[during] = 0.8 * np.sin(2 * np.pi * 800 * time[during])
    return Waveform(samples.astype(np.float32))


def test_colours_and_count_come_back(tmp_path: Path) -> None:
    path = tmp_path / "colours.mp4"
    with VideoWriter(path, 64, 48) as video:
        for index in range(20):
            video.write(np.full((48, 64, 3), COLOURS[index % 5], np.uint8))
    frames = list(decoded(path))
    assert len(frames) == 20
    for index, frame in enumerate(frames):
        assert frame.shape == (48, 64, 3)
        assert np.abs(frame.astype(int) - COLOURS[index % 5]).max() <= 4


def test_a_picture_comes_back_at_the_fields_quality(tmp_path: Path) -> None:
    y, x = np.mgrid[:128, :128]
    waves = [np.sin(x / 11.0 + k) + np.cos(y / (9.0 + k)) for k in range(3)]
    picture = np.clip(128 + 55 * np.stack(waves, axis=-1), 0, 255).astype(np.uint8)
    with VideoWriter(tmp_path / "v.mp4", 128, 128) as video:
        for shift in range(10):
            video.write(np.roll(picture, shift, axis=1))
    for shift, frame in enumerate(decoded(tmp_path / "v.mp4")):
        error = (frame.astype(float) - np.roll(picture, shift, axis=1)) ** 2
        assert 10 * np.log10(255**2 / error.mean()) > 38.0


def test_rate_codec_and_marks_of_synthetic_media_are_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "marked.mp4"
    with VideoWriter(path, 32, 32, fps=30.0, title="a head") as video:
        video.write(np.zeros((32, 32, 3), np.uint8))
        video.write(np.zeros((32, 32, 3), np.uint8))
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"
        assert stream.average_rate == 30
        assert container.metadata["title"] == "a head"
        assert "synthetic media" in container.metadata["comment"]
        assert "tgbench" in container.metadata["comment"]
        assert container.metadata["digital_source_type"] == DIGITAL_SOURCE_TYPE
        assert not container.streams.audio


@pytest.mark.parametrize("seconds", [1.0, 2.0, 3.5])
def test_sound_is_in_step_and_as_long_as_the_frames(tmp_path: Path, seconds: float) -> None:
    path = tmp_path / "sound.mp4"
    with VideoWriter(path, 32, 32, audio=clicks(seconds, [0.4, 0.8])) as video:
        for _ in range(50):
            video.write(np.zeros((32, 32, 3), np.uint8))
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        assert stream.codec_context.name == "aac"
        assert float(stream.duration * stream.time_base) == pytest.approx(2.0, abs=1e-3)
    heard = read_waveform(path).samples
    for start in (0.4, 0.8):
        near = heard[int((start - 0.1) * SAMPLE_RATE) : int((start + 0.1) * SAMPLE_RATE)]
        onset = np.argmax(np.abs(near) > 0.3) / SAMPLE_RATE + start - 0.1
        assert onset == pytest.approx(start, abs=0.004)
    assert np.abs(heard[int(1.0 * SAMPLE_RATE) :]).max() < 0.02


def test_odd_sizes_are_padded_by_their_edge(tmp_path: Path) -> None:
    picture = np.full((33, 45, 3), 90, np.uint8)
    with VideoWriter(tmp_path / "odd.mp4", 45, 33) as video:
        video.write(picture)
    (frame,) = decoded(tmp_path / "odd.mp4")
    assert frame.shape == (34, 46, 3)
    assert np.abs(frame.astype(int) - 90).max() <= 3


def test_the_label_is_drawn_on_a_copy(tmp_path: Path) -> None:
    picture = np.full((128, 128, 3), 120, np.uint8)
    with VideoWriter(tmp_path / "labelled.mp4", 128, 128, label=True) as video:
        video.write(picture)
    assert (picture == 120).all()
    (frame,) = decoded(tmp_path / "labelled.mp4")
    changed = np.abs(frame.astype(int) - 120).max(axis=2) > 30
    rows, columns = np.nonzero(changed)
    assert rows.min() > 100
    assert columns.min() > 40
    assert changed.sum() > 50


def test_an_opaque_label_covers_another() -> None:
    image = np.random.default_rng(0).integers(0, 256, (96, 128, 3), np.uint8)
    labelled = draw_label(image)
    assert (labelled != image).any()
    assert np.array_equal(draw_label(labelled, 1.0), draw_label(image, 1.0))


@pytest.mark.parametrize("size", [8, 64, 512])
def test_the_label_fits_any_size(size: int) -> None:
    labelled = draw_label(np.full((size, size, 3), 200, np.uint8))
    assert labelled.shape == (size, size, 3)
    assert (labelled != 200).any()


def render_and_break(path: Path) -> None:
    with VideoWriter(path, 32, 32, audio=clicks(1.0, [])) as video:
        video.write(np.zeros((32, 32, 3), np.uint8))
        raise RuntimeError("renderer broke")


def test_after_an_error_the_old_file_stays_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    path.write_bytes(b"old")
    with pytest.raises(RuntimeError, match="renderer broke"):
        render_and_break(path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_before_the_first_frame_is_told_as_it_is(tmp_path: Path) -> None:
    with (
        pytest.raises(RuntimeError, match="at once"),
        VideoWriter(tmp_path / "none.mp4", 32, 32, audio=clicks(1.0, [])),
    ):
        raise RuntimeError("at once")
    assert not list(tmp_path.iterdir())


def test_no_frames_is_an_error_and_leaves_no_file(tmp_path: Path) -> None:
    with (
        pytest.raises(TgbenchError, match="no frame"),
        VideoWriter(tmp_path / "none.mp4", 32, 32),
    ):
        pass
    assert not list(tmp_path.iterdir())


def test_a_frame_of_another_size_is_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(ValueError, match="expected uint8"),
        VideoWriter(tmp_path / "v.mp4", 32, 32) as video,
    ):
        video.write(np.zeros((16, 32, 3), np.uint8))
