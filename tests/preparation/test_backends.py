"""Choosing backends, what of them is recorded, and what a change of one does again."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Mapping
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tgbench import plugins
from tgbench.commands.lists import pairs
from tgbench.errors import TgbenchError, Unavailable
from tgbench.faces.head_track import HeadTrack
from tgbench.identities import Identity
from tgbench.identities.layout import ALL_ACTION_UNITS, HEAD, WHITE
from tgbench.preparation.backends.choice import choose_backends, parse_choices
from tgbench.preparation.backends.interfaces import ParsedFrame
from tgbench.preparation.clip import Clip
from tgbench.preparation.prepare import prepare
from tgbench.progress import Progress
from tgbench.specs import BackendKind, BackendSpec, Requires

Films = Callable[..., Path]


class Corners:
    """Landmarks in the corner of the image; frame 3 has none."""

    def landmarks(self, clip: Clip, progress: Progress) -> NDArray[np.float32]:
        points = np.tile(np.arange(len(clip), dtype=np.float32)[:, None, None], (1, 68, 2))
        points[3] = np.nan
        return points

    def describe(self) -> str:
        return "corners 1.0"


class Halves:
    """The left half is the head, the right half the background."""

    def parse(self, clip: Clip, progress: Progress) -> Generator[ParsedFrame, None, None]:
        parsing = np.full((clip.size, clip.size, 3), WHITE, np.uint8)
        parsing[:, : clip.size // 2] = HEAD
        for _ in range(len(clip)):
            yield ParsedFrame(parsing, np.zeros((clip.size, clip.size), np.bool_))

    def describe(self) -> str:
        return "halves 1.0"


class Ones:
    def measure(
        self, clip: Clip, track: HeadTrack, progress: Progress
    ) -> Mapping[str, NDArray[np.float32]]:
        return {unit: np.ones(len(clip), np.float32) for unit in ALL_ACTION_UNITS}

    def describe(self) -> str:
        return "ones 1.0"


class _OwnSpec(BackendSpec):
    def load(self) -> type:
        return {"corners": Corners, "halves": Halves, "ones": Ones}[self.name]


OWN = (
    _OwnSpec("corners", "", "", kind=BackendKind.LANDMARKS),
    _OwnSpec("halves", "", "", kind=BackendKind.PARSING, finds_person=True),
    _OwnSpec("ones", "", "", kind=BackendKind.ACTION_UNITS),
    _OwnSpec(
        "absent",
        "",
        "",
        kind=BackendKind.PARSING,
        requires=Requires(packages=("no_such_package",), extra="face", weights=("bisenet",)),
    ),
)


@pytest.fixture
def own_backends(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {**plugins.backends(), **{spec.name: spec for spec in OWN}}
    monkeypatch.setattr(plugins, "backends", lambda: known)


def written(folder: Path) -> dict[str, int]:
    return {
        str(path.relative_to(folder)): path.stat().st_mtime_ns
        for path in folder.rglob("*")
        if path.is_file() and ".prepare" not in path.parts
    }


@pytest.mark.usefixtures("own_backends", "discs_for_faces")
def test_backends_are_mixed_recorded_and_a_change_redoes_what_depends_on_it(
    tmp_path: Path, make_film: Films
) -> None:
    video, out = make_film(tmp_path / "film.mp4", count=50), tmp_path / "identity"
    prepare(video, out, size=64)
    first = written(out)
    prepare(video, out, size=64, backends=choose_backends({"landmarks": "corners"}, {}))
    second = written(out)
    changed = {name for name in first if second[name] != first[name]}
    assert "ori_imgs/7.lms" in changed
    assert not {"ori_imgs/7.jpg", "parsing/7.png", "gt_imgs/7.jpg", "bc.jpg"} & changed
    # The frame that was not found lies between its neighbours.
    np.testing.assert_allclose(Identity(out).landmarks[3], 3.0)

    mixed = {"landmarks": "corners", "parsing": "halves", "action_units": "ones"}
    prepare(video, out, size=64, backends=choose_backends(mixed, {}))
    third = written(out)
    changed = {name for name in first if third[name] != second[name]}
    assert {"parsing/7.png", "gt_imgs/7.jpg", "torso_imgs/7.png", "bc.jpg", "au.csv"} <= changed
    assert not {"ori_imgs/7.lms", "ori_imgs/7.jpg"} & changed
    made = json.loads((out / "identity.json").read_text())["backends"]
    assert {kind: made[kind]["backend"] for kind in made} == {**mixed, "pose": "bundle"}
    assert made["parsing"]["measured_by"] == "halves 1.0"
    assert made["parsing"]["files"] == ["parsing/*.png", "teeth_mask/*.npy"]
    assert Identity(out).action_units.measured_by == "ones"
    # The parsing says what the person is: the right half of the truth is the plate.
    plate, truth = Identity(out).background, Identity(out).frame(5)
    assert np.abs(truth[:, 40:].astype(int) - plate[:, 40:]).mean() < 3.0


def test_choices_are_given_with_spaces_or_commas() -> None:
    given = pairs(["landmarks=fan,parsing=bisenet", "pose=bundle"])
    expected = {"landmarks": "fan", "parsing": "bisenet", "pose": "bundle"}
    assert parse_choices(given) == expected


@pytest.mark.parametrize(
    ("names", "settings", "said"),
    [
        ({"landmark": "fan"}, {}, "did you mean 'landmarks'"),
        ({"landmarks": "mediapip"}, {}, "did you mean 'mediapipe'"),
        ({"landmarks": "mesh"}, {}, "landmarks backend"),
        ({}, {"table": "au.csv"}, "KIND"),
        ({}, {"parsing.size": "3"}, "no settings"),
    ],
)
def test_misspelt_choices(names: dict[str, str], settings: dict[str, str], said: str) -> None:
    with pytest.raises(TgbenchError, match=said):
        choose_backends(names, settings)


@pytest.mark.parametrize("word", ["fan", "=fan", "landmarks="])
def test_words_that_are_no_pair(word: str) -> None:
    with pytest.raises(TgbenchError, match="KIND=NAME"):
        parse_choices([word])


@pytest.mark.usefixtures("own_backends")
def test_all_that_is_missing_is_named_before_anything_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TGBENCH_WEIGHTS", str(tmp_path))
    with pytest.raises(
        Unavailable, match=r"parsing=absent: no_such_package.*weights fetch bisenet"
    ):
        choose_backends({"parsing": "absent"}, {})
    with pytest.raises(Unavailable, match=r"weights add FILE --as bfm2009") as raised:
        choose_backends({"pose": "bfm"}, {})
    assert "weights fetch bfm2009" not in str(raised.value)
    assert "weights fetch bfm_keys" in str(raised.value)
