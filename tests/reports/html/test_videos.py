from __future__ import annotations

import base64
import shutil
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tgbench.reports.html.cases import CaseGroup, PageEntry
from tgbench.reports.html.previews import write_preview
from tgbench.reports.html.videos import CaseClips, about_videos, base64_pieces, choose_clips
from tgbench.results import MeasuredCase
from tgbench.video.writer import VideoWriter

from .conftest import FRAMES, LEVEL, write_coded_video


def case_in(home: Path) -> CaseGroup:
    """A case of one method, of which only the folder matters."""
    unused: Any = None
    return CaseGroup(home.name, "p", (PageEntry(0, "ours", MeasuredCase(unused, home), str(home)),))


def group(folder: Path, name: str, sizes: dict[str, int]) -> CaseGroup:
    """A case of one method whose files have so many bytes."""
    home = folder / name
    home.mkdir(parents=True)
    for file, size in sizes.items():
        (home / f"{file}.mp4").write_bytes(bytes(size))
    return case_in(home)


def reasons(clips: CaseClips) -> list[str | None]:
    every = (clips.truth, *clips.methods, *clips.errors)
    return [clip.missing if clip else None for clip in every]


@pytest.mark.parametrize("size", [0, 1, 2, 3, (3 << 18) + 1, 2 * (3 << 18)])
def test_pieces_join_to_the_whole_in_base64(size: int, tmp_path: Path) -> None:
    content = bytes(range(256)) * (size // 256 + 1)
    (tmp_path / "v").write_bytes(content[:size])
    assert base64.b64decode("".join(base64_pieces(tmp_path / "v"))) == content[:size]


def write_cases(folder: Path, names: str, frames: int = 30) -> list[CaseGroup]:
    """Cases with videos of noise, which nothing makes small."""
    noise = np.random.default_rng(0).integers(0, 256, (frames, 64, 64, 3), np.uint8)
    for file in ("video", "target", "error"):
        with VideoWriter(folder / f"{file}.mp4", 64, 64) as video:
            for frame in noise:
                video.write(frame)
    cases = []
    for name in names:
        home = folder / name
        home.mkdir()
        for file in ("video", "target", "error"):
            shutil.copy(folder / f"{file}.mp4", home)
        cases.append(case_in(home))
    return cases


def in_the_page(case: CaseClips) -> str:
    """What of a case goes in, by the first letters."""
    named = {"truth": case.truth, "method": case.methods[0], "error": case.errors[0]}
    return "".join(name[0] for name, clip in named.items() if clip and not clip.missing)


def test_videos_go_in_as_they_are_if_there_is_room(tmp_path: Path) -> None:
    cases = write_cases(tmp_path, "ab")
    choice = choose_clips(cases, tmp_path, budget_mb=100)
    assert not choice.previews
    assert [clip.path.parent.name for case in choice.cases for clip in case.clips] == list("aaabbb")
    assert about_videos(choice) == ""


def test_previews_of_cases_go_in_whole_and_errors_after_all_of_them(tmp_path: Path) -> None:
    cases = write_cases(tmp_path, "abc")
    write_preview(tmp_path / "video.mp4", tmp_path / "small.mp4")
    small = (tmp_path / "small.mp4").stat().st_size
    assert small < 0.7 * (tmp_path / "video.mp4").stat().st_size
    for room, kept in ((7.5, ["tme", "tm", "tm"]), (5.5, ["tm", "tm", ""]), (1.5, ["", "", ""])):
        folder = tmp_path / str(room)
        folder.mkdir()
        choice = choose_clips(cases, folder, budget_mb=4 / 3 * room * small / 1e6)
        assert choice.previews
        assert [in_the_page(case) for case in choice.cases] == kept
        assert choice.left_out == 9 - len("".join(kept))
        assert "smaller copies" in about_videos(choice)
        assert "--video-budget" in about_videos(choice)


def test_a_preview_has_the_frames_the_times_and_the_sound_of_its_video(tmp_path: Path) -> None:
    write_coded_video(tmp_path / "video.mp4")
    write_preview(tmp_path / "video.mp4", tmp_path / "small.mp4")

    def told(name: str) -> tuple[list[float], list[int], float, int, str]:
        with av.open(str(tmp_path / name)) as opened:
            frames = list(opened.decode(video=0))
            greys = [round(float(f.to_ndarray(format="rgb24").mean()) / LEVEL) for f in frames]
            sound = opened.streams.audio[0]
            length = float(sound.duration * sound.time_base)
            note = opened.metadata["comment"]
            return [f.time for f in frames], greys, length, sound.frames, note

    assert told("small.mp4") == told("video.mp4")
    assert told("small.mp4")[1] == list(range(FRAMES))
    assert "synthetic" in told("small.mp4")[4]


def test_what_cannot_be_decoded_is_said_instead_of_a_preview(tmp_path: Path) -> None:
    cases = write_cases(tmp_path, "ab")
    (tmp_path / "a" / "video.mp4").write_bytes(b"no video" * 100)
    (tmp_path / "b" / "error.mp4").write_bytes((tmp_path / "error.mp4").read_bytes()[:500])
    whole = choose_clips(cases, tmp_path, budget_mb=100).whole_mb
    choice = choose_clips(cases, tmp_path, budget_mb=0.99 * whole)
    assert choice.previews
    assert "video.mp4 cannot be decoded" in choice.cases[0].methods[0].missing
    assert "error.mp4 cannot be decoded" in reasons(choice.cases[1])[2]
    assert choice.left_out == 0


def test_without_videos_every_one_is_left_out(tmp_path: Path) -> None:
    case = group(tmp_path, "a", {"video": 10, "target": 10, "error": 5})
    (clips,) = choose_clips([case], tmp_path, with_videos=False).cases
    assert all("without videos" in reason for reason in reasons(clips) if reason is not None)


def test_folders_of_earlier_versions_have_a_video_only(tmp_path: Path) -> None:
    (clips,) = choose_clips([group(tmp_path, "a", {"video": 10})], tmp_path).cases
    assert clips.truth is None
    assert clips.errors == (None,)
    assert clips.methods[0].missing == ""


def test_a_link_to_a_file_elsewhere_is_not_followed(tmp_path: Path) -> None:
    case = group(tmp_path, "a", {"target": 10, "error": 5})
    (tmp_path / "secret").write_bytes(b"of this machine")
    (tmp_path / "a" / "video.mp4").symlink_to("../secret")
    (clips,) = choose_clips([case], tmp_path).cases
    assert clips.methods[0].missing == "video.mp4 is a link to another folder"
    (tmp_path / "b").symlink_to(tmp_path / "a", target_is_directory=True)
    (tmp_path / "a" / "video.mp4").unlink()
    (tmp_path / "a" / "video.mp4").symlink_to("target.mp4")
    linked = case_in(tmp_path / "b")
    (clips,) = choose_clips([linked], tmp_path).cases
    assert clips.methods[0].missing == "", "a folder may be a link, and files in it to each other"


def test_missing_and_empty_files_are_said(tmp_path: Path) -> None:
    (clips,) = choose_clips([group(tmp_path, "a", {"video": 0, "target": 10})], tmp_path).cases
    assert reasons(clips) == ["", "video.mp4 is empty", "error.mp4 is missing"]
    assert not clips.methods[0].left_out
