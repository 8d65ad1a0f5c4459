"""Which clips belong together, and what is wrong with folders and tables that do not say it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tgbench.errors import TgbenchError
from tgbench.pairs.finding import Pair, find_pairs


def touched(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def listed(folder: Path, text: str) -> tuple[Pair, ...]:
    (folder / "pairs.csv").write_text(text, encoding="utf-8")
    return find_pairs(folder / "pairs.csv", None, allow_drop=False).pairs


def test_folders_are_paired_by_name_whatever_the_ending(tmp_path: Path) -> None:
    ours = touched(tmp_path / "ours", "a.mp4", "b/0.png")
    real = touched(tmp_path / "real", "a.avi", "b.mov", "c.mp4", "notes.txt")
    found = find_pairs(ours, real, allow_drop=False)
    assert found.pairs == (
        Pair("a", ours / "a.mp4", real / "a.avi"),
        Pair("b", ours / "b", real / "b.mov"),
    )
    assert found.notes == ("real: no prediction for c",)
    assert find_pairs(ours, None, allow_drop=False).pairs[0] == Pair("a", ours / "a.mp4")


def test_a_prediction_without_a_target_is_refused_or_left_out(tmp_path: Path) -> None:
    ours = touched(tmp_path / "ours", "a.mp4", "b.mp4")
    real = touched(tmp_path / "real", "a.mp4")
    with pytest.raises(TgbenchError, match=r"real: has no video of the name b"):
        find_pairs(ours, real, allow_drop=False)
    found = find_pairs(ours, real, allow_drop=True)
    assert [pair.name for pair in found.pairs] == ["a"]
    assert "b" in found.notes[0]


def test_two_clips_of_one_name_are_refused(tmp_path: Path) -> None:
    ours = touched(tmp_path / "ours", "a.mp4", "a/0.png")
    with pytest.raises(TgbenchError, match=r"a\.mp4: has the same name as a"):
        find_pairs(ours, None, allow_drop=False)


def test_folders_without_videos_are_named(tmp_path: Path) -> None:
    with pytest.raises(TgbenchError, match="nowhere: no such folder"):
        find_pairs(tmp_path / "nowhere", None, allow_drop=False)
    with pytest.raises(TgbenchError, match="holds no videos"):
        find_pairs(touched(tmp_path / "empty", "x.txt"), None, allow_drop=False)


def test_a_table_names_the_pairs(tmp_path: Path) -> None:
    assert listed(tmp_path, "prediction,target,audio\nx/a.mp4,y/a.mp4,a.wav\nb.mp4,,\n") == (
        Pair("a", tmp_path / "x/a.mp4", tmp_path / "y/a.mp4", tmp_path / "a.wav"),
        Pair("b", tmp_path / "b.mp4"),
    )


def test_clips_of_one_name_in_several_folders_are_told_apart(tmp_path: Path) -> None:
    found = listed(tmp_path, "prediction,target\nann/self.mp4,r.mp4\nbob/self.mp4,s.mp4\n")
    assert [pair.name for pair in found] == ["ann-self", "bob-self"]
    found = listed(tmp_path, "name,prediction\nann,1/self.mp4\nbob,2/self.mp4\n")
    assert [pair.name for pair in found] == ["ann", "bob"]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "no column prediction"),
        ("target\na.mp4\n", "no column prediction"),
        ("prediction,speed\na.mp4,2\n", "'speed'"),
        ("prediction,target\n", "no row"),
        ("prediction,target\na.mp4\n", "line 2: "),
        ("prediction,target\na.mp4,b.mp4,c.wav\n", "line 2: "),
        ("prediction,target\na.mp4,b.mp4\n,b.mp4\n", "line 3: prediction is empty"),
        ("prediction,name\na.mp4,x\nb.mp4,x\n", "line 3: 'x' is the clip of line 2"),
        ("prediction,name\na.mp4,../x\n", "line 2: '../x'"),
        ('prediction\n"a.mp4\n', "cannot be read as a CSV"),
    ],
)
def test_a_wrong_row_is_named_by_its_line(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(TgbenchError, match=rf"pairs\.csv.*{named}"):
        listed(tmp_path, text)


def test_a_table_stands_alone(tmp_path: Path) -> None:
    listed(tmp_path, "prediction\na.mp4\n")
    with pytest.raises(TgbenchError, match=r"pairs\.csv.*alone"):
        find_pairs(tmp_path / "pairs.csv", tmp_path, allow_drop=False)
