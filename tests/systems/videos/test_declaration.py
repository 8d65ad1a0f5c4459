"""Declarations of systems of which there are only videos."""

from __future__ import annotations

from pathlib import Path

import pytest

from tgbench.alignment.rules import AlignmentRules
from tgbench.errors import TgbenchError
from tgbench.specs import CompositeMode, LeakedCondition, Timed
from tgbench.systems.declaration import read_declaration
from tgbench.systems.spec import VideosSpec, read_spec
from tgbench.systems.videos.declaration import read_videos
from tgbench.systems.videos.spec import with_declared

DEMOS = """
name = "demos"
title = "Demos"
summary = "released videos"
paper = "nobody et al."
licence = "none given"
composite_mode = "face pasted on the true video"
leaked_conditions = ["true upper face"]
moves_upper_face = false
[videos]
table = "videos.csv"
align = {rate = "clock", length = "truncated", crop = [0, 0, 64, 64]}
"""


def written(folder: Path, text: str = DEMOS, name: str = "demos.toml") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_it_says_what_the_videos_show_and_how_they_are_aligned(tmp_path: Path) -> None:
    found = read_videos(written(tmp_path))
    assert found.composite_mode is CompositeMode.FACE_PASTED
    assert found.videos.table == "videos.csv"
    assert found.videos.align == AlignmentRules("clock", 0, "truncated", (0, 0, 64, 64))
    assert read_videos(written(tmp_path, DEMOS.partition("table")[0])).videos.align == (
        AlignmentRules()
    )


def test_its_spec_is_untrained_untimed_and_of_the_declared_mode(tmp_path: Path) -> None:
    spec = read_spec(written(tmp_path))
    assert isinstance(spec, VideosSpec)
    assert (spec.trains, spec.timed) == (False, Timed.UNTIMED)
    assert spec.composite_mode is CompositeMode.FACE_PASTED
    assert spec.leaked_conditions == (LeakedCondition.UPPER_FACE,)
    assert not spec.moves_upper_face
    assert spec.facts().title == "Demos"


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('table = "videos.csv"', 'list = "videos.csv"', "unknown field videos.list"),
        ('table = "videos.csv"', 'table = "../videos.csv"', "videos.table: .*leads out"),
        ('rate = "clock"', 'rate = "fast"', "videos.align: rate=fast"),
        ('rate = "clock"', "tempo = 2", "videos.align: 'tempo'"),
        ('licence = "none given"', "", "licence is missing"),
        ("[videos]", "[environment]", r"no table \[videos\]"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, old: str, new: str, named: str) -> None:
    with pytest.raises(TgbenchError, match=rf"demos\.toml: .*{named}"):
        read_videos(written(tmp_path, DEMOS.replace(old, new)))


def test_it_is_no_program(tmp_path: Path) -> None:
    with pytest.raises(TgbenchError, match=r"demos\.toml: .*only videos"):
        read_declaration(written(tmp_path))


def test_the_method_videos_stands_for_the_declaration_in_its_folder(tmp_path: Path) -> None:
    path = written(tmp_path)
    written(tmp_path, "[tool]\nx = 1\n", "other.toml")
    methods, settings = with_declared(
        ("still", "videos"), {"folder": str(tmp_path), "align": "offset=1"}
    )
    assert methods == ("still", str(path))
    assert settings == {"align": "offset=1"}
    methods, settings = with_declared(
        ("videos",), {"videos.folder": str(tmp_path), "videos.align.offset": "1"}
    )
    assert settings == {"demos.align.offset": "1"}
    assert with_declared(("still",), {"folder": "x"}) == (("still",), {"folder": "x"})


def test_a_folder_without_one_declaration_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TgbenchError, match="--set folder="):
        with_declared(("videos",), {})
    with pytest.raises(TgbenchError, match="nowhere: no such folder"):
        with_declared(("videos",), {"folder": str(tmp_path / "nowhere")})
    with pytest.raises(TgbenchError, match="systems new"):
        with_declared(("videos",), {"folder": str(tmp_path)})
    written(tmp_path)
    written(tmp_path, DEMOS, "second.toml")
    with pytest.raises(TgbenchError, match=r"demos\.toml and second\.toml"):
        with_declared(("videos",), {"folder": str(tmp_path)})
