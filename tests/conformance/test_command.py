from __future__ import annotations

import json
from pathlib import Path

import pytest

from tgbench.cli import main
from tgbench.conformance.kit import CHECKS

from .conftest import Benches, finding


def check(*words: str) -> int:
    return main(["check-method", *words])


@pytest.mark.parametrize(("name", "held", "untried"), [("still", 20, 6), ("average_frame", 21, 5)])
def test_a_method_that_keeps_all_has_exit_code_0(
    name: str, held: int, untried: int, short_identity: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(name, "--identity", str(short_identity)) == 0
    printed = capsys.readouterr().out
    assert all(each.claim in printed for each in CHECKS)
    last = f"{name}: {held} checks hold, {untried} not tried, none fails"
    assert printed.splitlines()[-1] == last


def test_what_does_not_hold_is_named_last_with_exit_code_1(
    short_identity: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("fit-0-clumsy", "--identity", str(short_identity), "--out", str(tmp_path / "kept"))
    assert check(*words) == 1
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.endswith("1 does not hold: fit")
    assert (tmp_path / "kept" / "clip" / short_identity.name / "au.csv").is_file()
    assert check(*words) == 2
    assert "not empty" in capsys.readouterr().err
    assert check(*words[:-2], "--json") == 1
    found = json.loads(capsys.readouterr().out)["findings"]
    states = [each["state"] for each in found]
    assert states == ["does not hold", *["not tried"] * (len(CHECKS) - 1)]
    assert "KeyError" in found[0]["text"]
    assert "fit failed" in found[1]["text"]


def test_bad_input_is_named_before_anything_is_fitted(
    short_identity: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check("stil") == 2
    assert "still" in capsys.readouterr().err
    assert check("still", "--set", "radius=1") == 2
    assert "radius" in capsys.readouterr().err
    assert check("still", "--identity", str(tmp_path / "nobody")) == 2
    assert "nobody" in capsys.readouterr().err
    assert check(str(tmp_path / "none.toml"), "--identity", str(short_identity)) == 2
    assert "none.toml" in capsys.readouterr().err
    assert check("videos") == 2
    assert "finished videos" in capsys.readouterr().err
    assert check("wav2lip", "--identity", str(short_identity)) == 2
    assert "checkout" in capsys.readouterr().err


def test_the_users_identity_is_not_touched(bench: Benches, short_identity: Path) -> None:
    """Copies are changed, and what they were linked to stays as it is."""
    its = bench("puppet")
    before = {path: path.read_bytes() for path in its.original.folder.rglob("*") if path.is_file()}
    for name in ("held-out", "composite", "upper-face", "true-face", "pose", "missing-files"):
        finding(its, name)
    now = {path: path.read_bytes() for path in its.original.folder.rglob("*") if path.is_file()}
    assert now == before


@pytest.mark.slow
def test_talkinggaussian_keeps_all(capsys: pytest.CaptureFixture[str]) -> None:
    # Enough motion that other speech changes the mouth by more than a processor's rounding does, on
    # a person with depth, so that there is a head to turn.
    settings = {
        "schedule.audio_pretraining_iterations": 20,
        "schedule.static_iterations": 20,
        "schedule.motion_iterations": 300,
        "schedule.finetune_iterations": 4,
        "checkpoint_every": 10,
        "face.gaussians": 400,
        "mouth.gaussians": 100,
    }
    chosen = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
    person = ("--identity", "synth-a", "--size", "64")
    assert check("talkinggaussian", *person, *chosen) == 0
    printed = capsys.readouterr().out
    assert "went on from a checkpoint" in printed
    assert "the head turns as cameras go" in printed
