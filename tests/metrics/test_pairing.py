from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image as Pillow

from tgbench.errors import TgbenchError
from tgbench.metrics.clip_source import unusual_pixels
from tgbench.metrics.pairing import TOLERANCE, Pairs, _Side
from tgbench.video.writer import VideoWriter

Image = NDArray[np.uint8]
STEP = 4
"""Grey levels between successive frames, so that a test can tell which frame it got."""


def picture(index: int, size: int = 32) -> Image:
    return np.full((size, size, 3), 10 + STEP * index, np.uint8)


def number(image: Image) -> int:
    return round((float(image.mean()) - 10) / STEP)


def video(path: Path, frames: int, fps: float = 25.0) -> Path:
    with VideoWriter(path, 32, 32, fps=fps) as writer:
        for index in range(frames):
            writer.write(picture(index))
    return path


def folder(path: Path, numbers: list[int], first: int = 0) -> Path:
    path.mkdir()
    for index in numbers:
        Pillow.fromarray(picture(index)).save(path / f"{index + first}.png")
    return path


def pairs_of(pairs: Pairs) -> list[tuple[int, int, int | None]]:
    return [(place, number(a), None if b is None else number(b)) for place, a, b in pairs]


def test_a_video_and_a_folder_of_its_frames_are_one_clip(tmp_path: Path) -> None:
    clip = video(tmp_path / "a.mp4", 12)
    images = folder(tmp_path / "b", list(range(12)), first=1)
    pairs = Pairs(clip, images)
    assert pairs.expected == 12
    assert pairs_of(pairs) == [(i, i, i) for i in range(12)]
    assert (pairs.fps, pairs.size, pairs.resampled) == (25.0, (32, 32), False)


def test_a_folder_takes_the_rate_of_the_video_it_is_compared_with(tmp_path: Path) -> None:
    clip, images = video(tmp_path / "a.mp4", 9, fps=30.0), folder(tmp_path / "b", list(range(9)))
    pairs = Pairs(clip, images)
    assert len(pairs_of(pairs)) == 9
    assert pairs.fps == pytest.approx(30.0)
    assert pairs.notes == ["b: taken as 30 frames a second, as a.mp4"]


def test_the_rate_asked_for_is_that_of_both(tmp_path: Path) -> None:
    clip = video(tmp_path / "a.mp4", 30, fps=50.0)
    images = folder(tmp_path / "b", list(range(0, 30, 2)))
    pairs = Pairs(clip, images, fps=25.0)
    found = pairs_of(pairs)
    assert [place for place, _, _ in found] == list(range(15))
    assert all(abs(a - b) <= 1 for _, a, b in found if b is not None)
    assert pairs.notes == ["a.mp4: 50.000 frames a second, resampled to 25"]


@pytest.mark.parametrize("longer", [1, TOLERANCE])
def test_a_few_frames_more_are_left_out_and_told(tmp_path: Path, longer: int) -> None:
    pairs = Pairs(video(tmp_path / "a.mp4", 20 + longer), video(tmp_path / "b.mp4", 20))
    assert pairs_of(pairs) == [(i, i, i) for i in range(20)]
    assert pairs.notes == [
        f"a.mp4: the last {longer} of its {20 + longer} frames have no partner and were not "
        "compared"
    ]


def test_more_is_refused_unless_it_is_allowed(tmp_path: Path) -> None:
    long, short = video(tmp_path / "a.mp4", 20 + TOLERANCE + 1), video(tmp_path / "b.mp4", 20)
    with pytest.raises(TgbenchError, match=r"a\.mp4 has 26 frames and .*b\.mp4 has 20.*--allow"):
        list(Pairs(long, short))
    pairs = Pairs(long, short, allow_drop=True)
    assert len(pairs_of(pairs)) == 20
    assert "last 6 of its 26" in pairs.notes[0]


def test_much_more_is_refused_before_anything_is_decoded(tmp_path: Path) -> None:
    with pytest.raises(TgbenchError, match="60 frames"):
        Pairs(video(tmp_path / "a.mp4", 60), video(tmp_path / "b.mp4", 20))


def test_a_gap_never_shifts_what_follows(tmp_path: Path) -> None:
    """A frame that one folder lacks is refused, or dropped on both sides, by its number."""
    whole = folder(tmp_path / "a", list(range(10)))
    gap = folder(tmp_path / "b", [0, 1, 2, 5, 6, 7, 8, 9])
    with pytest.raises(TgbenchError, match=r"b: lacks frames that a has \(3, 4\)"):
        Pairs(whole, gap)
    pairs = Pairs(whole, gap, allow_drop=True)
    assert pairs_of(pairs) == [(i, i, i) for i in (0, 1, 2, 5, 6, 7, 8, 9)]
    assert any("2 of its 10 frames were not compared" in note for note in pairs.notes)
    assert any("2 numbers are missing (3, 4)" in note for note in pairs.notes)


def test_the_same_gap_on_both_sides_is_no_loss(tmp_path: Path) -> None:
    numbers = [0, 1, 2, 5, 6, 7]
    pairs = Pairs(folder(tmp_path / "a", numbers), folder(tmp_path / "b", numbers))
    assert pairs_of(pairs) == [(i, i, i) for i in numbers]


def test_a_gap_against_a_video_is_found_by_its_place(tmp_path: Path) -> None:
    clip = video(tmp_path / "a.mp4", 10)
    gap = folder(tmp_path / "b", [0, 1, 2, 4, 5, 6, 7, 8, 9], first=1)
    assert pairs_of(Pairs(clip, gap, allow_drop=True)) == [
        (i, i, i) for i in (0, 1, 2, 4, 5, 6, 7, 8, 9)
    ]


def test_numbers_that_start_unlike_are_told(tmp_path: Path) -> None:
    pairs = Pairs(folder(tmp_path / "a", [0, 1, 2]), folder(tmp_path / "b", [0, 1, 2], first=7))
    assert pairs_of(pairs) == [(i, i, i) for i in range(3)]
    assert pairs.notes == ["the first numbers differ (a at 0, b at 7); the first frames are paired"]


def test_a_clip_alone_has_no_partner(tmp_path: Path) -> None:
    assert pairs_of(Pairs(video(tmp_path / "a.mp4", 3))) == [(i, i, None) for i in range(3)]


def test_a_clip_cut_short_is_refused_against_a_whole_one_and_told_alone(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    path = tmp_path / "cut.mp4"
    with VideoWriter(path, 64, 64) as writer:
        for _ in range(60):
            writer.write(rng.integers(0, 255, (64, 64, 3), np.uint8))
    # The index is at the front, so what is left can be read.
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    pairs = Pairs(path)
    read = len(list(pairs))
    assert 10 < read < 50
    assert any("cut.mp4: 1 damaged packet" in note for note in pairs.notes)
    assert any("of about 60 frames" in n and f"{read} frames were read" in n for n in pairs.notes)
    whole = tmp_path / "whole.mp4"
    with VideoWriter(whole, 64, 64) as writer:
        for _ in range(60):
            writer.write(np.zeros((64, 64, 3), np.uint8))
    with pytest.raises(
        TgbenchError, match=r"cut\.mp4 has \d+ frames \(of 60 that it announces: it is cut short\)"
    ) as refused:
        list(Pairs(path, whole))
    assert f"; copy or record {path} again; or compare what has" in str(refused.value)
    assert "cut the longer one" not in str(refused.value)


@pytest.mark.parametrize("fps", [None, 20.0, 25.0, 30.0])
def test_numbers_of_a_clip_cut_short_agree_at_any_rate(tmp_path: Path, fps: float | None) -> None:
    rng = np.random.default_rng(0)
    whole = tmp_path / "whole.mkv"
    with av.open(str(whole), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for _ in range(60):
            image = rng.integers(0, 255, (64, 64, 3), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode(None))
    path = tmp_path / "cut.mkv"
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size * 7 // 10])
    pairs = Pairs(path, whole, fps=fps, allow_drop=True)
    compared = len(list(pairs))
    expected = round(60 / 25 * (fps or 25))
    assert 0.5 * expected < compared < 0.8 * expected
    assert (
        f"cut.mkv: is truncated: {compared} of about {expected} frames; {compared} frames were read"
        in pairs.notes
    )


def test_frames_lost_in_the_midst_do_not_shift_the_rest_in_silence(tmp_path: Path) -> None:
    """As a recorder loses them: in stored order every later frame meets the wrong partner."""
    path = tmp_path / "lossy.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        for index in [*range(200), *range(203, 400)]:
            frame = av.VideoFrame.from_ndarray(picture(index % 60), format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    whole = tmp_path / "whole.mp4"
    with VideoWriter(whole, 32, 32) as writer:
        for index in range(400):
            writer.write(picture(index % 60))
    pairs = Pairs(path, whole)
    found = pairs_of(pairs)
    assert len(found) == 400
    assert sum(a != b for _, a, b in found) == 3
    assert pairs.notes == ["lossy.mkv: 3 frames are missing by its clock, resampled to 25"]


def test_a_varying_rate_goes_by_the_clock(tmp_path: Path) -> None:
    path = tmp_path / "phone.mkv"
    instants = [0, 1, 2, 3, 6, 7, 8, 12, 13, 14, 15, 20]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        for index in instants:
            frame = av.VideoFrame.from_ndarray(picture(index), format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    pairs = Pairs(path, video(tmp_path / "b.mp4", 21))
    found = pairs_of(pairs)
    assert pairs.resampled
    assert "phone.mkv: 9 frames are missing by its clock, resampled to 25" in pairs.notes
    shown = {place: a for place, a, _ in found}
    assert all(shown[place] == place for place in instants)
    assert all(b == place for place, _, b in found)


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        ("gray", ["grey"]),
        ("yuva420p", ["alpha left out"]),
        ("yuv420p10le", ["10 bits a channel"]),
        ("yuv420p", []),
        ("pal8", []),
        ("rgba", ["alpha left out"]),
    ],
)
def test_unusual_pixels_are_told(stored: str, said: list[str]) -> None:
    assert unusual_pixels(stored) == said


@given(
    st.sets(st.integers(0, 30), min_size=1),
    st.sets(st.integers(0, 30), min_size=1),
)
def test_two_numbered_sides_meet_exactly_where_both_have_a_frame(
    one: set[int], two: set[int]
) -> None:
    """Against set algebra, on the join alone."""

    class Numbered(_Side):
        def __init__(self, places: set[int]) -> None:
            super().__init__(source=None)  # type: ignore[arg-type]
            self._places = sorted(places)

        def __iter__(self):  # type: ignore[no-untyped-def]
            return ((place, picture(place, 2)) for place in self._places)

    first, second = Numbered(one), Numbered(two)
    joined = list(Pairs.__new__(Pairs)._joined(first, second))
    common = sorted(one & two)
    assert [place for place, _, _ in joined] == common
    assert all(number(a) == place and number(b) == place for place, a, b in joined if b is not None)
    for side, own, other in ((first, one, two), (second, two, one)):
        assert side.count == len(own)
        assert sorted(side.inside + side.at_end) == sorted(own - other)
        last = common[-1] if common else -1
        assert all(place > last for place in side.at_end)
