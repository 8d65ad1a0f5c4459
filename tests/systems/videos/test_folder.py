"""Which video belongs to a case: by place, by a table, and what is wrong with either."""

from __future__ import annotations

from pathlib import Path

import pytest

from tgbench.errors import TgbenchError
from tgbench.systems.videos.folder import VideoFolder


def touched(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def table(folder: Path, text: str) -> VideoFolder:
    (folder / "videos.csv").write_text(text, encoding="utf-8")
    return VideoFolder(folder, "videos.csv")


def test_a_video_is_found_by_its_place_whatever_its_ending(tmp_path: Path) -> None:
    folder = VideoFolder(touched(tmp_path, "ann/self.mp4", "ann/a.b.avi", "bob/self/0.png"))
    assert folder.find("ann", "self").path == tmp_path / "ann/self.mp4"
    assert folder.find("ann", "self").name == "ann/self.mp4"
    assert folder.find("ann", "a.b").path == tmp_path / "ann/a.b.avi"
    assert folder.find("bob", "self").path == tmp_path / "bob/self"


def test_a_missing_video_is_named_with_those_that_are_there(tmp_path: Path) -> None:
    folder = VideoFolder(touched(tmp_path, "ann/other.mp4", "ann/._self.mp4"))
    with pytest.raises(TgbenchError, match=r"ann/self\.mp4: no such video; there are other"):
        folder.find("ann", "self")
    with pytest.raises(TgbenchError, match=r"bob/self\.mp4: no such video.*bob holds no videos"):
        folder.find("bob", "self")


@pytest.mark.parametrize("second", ["self.avi", "self/0.png"])
def test_two_videos_of_one_name_are_refused(tmp_path: Path, second: str) -> None:
    folder = VideoFolder(touched(tmp_path, "ann/self.mp4", f"ann/{second}"))
    with pytest.raises(TgbenchError, match=r"self\.mp4.*keep one"):
        folder.find("ann", "self")


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(TgbenchError, match="demos: no such folder"):
        VideoFolder(tmp_path / "demos")


def test_a_table_maps_and_may_have_rules(tmp_path: Path) -> None:
    touched(tmp_path, "x/1.mp4", "2.mp4")
    folder = table(
        tmp_path,
        "video, identity ,driver,align\n"
        'x/1.mp4,ann,self,"length=truncated,offset=3"\n'
        "2.mp4,ann,speech,rate=clock;size=resized\n"
        "3.mp4,bob,self,\n",
    )
    assert folder.find("ann", "self").path == tmp_path / "x/1.mp4"
    assert folder.find("ann", "self").rules == {"length": "truncated", "offset": 3}
    assert folder.find("ann", "speech").rules == {"rate": "clock", "size": "resized"}
    with pytest.raises(TgbenchError, match=r"3\.mp4: no such video.*videos\.csv"):
        folder.find("bob", "self")
    with pytest.raises(TgbenchError, match=r"videos\.csv: has no row for 'bob' driven by 'x'"):
        folder.find("bob", "x")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "no column identity"),
        ("identity,driver\n", "no column video"),
        ("identity,driver,video,speed\n", "'speed'"),
        ("identity,driver,video\nann,self\n", "line 2: has"),
        ("identity,driver,video\nann,self,a.mp4,b.mp4\n", "line 2: has"),
        ("identity,driver,video\nann,self,a.mp4\nann,,b.mp4\n", "line 3: driver is empty"),
        ("identity,driver,video\nann,self,a.mp4\nann,self,b.mp4\n", "line 3: .*in line 2"),
        ("identity,driver,video\nann,self,../a.mp4\n", r"line 2: \.\./a\.mp4 leads out"),
        ("identity,driver,video\nann,self,/a.mp4\n", r"line 2: /a\.mp4 leads out"),
        ("identity,driver,video,align\nann,self,a.mp4,length=long\n", "line 2: align: length"),
        ('identity,driver,video\nann,self,"a.mp4\n', "cannot be read as a CSV"),
    ],
)
def test_a_table_with_a_wrong_row_is_refused_by_its_line(
    tmp_path: Path, text: str, named: str
) -> None:
    with pytest.raises(TgbenchError, match=rf"videos\.csv.*{named}"):
        table(tmp_path, text)


def test_a_table_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(TgbenchError, match=r"videos\.csv: cannot be read"):
        VideoFolder(tmp_path, "videos.csv")
