"""Times of sounds: Praat's files in both forms, those of built-in people, and broken ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tgbench.audio.phones import Phone, Spoken, phones_beside, read_phones
from tgbench.errors import TgbenchError

LONG = """File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 1.5
tiers? <exists>
size = 3
item []:
    item [1]:
        class = "IntervalTier"
        name = "words"
        xmin = 0
        xmax = 1.5
        intervals: size = 1
        intervals [1]:
            xmin = 0
            xmax = 1.5
            text = "he ""1 map"" said" ! 2 words
    item [2]:
        class = "TextTier"
        name = "bell"
        xmin = 0
        xmax = 1.5
        points: size = 1
        points [1]:
            number = 0.5
            mark = "ding"
    item [3]:
        class = "IntervalTier"
        name = "anna - phones"
        xmin = 0
        xmax = 1.5
        intervals: size = 3
        intervals [1]:
            xmin = 0
            xmax = 0.25
            text = ""
        intervals [2]:
            xmin = 0.25
            xmax = 0.4
            text = "m"
        intervals [3]:
            xmin = 0.4
            xmax = 1.5
            text = "aː"
"""
SHORT = """\
"ooTextFile"
"TextGrid"
0
1.5
<exists>
1
"IntervalTier" "whatever" 0 1.5 3
0 0.25 ""
0.25 0.4 "m"
0.4 1.5 "aː"
"""
SAID = (Phone("m", 0.25, 0.4), Phone("aː", 0.4, 1.5))


@pytest.mark.parametrize("content", [LONG, SHORT], ids=["long", "short"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_both_forms_say_the_same_in_all_encodings(
    tmp_path: Path, content: str, encoding: str
) -> None:
    path = tmp_path / "speech.TextGrid"
    path.write_bytes(content.replace("\n", "\r\n").encode(encoding))
    assert read_phones(path) == SAID


@pytest.mark.parametrize(
    ("content", "fact"),
    [
        ("", "ends"),
        ("ooBinaryFile\x08TextGrid", "binary"),
        ("WEBVTT\n", "ends"),
        (SHORT[: SHORT.index("0.4 1.5")], "ends"),
        (SHORT.replace('"m"', '"m'), "line"),
        (SHORT.replace("0.25 0.4", "0.25 x"), "line 9"),
        (SHORT.replace("0.25 0.4", "0.4 0.25"), "0.4"),
        (SHORT.replace("0.4 1.5", "0.3 1.5"), "overlap"),
        (SHORT.replace("1.5 3", "1.5 3.5"), "3.5"),
        (SHORT.replace("1.5 3", "1.5 99999999999"), "ends"),
        (SHORT.replace("IntervalTier", "PitchTier"), "PitchTier"),
        (LONG.replace("phones", "syllables"), "'words'"),
        (SHORT.replace("aː", "").replace('"m"', '""'), "no sounds"),
    ],
)
def test_a_broken_file_is_refused_in_one_line(tmp_path: Path, content: str, fact: str) -> None:
    path = tmp_path / "speech.TextGrid"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(TgbenchError, match=fact) as refused:
        read_phones(path)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_closure_ends_where_a_stop_is_released(tmp_path: Path) -> None:
    path = tmp_path / "phonemes.json"
    stop = {"symbol": "p", "manner": "stop", "start": 0.3, "release": 0.36, "end": 0.4}
    pause = {"symbol": "_", "manner": "pause", "start": 0.0, "end": 0.3}
    path.write_text(json.dumps({"segments": [pause, stop]}))
    assert read_phones(path) == (Phone("p", 0.3, 0.36),)


@pytest.mark.parametrize(
    "content",
    [
        "[]",
        '{"segments": 3}',
        '{"segments": [{"symbol": "p"}]}',
        '{"segments": [{"symbol": "p", "start": 1, "end": NaN}]}',
        '{"segments": [{"symbol": "p", "start": 2, "end": 1}]}',
        '{"segments": []}',
        "{",
    ],
)
def test_a_broken_list_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "phonemes.json"
    path.write_text(content)
    with pytest.raises(TgbenchError, match=r"is no list|no sounds"):
        read_phones(path)


def test_the_file_beside_a_sound(tmp_path: Path) -> None:
    sound = tmp_path / "aud.wav"
    sound.touch()
    assert phones_beside(sound) is None
    (tmp_path / "phonemes.json").touch()
    assert phones_beside(sound) == tmp_path / "phonemes.json"
    (tmp_path / "aud.TextGrid").touch()
    assert phones_beside(sound) == tmp_path / "aud.TextGrid"
    (tmp_path / "other.wav").touch()
    assert phones_beside(tmp_path / "other.wav") is None


def test_which_sound_a_frame_shows() -> None:
    phones = (Phone("m", 0.08, 0.16), Phone("a", 0.16, 0.2), Phone("p", 0.28, 0.4))
    spoken = Spoken(phones, fps=25.0)
    assert [spoken.place_at(frame) for frame in range(9)] == [
        *(None, None, 0, 0, 1, None, None, 2, 2),
    ]
    late = Spoken(phones, fps=25.0, frames=[7, 2], start=0.04)
    assert [late.place_at(frame) for frame in (0, 1)] == [2, 0]
