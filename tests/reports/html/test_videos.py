from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from tgbench.reports.html.cases import CaseGroup, Entry
from tgbench.reports.html.videos import CaseClips, base64_pieces, choose_clips


def group(folder: Path, name: str, sizes: dict[str, int]) -> CaseGroup:
    """A case of one method whose files have so many bytes."""
    home = folder / name
    home.mkdir(parents=True)
    for file, size in sizes.items():
        (home / f"{file}.mp4").write_bytes(bytes(size))
    unused: Any = None
    return CaseGroup(name, "p", (Entry(0, "ours", home, unused),))


def reasons(clips: CaseClips) -> list[str | None]:
    every = (clips.truth, *clips.methods, *clips.errors)
    return [clip.missing if clip else None for clip in every]


@pytest.mark.parametrize("size", [0, 1, 2, 3, (3 << 18) + 1, 2 * (3 << 18)])
def test_pieces_join_to_the_whole_in_base64(size: int, tmp_path: Path) -> None:
    content = bytes(range(256)) * (size // 256 + 1)
    (tmp_path / "v").write_bytes(content[:size])
    assert base64.b64decode("".join(base64_pieces(tmp_path / "v"))) == content[:size]


def test_cases_go_in_whole_and_errors_after_all_of_them(tmp_path: Path) -> None:
    sizes = {"video": 30_000, "target": 30_000, "error": 30_000}
    cases = [group(tmp_path, name, sizes) for name in "abc"]
    # Base64 makes 4 bytes of 3: this is room for all pictures and one error map.
    chosen = choose_clips(cases, True, 4 / 3 * 0.215)
    assert [reasons(clips)[:2] for clips in chosen] == [["", ""]] * 3
    assert [reasons(clips)[2] == "" for clips in chosen] == [True, False, False]
    assert chosen[1].errors[0].left_out
    few = choose_clips(cases, True, 4 / 3 * 0.07)
    assert reasons(few[0])[:2] == ["", ""]
    assert all("70" not in reason or "left out" in reason for reason in reasons(few[1]) if reason)
    assert all(clip.left_out for clip in (few[1].truth, *few[1].methods))


def test_without_videos_every_one_is_left_out(tmp_path: Path) -> None:
    (clips,) = choose_clips(
        [group(tmp_path, "a", {"video": 10, "target": 10, "error": 5})], False, 9
    )
    assert all("without videos" in reason for reason in reasons(clips) if reason is not None)


def test_folders_of_earlier_versions_have_a_video_only(tmp_path: Path) -> None:
    (clips,) = choose_clips([group(tmp_path, "a", {"video": 10})], True, 9)
    assert clips.truth is None
    assert clips.errors == (None,)
    assert clips.methods[0].missing == ""


def test_missing_and_empty_files_are_said(tmp_path: Path) -> None:
    (clips,) = choose_clips([group(tmp_path, "a", {"video": 0, "target": 10})], True, 9)
    assert reasons(clips) == ["", "video.mp4 is empty", "error.mp4 is missing"]
    assert not clips.methods[0].left_out
