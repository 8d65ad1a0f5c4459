from __future__ import annotations

import subprocess
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tgbench.audio import Waveform, write_wav
from tgbench.errors import TgbenchError, Unavailable
from tgbench.metrics.sync.crop_file import crop_planes, crop_sound
from tgbench.metrics.sync.jpeg import JpegRoundTrip, video_planes
from tgbench.metrics.sync.network import SyncNet
from tgbench.metrics.sync.scoring import CropScorer, TrackScore, Way, score_crop, versions

from .reference import Evaluated, evaluate, evaluate_folder, ffmpeg_widens_as_before

Crop = NDArray[np.uint8]
Sound = NDArray[np.int16]


class Counting(SyncNet):
    """Stands in for the network: features that cost nothing and tell windows apart."""

    def __init__(self) -> None:
        self.batches: list[tuple[int, ...]] = []

    def lips(self, windows: torch.Tensor) -> torch.Tensor:
        self.batches.append(tuple(windows.shape))
        return windows[:, 0, :, ::32, ::32].reshape(len(windows), -1) / 255

    def sound(self, windows: torch.Tensor) -> torch.Tensor:
        return windows.reshape(len(windows), -1)[:, :245] / 50


def _score(
    crop: Crop, sound: Sound, network: SyncNet, way: Way | str = Way.EXACT
) -> tuple[TrackScore, CropScorer]:
    scorer = CropScorer(sound, network, way)
    for image in crop:
        scorer.update(image)
    return scorer.compute(), scorer


def _as_read_back(crop: Crop) -> list[Crop]:
    trip = JpegRoundTrip()
    return [trip.image(image) for image in crop]


def _assert_same(score: TrackScore, expected: Evaluated) -> None:
    assert score.offset == expected.offset
    assert score.confidence == expected.confidence
    assert score.distance == expected.distance
    column = 15 - expected.offset
    np.testing.assert_array_equal(score.per_window, expected.distances[:, column])


@pytest.fixture(scope="module")
def evaluated(
    network: SyncNet, crop: Crop, sound: Sound, tmp_path_factory: pytest.TempPathFactory
) -> Evaluated:
    folder = tmp_path_factory.mktemp("original")
    return evaluate(network.towers, _as_read_back(crop), sound, folder)


def test_exact_equals_the_original_to_the_last_bit(
    evaluated: Evaluated, network: SyncNet, crop: Crop, sound: Sound
) -> None:
    assert len(evaluated.distances) == 26, "a whole batch and a shorter one"
    assert evaluated.distances.std() > 0.1, "a network that cannot tell frames apart proves nothing"
    score, _ = _score(crop, sound, network)
    _assert_same(score, evaluated)


def test_fast_equals_the_original_to_rounding(
    evaluated: Evaluated, network: SyncNet, crop: Crop, sound: Sound
) -> None:
    score, _ = _score(crop, sound, network, "fast")
    assert score.offset == evaluated.offset
    assert score.confidence == pytest.approx(evaluated.confidence, abs=2e-5)
    assert score.distance == pytest.approx(evaluated.distance, abs=2e-5)


@pytest.mark.parametrize(("frames", "heard"), [(6, 31), (31, 6), (9, 9)])
def test_short_tracks_equal_the_original(
    network: SyncNet, crop: Crop, sound: Sound, frames: int, heard: int, tmp_path: Path
) -> None:
    """Frames without sound, and sound without frames, do not count."""
    crop, sound = crop[:frames], sound[: heard * 640 + 639]
    expected = evaluate(network.towers, _as_read_back(crop), sound, tmp_path)
    score, _ = _score(crop, sound, network)
    assert score.windows == min(frames, heard) - 5
    _assert_same(score, expected)


@pytest.mark.parametrize("frames", [6, 24, 25, 26, 45, 46, 70])
def test_windows_come_in_batches_of_twenty(crop: Crop, frames: int) -> None:
    network = Counting()
    clip = np.concatenate([crop, crop, crop])[:frames]
    score, _ = _score(clip, np.ones(frames * 640, np.int16), network)
    assert score.windows == frames - 5
    sizes = [shape[0] for shape in network.batches]
    assert sizes == [20] * ((frames - 5) // 20) + [(frames - 5) % 20] * ((frames - 5) % 20 > 0)
    assert all(shape[1:] == (3, 5, 224, 224) for shape in network.batches)


def test_frames_are_let_go(crop: Crop) -> None:
    scorer = CropScorer(np.ones(640 * 400, np.int16), Counting())
    for _ in range(10):
        for image in crop:
            scorer.update(image)
            assert len(scorer._frames) <= 25
    assert scorer.compute().windows == 305


@pytest.mark.parametrize(("frames", "samples"), [(5, 31 * 640), (31, 1600), (0, 0), (31, 0)])
def test_too_short_is_unavailable(crop: Crop, frames: int, samples: int) -> None:
    scorer = CropScorer(np.ones(samples, np.int16), Counting())
    for image in crop[:frames]:
        scorer.update(image)
    with pytest.raises(Unavailable, match=rf"{frames} frames, and sound for {samples // 640}"):
        scorer.compute()


def test_wrong_input_is_named() -> None:
    scorer = CropScorer(np.ones(6400, np.int16), Counting())
    with pytest.raises(TgbenchError, match=r"224 x 224.*\[112, 224, 3\]"):
        scorer.update(np.zeros((112, 224, 3), np.uint8))
    with pytest.raises(TgbenchError, match="float32"):
        scorer.update(np.zeros((224, 224, 3), np.float32))  # type: ignore[arg-type]
    with pytest.raises(TgbenchError, match="int16"):
        CropScorer(np.zeros(6400, np.float32), Counting())  # type: ignore[arg-type]


def test_distances_that_are_not_finite_are_no_score(crop: Crop, sound: Sound) -> None:
    class Broken(Counting):
        def sound(self, windows: torch.Tensor) -> torch.Tensor:
            return super().sound(windows) * np.inf

    with pytest.raises(TgbenchError, match="not finite"):
        _score(crop[:10], sound, Broken())


def test_what_measured_it_is_named(crop: Crop) -> None:
    _, scorer = _score(crop[:6], np.ones(6400, np.int16), Counting())
    assert scorer.measured_by() == "SyncNet, exact"
    assert versions()["torch"] == torch.__version__


def _write(
    path: Path,
    crop: Crop,
    sound: Sound | None,
    rate: int = 25,
    codec: str = "mpeg4",
    pixel_format: str = "yuv420p",
) -> Path:
    """A crop's file of the kind the original makes: MPEG-4 and 16-bit sound, in AVI."""
    with av.open(str(path), "w") as container:
        video = container.add_stream(codec, rate=rate)
        video.width, video.height = crop.shape[2], crop.shape[1]
        video.pix_fmt = pixel_format
        video.bit_rate = 2_000_000
        if sound is not None:
            audio = container.add_stream("pcm_s16le", rate=16_000, layout="mono")
            heard = av.AudioFrame.from_ndarray(sound[None], format="s16", layout="mono")
            heard.sample_rate, heard.pts, heard.time_base = 16_000, 0, Fraction(1, 16_000)
        for index, image in enumerate(crop):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format=pixel_format)
            frame.pts, frame.time_base = index, Fraction(1, rate)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if sound is not None:
            container.mux(audio.encode(heard))
            container.mux(audio.encode(None))
    return path


@pytest.fixture(scope="module")
def file(crop: Crop, sound: Sound, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _write(tmp_path_factory.mktemp("crops") / "crop.avi", crop, sound)


def _stored(path: Path) -> list[Crop]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray() for frame in container.decode(video=0)]


def test_a_file_equals_the_original(network: SyncNet, file: Path, tmp_path: Path) -> None:
    trip = JpegRoundTrip()
    images = [trip.planes(planes) for planes in _stored(file)]
    expected = evaluate(network.towers, images, crop_sound(file), tmp_path)
    _assert_same(score_crop(file, network=network), expected)


@pytest.mark.skipif(not ffmpeg_widens_as_before(), reason="no ffmpeg program up to version 7")
def test_a_file_equals_the_original_and_its_ffmpeg(
    network: SyncNet, file: Path, tmp_path: Path
) -> None:
    """The whole of the original's `evaluate`, its two commands included."""
    sound = ["-af", "aresample=async=1:min_hard_comp=0.1:first_pts=0", "-ac", "1", "-vn"]
    for arguments in (
        ["-threads", "1", "-f", "image2", "%06d.jpg"],
        [*sound, "-acodec", "pcm_s16le", "-ar", "16000", "audio.wav"],
    ):
        command = ["ffmpeg", "-v", "error", "-i", str(file), *arguments]
        subprocess.run(command, cwd=tmp_path, check=True)
    expected = evaluate_folder(network.towers, tmp_path)
    _assert_same(score_crop(file, network=network), expected)


def test_a_files_frames_and_sound_are_as_stored(file: Path, sound: Sound) -> None:
    read = [planes for planes, _ in crop_planes(file)]
    np.testing.assert_array_equal(read, _stored(file))
    np.testing.assert_array_equal(crop_sound(file), sound)


def test_sound_may_come_from_a_file_of_its_own(
    file: Path, sound: Sound, crop: Crop, tmp_path: Path
) -> None:
    silent = _write(tmp_path / "silent.avi", crop, None)
    write_wav(tmp_path / "sound.wav", Waveform(sound[::-1].astype(np.float32) / 32767.0))
    np.testing.assert_array_equal(crop_sound(tmp_path / "sound.wav"), sound[::-1])
    whole = score_crop(silent, tmp_path / "sound.wav", network=Counting())
    assert whole.windows == 26
    assert whole.distance != score_crop(file, network=Counting()).distance


def test_pictures_of_a_lossless_file_equal_those_given(crop: Crop, tmp_path: Path) -> None:
    path = tmp_path / "lossless.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width = stream.height = 224
        stream.pix_fmt = "yuv420p"
        for index, image in enumerate(crop[:8]):
            frame = av.VideoFrame.from_ndarray(video_planes(image), format="yuv420p")
            frame.pts, frame.time_base = index, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    scorer = CropScorer(np.ones(6400, np.int16), Counting())
    for planes, full_range in crop_planes(path):
        scorer.update_planes(planes, full_range)
    expected, _ = _score(crop[:8], np.ones(6400, np.int16), Counting())
    np.testing.assert_array_equal(scorer.compute().by_shift, expected.by_shift)


def test_full_range_files_are_not_widened(crop: Crop, tmp_path: Path) -> None:
    path = _write(tmp_path / "full.avi", crop[:8], None, codec="mjpeg", pixel_format="yuvj420p")
    assert all(full_range for _, full_range in crop_planes(path))


def test_files_that_are_no_crops_are_named(crop: Crop, sound: Sound, tmp_path: Path) -> None:
    small = _write(tmp_path / "small.avi", crop[:8, :112, :112].copy(), sound)
    with pytest.raises(TgbenchError, match=r"small\.avi: is 112 x 112"):
        score_crop(small, network=Counting())
    fast = _write(tmp_path / "fast.avi", crop[:8], sound, rate=30)
    with pytest.raises(TgbenchError, match=r"fast\.avi: has 30 frames a second.*-r 25"):
        score_crop(fast, network=Counting())
    full = _write(tmp_path / "full.mkv", crop[:8], sound, codec="ffv1", pixel_format="yuv444p")
    with pytest.raises(TgbenchError, match=r"full\.mkv: is stored as yuv444p"):
        score_crop(full, network=Counting())


def test_files_without_enough_are_unavailable(crop: Crop, sound: Sound, tmp_path: Path) -> None:
    silent = _write(tmp_path / "silent.avi", crop[:8], None)
    with pytest.raises(Unavailable, match=r"silent\.avi: has no sound"):
        score_crop(silent, network=Counting())
    short = _write(tmp_path / "short.avi", crop[:5], sound)
    with pytest.raises(Unavailable, match="there are 5 frames"):
        score_crop(short, network=Counting())
    brief = _write(tmp_path / "brief.avi", crop, sound[:1600])
    with pytest.raises(Unavailable, match="sound for 2"):
        score_crop(brief, network=Counting())


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(TgbenchError, match="no such file"):
        score_crop(tmp_path / "nothing.avi", network=Counting())
    broken = tmp_path / "broken.avi"
    broken.write_bytes(b"no video at all")
    with pytest.raises(TgbenchError, match=r"broken\.avi: cannot be read"):
        score_crop(broken, network=Counting())


def test_uneven_frames_are_refused(crop: Crop, sound: Sound, tmp_path: Path) -> None:
    path = tmp_path / "uneven.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width = stream.height = 224
        stream.pix_fmt = "yuv420p"
        for index, image in enumerate(crop[:12]):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = index + (index > 6) * 3, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(TgbenchError, match=r"uneven\.mkv: its frames are unevenly spaced"):
        list(crop_planes(path))
