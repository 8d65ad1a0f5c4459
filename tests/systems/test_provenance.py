"""What a fit and a result of a declared system depend on, and what they do not."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tgbench.errors import TgbenchError
from tgbench.specs import Fingerprint
from tgbench.systems.config import SystemConfig
from tgbench.systems.spec import read_spec

from .somebody import Somebody, somebody_in

Change = Callable[[Somebody], object]


@pytest.fixture
def somebody(tmp_path: Path) -> Somebody:
    return somebody_in(tmp_path)


def fingerprint(somebody: Somebody, any_commit: bool = False) -> Fingerprint:
    config = SystemConfig(checkout=str(somebody.checkout), any_commit=any_commit)
    return read_spec(somebody.file).fingerprint(config)


@pytest.mark.parametrize(
    "change",
    [
        lambda it: it.edit('title = "Mine"', 'title = "Ours"'),
        lambda it: it.edit('source = "the README"', 'source = "elsewhere"'),
        lambda it: it.edit("[[render]]\n", "[[render]]\ntime_limit = 60\n"),
        lambda it: (it.checkout / "result.avi").write_bytes(b"left by a run"),
    ],
    ids=["title", "source", "time limit", "untracked file"],
)
def test_what_changes_no_frame_changes_no_key(somebody: Somebody, change: Change) -> None:
    before = fingerprint(somebody)
    change(somebody)
    assert fingerprint(somebody) == before


@pytest.mark.parametrize(
    "change",
    [
        lambda it: it.edit('path = "out.mp4"', 'path = "out.mp4"\ncrop = [0.5, 0, 1, 1]'),
        lambda it: it.edit('"{output}"]', '"{output}", "--smooth"]'),
        lambda it: it.edit('name = "sound.wav"', 'name = "sound.wav"\nrate = 16000'),
    ],
    ids=["crop", "render command", "render input"],
)
def test_a_change_of_rendering_keeps_the_fit(somebody: Somebody, change: Change) -> None:
    before = fingerprint(somebody)
    change(somebody)
    after = fingerprint(somebody)
    assert after.fit == before.fit
    assert after.whole != before.whole


@pytest.mark.parametrize(
    "change",
    [
        lambda it: it.edit('"{seed}"]', '"{seed}", "--long"]'),
        lambda it: it.edit('"interpreter"', '"interpreter"\npackages = ["torch==1.12.1"]'),
        lambda it: (it.checkout / "net.pth").write_bytes(b"other weights"),
        lambda it: (it.checkout / "train.py").write_text("print(1)\n"),
        lambda it: [(it.checkout / "new.py").write_text(""), it.commit_all()],
    ],
    ids=["train command", "packages", "weights", "changed file", "other commit"],
)
def test_a_change_of_training_is_another_fit(somebody: Somebody, change: Change) -> None:
    before = fingerprint(somebody)
    change(somebody)
    after = fingerprint(somebody, any_commit=True)
    assert after.fit != before.fit
    assert after.whole != before.whole


def test_another_commit_is_refused_without_leave(somebody: Somebody) -> None:
    (somebody.checkout / "new.py").write_text("")
    other = somebody.commit_all()
    with pytest.raises(TgbenchError) as caught:
        fingerprint(somebody)
    said = str(caught.value)
    assert [
        fact for fact in (other[:8], somebody.commit[:8], "any_commit") if fact not in said
    ] == []


def test_results_say_what_the_system_is(somebody: Somebody) -> None:
    (somebody.checkout / "speak.py").write_text("print(2)\n")
    config = SystemConfig(checkout=str(somebody.checkout), any_commit=True)
    found = read_spec(somebody.file).provenance(config)
    assert found["repository"] == "https://example.org/mine"
    assert found["commit"] == somebody.commit[:8]
    assert found["commit_found"] == somebody.commit
    assert found["changed_files"] == ["speak.py"]
    assert found["licence"] == "MIT"
    assert found["contamination"] == {"HDTF": "trained on it"}
    assert found["weights"] == {"net": hashlib.sha256(b"weights").hexdigest()}
    assert "[[train]]" in found["training_time"]
    assert found["speed"] == ""


@pytest.mark.parametrize(
    ("checkout", "facts"),
    [(None, ["git clone https://example.org/mine", "mine.checkout"]), ("nowhere", ["nowhere"])],
)
def test_a_missing_checkout_is_said_with_its_remedy(
    somebody: Somebody, tmp_path: Path, checkout: str | None, facts: list[str]
) -> None:
    config = SystemConfig(checkout=checkout and str(tmp_path / checkout))
    with pytest.raises(TgbenchError) as caught:
        read_spec(somebody.file).fingerprint(config)
    assert [fact for fact in facts if fact not in str(caught.value)] == []


def test_missing_weights_are_said_with_their_source(somebody: Somebody) -> None:
    (somebody.checkout / "net.pth").unlink()
    with pytest.raises(TgbenchError, match=r"net\.pth.*the README"):
        fingerprint(somebody)
