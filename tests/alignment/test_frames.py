"""Frames carry their number as a grey level, in files without loss, so that a test sees which came.

What a rule should deliver is worked out by hand from the numbers of frames and rates.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tgbench.alignment import AlignedFrames, AlignmentRules, Wanted
from tgbench.errors import TgbenchError

WIDTH, HEIGHT, FPS = 48, 32, 25


def numbered(count: int, width: int = WIDTH, height: int = HEIGHT) -> list[NDArray[np.uint8]]:
    return [np.full((height, width, 3), i, np.uint8) for i in range(count)]


def video(
    path: Path, images: Sequence[NDArray[np.uint8]], fps: int = FPS, times: Sequence[int] = ()
) -> Path:
    """Write a clip without loss; `times` in milliseconds, evenly spaced by default."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264rgb", rate=fps)
        stream.height, stream.width = images[0].shape[:2]
        stream.pix_fmt = "rgb24"
        stream.options = {"qp": "0", "preset": "ultrafast"}
        for i, image in enumerate(images):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            if times:
                frame.pts, frame.time_base = times[i], Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def folder(path: Path, images: Sequence[NDArray[np.uint8]], first: int = 0) -> Path:
    path.mkdir()
    for i, image in enumerate(images, first):
        cv2.imwrite(str(path / f"{i:04d}.png"), image[..., ::-1])
    return path


def aligned(source: Path, frames: int, **rules: object) -> AlignedFrames:
    return AlignedFrames(source, Wanted(frames, WIDTH, HEIGHT, FPS), AlignmentRules.of(rules))


def numbers(found: AlignedFrames) -> list[int]:
    images = list(found)
    assert all(image.shape == (HEIGHT, WIDTH, 3) for image in images)
    assert all(image.dtype == np.uint8 for image in images)
    return [int(image[HEIGHT // 2, WIDTH // 2, 0]) for image in images]


@pytest.mark.parametrize("kind", ["video", "images"])
def test_what_fits_is_taken_as_it_is(tmp_path: Path, kind: str) -> None:
    write = video if kind == "video" else folder
    found = aligned(write(tmp_path / "a.mkv", numbered(12)), 12)
    assert numbers(found) == list(range(12))
    assert found.notes == []
    assert numbers(found) == list(range(12))


def test_surplus_is_refused_or_left_out_at_the_end(tmp_path: Path) -> None:
    source = video(tmp_path / "long.mkv", numbered(12))
    with pytest.raises(TgbenchError, match=r"long\.mkv: has 12 frames.*has 10.*length=truncated"):
        list(aligned(source, 10))
    found = aligned(source, 10, length="truncated")
    assert numbers(found) == list(range(10))
    assert found.notes == ["long.mkv: the last 2 of its 12 frames were left out"]


def test_surplus_is_refused_before_the_last_frame_is_out(tmp_path: Path) -> None:
    source = video(tmp_path / "long.mkv", numbered(12))
    frames = iter(aligned(source, 11))
    assert [int(next(frames)[0, 0, 0]) for _ in range(10)] == list(range(10))
    with pytest.raises(TgbenchError, match="length=truncated"):
        next(frames)


def test_shortage_is_refused_or_made_up_by_running_backwards(tmp_path: Path) -> None:
    source = folder(tmp_path / "short", numbered(8))
    with pytest.raises(TgbenchError, match=r"has 8 frames.*has 10.*length=mirrored"):
        aligned(source, 10)
    with pytest.raises(TgbenchError, match="length=mirrored"):
        aligned(source, 10, length="truncated")
    found = aligned(source, 10, length="mirrored")
    assert numbers(found) == [0, 1, 2, 3, 4, 5, 6, 7, 7, 6]
    assert found.notes == ["short: the last 2 frames were made up by running backwards"]


def test_more_than_a_second_is_never_made_up(tmp_path: Path) -> None:
    source = video(tmp_path / "short.mkv", numbered(30))
    with pytest.raises(TgbenchError, match=r"30 frames.*has 60.*not made up"):
        aligned(source, 60, length="mirrored")


def test_padding_is_no_rule() -> None:
    with pytest.raises(TgbenchError, match=r"length=padded.*mirrored"):
        AlignmentRules(length="padded")


def test_offset_leaves_out_the_beginning(tmp_path: Path) -> None:
    found = aligned(video(tmp_path / "a.mkv", numbered(12)), 9, offset=3)
    assert numbers(found) == list(range(3, 12))
    assert found.notes == ["a.mkv: the first 3 frames were left out"]
    with pytest.raises(TgbenchError, match=r"9 frames after offset=3.*has 12"):
        aligned(tmp_path / "a.mkv", 12, offset=3)


def test_another_rate_is_refused_or_read_by_the_clock(tmp_path: Path) -> None:
    source = video(tmp_path / "fast.mkv", numbered(60), fps=60)
    with pytest.raises(TgbenchError, match="60 frames a second, the case has 25; state rate=clock"):
        aligned(source, 25)
    found = aligned(source, 25, rate="clock")
    # Frame k of 25 a second is the one whose start, rounded to k / 25 s, is the last so far.
    shown = numbers(found)
    assert all(abs(number / 60 - k / 25) <= 1 / 50 for k, number in enumerate(shown))
    assert len(set(shown)) == 25
    assert found.notes == [
        "fast.mkv: 60 frames a second became 25: 35 frames were left out, 0 repeated"
    ]


def test_frames_of_a_wrong_rate_can_be_taken_one_by_one(tmp_path: Path) -> None:
    source = video(tmp_path / "a.mkv", numbered(20), fps=30)
    assert numbers(aligned(source, 20, rate="frames")) == list(range(20))


@pytest.mark.parametrize("kind", ["images", "video that names another rate"])
def test_a_stated_rate_is_resampled(tmp_path: Path, kind: str) -> None:
    images = numbered(20)
    source = (
        folder(tmp_path / "a", images)
        if kind == "images"
        else video(tmp_path / "a.mkv", images, 30)
    )
    with pytest.raises(TgbenchError, match="rate="):
        aligned(source, 40)
    found = aligned(source, 40, rate=12.5)
    assert numbers(found) == [k // 2 for k in range(40)]
    assert "12.5 frames a second became 25: 0 frames were left out, 20 repeated" in found.notes[0]


def test_images_have_no_clock(tmp_path: Path) -> None:
    source = folder(tmp_path / "a", numbered(5))
    with pytest.raises(TgbenchError, match=r"images have no clock.*rate=60"):
        aligned(source, 5, rate="clock")


def test_uneven_steps_need_a_rule(tmp_path: Path) -> None:
    times = [40 * i for i in range(10)] + [40 * i for i in range(14, 24)]
    source = video(tmp_path / "gap.mkv", numbered(20), times=times)
    with pytest.raises(TgbenchError, match=r"gap\.mkv: .*4 frames.*rate=clock.*rate=frames"):
        aligned(source, 24)
    found = aligned(source, 24, rate="clock")
    assert numbers(found) == [*range(9), *[9] * 5, *range(10, 20)]
    assert "0 frames were left out, 4 repeated" in found.notes[0]


def test_missing_images_are_named(tmp_path: Path) -> None:
    source = folder(tmp_path / "a", numbered(6))
    (source / "0003.png").unlink()
    with pytest.raises(TgbenchError, match="lacks the images 3; add them"):
        aligned(source, 6)
    assert numbers(aligned(source, 5, rate="frames")) == [0, 1, 2, 4, 5]


def test_the_right_half_is_what_counts(tmp_path: Path) -> None:
    """IP-LAP writes its sketch to the left of every frame."""
    wide = [np.hstack([np.full_like(image, 200), image]) for image in numbered(6)]
    source = video(tmp_path / "wide.mkv", wide)
    with pytest.raises(TgbenchError, match="is 96x32, the case is 48x32; state crop="):
        aligned(source, 6)
    found = aligned(source, 6, crop="right-half")
    assert numbers(found) == list(range(6))
    assert found.notes == ["wide.mkv: cropped to right-half"]
    box = AlignmentRules.parse("crop=48:0:96:32")
    assert numbers(aligned(source, 6, **box)) == list(range(6))
    with pytest.raises(TgbenchError, match=r"wide\.mkv: is 96x32.*crop=48:0:97:32"):
        aligned(source, 6, crop=(48, 0, 97, 32))


def test_another_size_is_refused_or_scaled(tmp_path: Path) -> None:
    source = video(tmp_path / "big.mkv", numbered(4, 2 * WIDTH, 2 * HEIGHT))
    with pytest.raises(TgbenchError, match="is 96x64, the case is 48x32; state size=resized"):
        aligned(source, 4)
    found = aligned(source, 4, size="resized")
    assert numbers(found) == list(range(4))
    assert found.notes == ["big.mkv: resized from 96x64 to 48x32"]
    square = video(tmp_path / "square.mkv", numbered(4, 64, 64))
    with pytest.raises(TgbenchError, match="is 64x64, the case is 48x32; state crop="):
        aligned(square, 4, size="resized")


@pytest.mark.parametrize(
    ("stored", "rule", "shown"),
    [
        # A grey of Y=126 is (126 - 16) * 255 / 219 in the range 16 to 235, and itself in 0 to 255.
        ("yuv420p", "stored", 128),
        ("yuv420p", "limited", 128),
        ("yuv420p", "full", 126),
        ("yuvj420p", "stored", 126),
        ("yuvj420p", "limited", 128),
    ],
)
def test_the_range_of_pixels_can_be_stated(
    tmp_path: Path, stored: str, rule: str, shown: int
) -> None:
    path = tmp_path / "grey.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.height, stream.width, stream.pix_fmt = HEIGHT, WIDTH, stored
        stream.options = {"qp": "0"}
        frame = av.VideoFrame(WIDTH, HEIGHT, stored)
        for plane, value in zip(frame.planes, (126, 128, 128), strict=True):
            plane.update(bytes([value]) * plane.buffer_size)
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    image = next(iter(aligned(path, 1, colour_range=rule)))
    assert abs(int(image[0, 0, 0]) - shown) <= 1


def test_images_of_limited_range_are_stretched(tmp_path: Path) -> None:
    levels = [np.full((HEIGHT, WIDTH, 3), value, np.uint8) for value in (16, 126, 235)]
    found = aligned(folder(tmp_path / "a", levels), 3, colour_range="limited")
    assert numbers(found) == [0, 128, 255]
    assert "limited range" in found.notes[0]


@pytest.mark.parametrize("rules", [{}, {"rate": "clock"}, {"length": "mirrored"}])
def test_a_file_that_is_cut_short_asks_for_no_rule(
    tmp_path: Path, rules: dict[str, object]
) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (60, HEIGHT, WIDTH, 3), np.uint8)
    whole = video(tmp_path / "whole.mp4", list(noise)).read_bytes()
    # The index comes first, as in files for the web, so that what is left can be read.
    source = tmp_path / "cut.mp4"
    command = ["ffmpeg", "-v", "error", "-i", str(tmp_path / "whole.mp4"), "-c", "copy"]
    subprocess.run([*command, "-movflags", "+faststart", str(source)], check=True)
    source.write_bytes(source.read_bytes()[: len(whole) // 2])
    with pytest.raises(TgbenchError, match=r"cut\.mp4: .*copy or download it again") as refused:
        list(aligned(source, 60, **rules))
    assert "rate=" not in str(refused.value)


def test_a_damaged_file_is_refused_whatever_the_rules(tmp_path: Path) -> None:
    source = video(tmp_path / "cut.mkv", numbered(60))
    source.write_bytes(source.read_bytes()[: source.stat().st_size // 2])
    with pytest.raises(TgbenchError, match=r"cut\.mkv"):
        list(aligned(source, 60, length="mirrored"))


def test_rules_are_read_from_text_and_written_again() -> None:
    text = "rate=59.94,offset=2,length=truncated,crop=0:8:64:72,size=resized,colour_range=full"
    rules = AlignmentRules.of(AlignmentRules.parse(text))
    assert rules == AlignmentRules(59.94, 2, "truncated", (0, 8, 64, 72), "resized", "full")
    assert str(rules) == text
    assert str(AlignmentRules()) == ""


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("truncated", "truncated"),
        ("length=shorter", "exact, truncated, mirrored"),
        ("length=exact,length=truncated", "length"),
        ("tempo=2", "tempo"),
        ("rate=fast", "rate=fast"),
        ("rate=0", "rate=0"),
        ("offset=-1", "offset=-1"),
        ("offset=0.5", "offset=0.5"),
        ("crop=1:2:3", "crop"),
        ("crop=10:0:10:5", "holds no pixel"),
        ("crop=middle", "left-half"),
    ],
)
def test_rules_that_cannot_be_are_refused(text: str, named: str) -> None:
    with pytest.raises(TgbenchError, match=named):
        AlignmentRules.parse(text)
