from __future__ import annotations

import hashlib
import re
import shutil
import subprocess

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tgbench.metrics.sync.jpeg import JpegRoundTrip, codec_version, video_planes, widened

from .reference import ffmpeg_widens_as_before

Planes = NDArray[np.uint8]

AS_DECODED = "34e3402774c5e65b"
"""First digits of the SHA-256 of what ffmpeg 4.2.2, 5.1.9 and 7.0.2 make of `draw_planes`."""

needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="no ffmpeg program")


def draw_planes(frames: int = 25) -> Planes:
    """yuv420p [N, 336, 224] in whole numbers, of all levels, with detail that moves."""
    y, x = np.mgrid[:336, :224]
    index = np.arange(frames)[:, None, None]
    return (((x + 5 * index) * (y - 3 * index) // 23 + (x * 7919) % 29) % 256).astype(np.uint8)


def by_ffmpeg(planes: Planes, pixel_format: str) -> list[NDArray[np.uint8]]:
    """What the original reads back: the program's JPEG files, decoded by OpenCV."""
    raw = ["-f", "rawvideo", "-pix_fmt", pixel_format, "-s", "224x224", "-r", "25", "-i", "-"]
    out = ["-threads", "1", "-f", "image2pipe", "-c:v", "mjpeg", "-"]
    done = subprocess.run(
        ["ffmpeg", "-v", "error", *raw, *out], input=planes.tobytes(), capture_output=True
    )
    assert done.returncode == 0, done.stderr
    starts = [match.start() for match in re.finditer(b"\xff\xd8\xff", done.stdout)]
    pictures = [
        done.stdout[start:end] for start, end in zip(starts, [*starts[1:], None], strict=True)
    ]
    return [cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) for data in pictures]


def test_pictures_are_those_of_the_programs() -> None:
    digest = hashlib.sha256()
    trip = JpegRoundTrip()
    for planes in draw_planes():
        digest.update(trip.planes(planes).tobytes())
    assert digest.hexdigest().startswith(AS_DECODED)


@needs_ffmpeg
def test_full_range_equals_the_installed_program() -> None:
    planes = draw_planes(60)
    trip = JpegRoundTrip()
    for mine, theirs in zip(planes, by_ffmpeg(planes, "yuvj420p"), strict=True):
        np.testing.assert_array_equal(trip.planes(mine, full_range=True), theirs)


@pytest.mark.skipif(not ffmpeg_widens_as_before(), reason="no ffmpeg program up to version 7")
def test_video_range_equals_the_installed_program() -> None:
    planes = draw_planes(60)
    trip = JpegRoundTrip()
    for mine, theirs in zip(planes, by_ffmpeg(planes, "yuv420p"), strict=True):
        np.testing.assert_array_equal(trip.planes(mine), theirs)


def test_video_range_becomes_full_range() -> None:
    levels = np.resize(np.arange(256, dtype=np.uint8), (336, 224))
    got, given = widened(levels), levels.astype(float)
    luma = np.clip((given[:224] - 16) * 255 / 219, 0, 255)
    chroma = np.clip((given[224:] - 128) * 255 / 224 + 128, 0, 255)
    # The program clips at 30189 of 32767 before it widens, and its integers are coarse.
    np.testing.assert_allclose(got[:224], luma, atol=1.0)
    np.testing.assert_allclose(got[224:], chroma, atol=1.5)


def test_colours_stay_where_they_are(crop: NDArray[np.uint8]) -> None:
    picture = JpegRoundTrip().image(crop[0])
    assert picture.shape == (224, 224, 3)
    # The first picture of a crop is coded at quality 4 of 31.
    assert np.abs(picture[..., ::-1].astype(float) - crop[0]).mean() < 8


def test_a_still_picture_depends_on_its_past(crop: NDArray[np.uint8]) -> None:
    trip = JpegRoundTrip()
    first = trip.image(crop[0])
    for image in crop[1:20]:
        trip.image(image)
    later = trip.image(crop[0])
    error = [np.abs(p[..., ::-1].astype(float) - crop[0]).mean() for p in (first, later)]
    assert error[1] > 1.3 * error[0]
    np.testing.assert_array_equal(JpegRoundTrip().image(crop[0]), first)


def test_rgb_becomes_video_planes() -> None:
    colours = [(0, 0, 0), (255, 255, 255), (255, 0, 0), (0, 255, 0), (0, 0, 255), (90, 140, 200)]
    for colour in colours:
        planes = video_planes(np.full((224, 224, 3), colour, np.uint8))
        red, green, blue = (value / 255 for value in colour)
        luma = 0.299 * red + 0.587 * green + 0.114 * blue
        expected = [16 + 219 * luma, 128 + 112 * (blue - luma) / 0.886]
        assert planes[:224].mean() == pytest.approx(expected[0], abs=1.0)
        assert planes[224:280].mean() == pytest.approx(expected[1], abs=1.0)
        assert planes[280:].mean() == pytest.approx(128 + 112 * (red - luma) / 0.701, abs=1.0)


def test_the_codec_is_named() -> None:
    assert re.fullmatch(r"libavcodec \d+\.\d+\.\d+", codec_version())
