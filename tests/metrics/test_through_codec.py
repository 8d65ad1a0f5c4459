"""Frames that passed H.264 inside the suite, against ffmpeg's program and OpenCV's decoder."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tgbench.errors import TgbenchError
from tgbench.interfaces import MetricContext, MetricOptions
from tgbench.metrics.suite import MetricSuite
from tgbench.metrics.through_codec import through_codec
from tgbench.metrics.videos import score_videos

Image = NDArray[np.uint8]
Pairs = list[tuple[Image, Image]]

needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="no ffmpeg program")


def clip(frames: int, height: int = 64, width: int = 96) -> Pairs:
    """A pattern that moves, and a noisy copy of it."""
    rng = np.random.default_rng(frames)
    y, x = np.mgrid[:height, :width]
    pairs = []
    for index in range(frames):
        waves = [np.sin(x / 9 + index * 0.2 + k) + np.cos(y / (5 + k)) for k in range(3)]
        target = np.clip(128 + 55 * np.stack(waves, axis=-1), 0, 255)
        prediction = np.clip(target + rng.normal(0, 8, target.shape), 0, 255)
        pairs.append((prediction.astype(np.uint8), target.astype(np.uint8)))
    return pairs


def passed(pairs: Pairs) -> Pairs:
    return list(through_codec(pairs))


def psnr_of(first: Image, second: Image) -> float:
    error = (first.astype(np.float64) - second.astype(np.float64)) ** 2
    return float(10 * np.log10(255**2 / error.mean()))


def by_ffmpeg_and_opencv(frames: list[Image], path: Path) -> list[Image]:
    """Encode as imageio's command does, decode as the official script does."""
    height, width = frames[0].shape[:2]
    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", "25", "-i", "-"]
    coded = ["-an", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", "10"]
    subprocess.run(
        ["ffmpeg", "-v", "error", "-y", *raw, *coded, str(path)],
        input=b"".join(frame.tobytes() for frame in frames),
        check=True,
    )
    video, decoded = cv2.VideoCapture(str(path)), []
    while (read := video.read())[0]:
        decoded.append(np.ascontiguousarray(read[1][..., ::-1]))
    return decoded


@needs_ffmpeg
def test_frames_are_those_of_the_official_pipelines_files(tmp_path: Path) -> None:
    pairs = clip(70)
    sides = [list(side) for side in zip(*pairs, strict=True)]
    expected = [
        by_ffmpeg_and_opencv(frames, tmp_path / f"{k}.mp4") for k, frames in enumerate(sides)
    ]
    found = passed(pairs)
    assert [len(side) for side in expected] == [70, 70]
    theirs = np.mean([psnr_of(*pair) for pair in zip(*expected, strict=True)])
    ours = np.mean([psnr_of(*pair) for pair in found])
    lossless = np.mean([psnr_of(*pair) for pair in pairs])
    assert abs(theirs - lossless) > 0.5
    assert ours == pytest.approx(theirs, abs=0.05)
    # Another build of x264 may choose otherwise here and there.
    apart = [np.abs(f.astype(int) - t).mean() for (_, f), t in zip(found, expected[1], strict=True)]
    assert np.mean(apart) < 0.5


@pytest.mark.parametrize("size", [(64, 64), (33, 47)])
def test_size_and_number_of_frames_stay(size: tuple[int, int]) -> None:
    pairs = clip(5, *size)
    found = passed(pairs)
    assert len(found) == 5
    for pair, before in zip(found, pairs, strict=True):
        for image, original in zip(pair, before, strict=True):
            assert image.shape == original.shape
            assert image.dtype == np.uint8
            assert 20 < psnr_of(image, original) < 50


def test_the_same_frames_give_the_same_bits() -> None:
    first, second = passed(clip(12)), passed(clip(12))
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)


def test_few_frames_are_held_however_long_the_clip() -> None:
    inside, most = 0, 0

    def counted() -> Iterator[tuple[Image, Image]]:
        nonlocal inside, most
        for pair in clip(200, 32, 32):
            inside += 1
            most = max(most, inside)
            yield pair

    for _ in through_codec(counted()):
        inside -= 1
    assert most < 80
    assert inside == 0


def test_a_prediction_alone_passes_too() -> None:
    pairs = clip(6)
    out = list(through_codec((prediction, None) for prediction, _ in pairs))
    assert [target for _, target in out] == [None] * 6
    assert all(psnr_of(seen[0], pair[0]) < 50 for seen, pair in zip(out, pairs, strict=True))
    assert list(through_codec([])) == []


def test_numbers_are_named_after_it_but_for_times() -> None:
    context = MetricContext(None, 25.0, options=MetricOptions(through_codec=True))
    suite = MetricSuite(["psnr", "ssim"], context)
    suite.update(0, *clip(1)[0])
    assert all("through H.264" in found.measured_by for found in suite.results().values())


def write_folder(folder: Path, images: list[Image]) -> Path:
    folder.mkdir()
    for index, image in enumerate(images):
        cv2.imwrite(str(folder / f"{index:04d}.png"), image[..., ::-1])
    return folder


def test_scores_of_folders_are_those_of_the_frames_that_passed(tmp_path: Path) -> None:
    pairs = clip(30)
    sides = [list(side) for side in zip(*pairs, strict=True)]
    folders = [write_folder(tmp_path / f"{k}", side) for k, side in enumerate(sides)]
    options = MetricOptions(through_codec=True)
    scores = score_videos(folders[0], folders[1], None, ["psnr"], options=options)
    expected = [psnr_of(*pair) for pair in passed(pairs)]
    assert scores.per_frame["psnr"] == pytest.approx(expected)
    assert scores.frames == 30
    assert scores.measurements["psnr"].measured_by.endswith("yuv420p)")


def test_openfaces_files_are_of_other_frames(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "frames", [clip(1)[0][0]])
    options = MetricOptions(through_codec=True, aligned_faces=(folder, folder))
    with pytest.raises(TgbenchError, match="--through-codec changes the frames"):
        score_videos(folder, folder, None, ["ssim_face_aligned"], options=options)
