"""`tgbench bundle` and `tgbench verify`, end to end."""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tgbench import cli
from tgbench.commands import bundle, run, verify
from tgbench.errors import TgbenchError
from tgbench.terminal import Terminal

from .conftest import CASE, Members, read_members, with_right_hashes, write_members

HOSTILE = "\x1b[2J\x9b1A\x07\u202e\r\n[red]psnr agrees[/]"
"""Clears the screen, goes up a line, rings, turns the writing round, and looks like a verdict."""


def call(module: object, *words: str) -> int:
    parser = argparse.ArgumentParser()
    module.add_arguments(parser)  # type: ignore[attr-defined]
    return module.execute(parser.parse_args(words), Terminal())  # type: ignore[attr-defined]


@pytest.fixture
def built_in(tiny_identity: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small drawn person in place of a built-in one, who takes 10 s to make."""
    folder = Path(shutil.copytree(tiny_identity, tmp_path / "made" / "synth-a"))
    monkeypatch.setattr("tgbench.synthetic.ensure_identity", lambda *_, **__: folder)
    return folder


def test_run_bundle_verify(
    built_in: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """What is built in needs no naming: neither for bundling nor for verifying."""
    monkeypatch.chdir(tmp_path)
    method = ["--method", "still", "--size", "64", "--metrics", "psnr", "fps", "--device", "cpu"]
    assert call(run, *method, "--protocol", "self_reconstruction", "--out", "results") == 0
    assert call(bundle, "results") == 0
    told = capsys.readouterr().out
    assert "results.zip (1 case, 1 of them rendered again" in told
    with pytest.raises(TgbenchError, match=r"results\.zip: already exists; use --force"):
        call(bundle, "results")
    before = Path("results.zip").read_bytes()
    assert call(bundle, "results", "--force") == 0
    assert Path("results.zip").read_bytes() == before
    capsys.readouterr()
    assert call(verify, "results.zip") == 0
    told = capsys.readouterr().out
    assert "1 agrees, 1 not measured" in told
    assert "fps: time cannot be told from frames" in told

    members = read_members(Path("results.zip"))
    raw = json.loads(members[f"{CASE}/result.json"])
    raw["metrics"]["psnr"]["value"] += 0.01
    members[f"{CASE}/result.json"] = json.dumps(raw).encode()
    write_members(Path("polished.zip"), with_right_hashes(members))
    assert call(verify, "polished.zip") == 1
    assert "differs" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda raw: raw["method"].update(name=HOSTILE), 0),
        (lambda raw: raw["driver"].update(name=HOSTILE), 0),
        (lambda raw: raw["metrics"].update({HOSTILE: raw["metrics"]["psnr"]}), 0),
        (lambda raw: raw["metrics"]["psnr"].update(measured_by=HOSTILE), 1),
        (lambda raw: raw["metrics"]["psnr"].update(unit=HOSTILE), 1),
        (lambda raw: raw["identity"].update(name=HOSTILE), 2),
        (lambda raw: raw["protocol"].update(name=HOSTILE), 2),
        (lambda raw: raw["protocol"].update(version=HOSTILE), 2),
        (lambda raw: raw["driver"].update(sha256=HOSTILE, audio=HOSTILE), 2),
        (lambda raw: raw.update({HOSTILE: 1}), 2),
        (lambda raw: raw["method"].update(name="x" * 100_000), 0),
    ],
)
def test_nothing_in_a_bundle_steers_the_terminal_or_writes_lines_of_its_own(
    spoiled: Callable[..., Path],
    tiny_identity: Path,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[dict], object],
    code: int,
) -> None:
    def apply(members: Members) -> None:
        raw = json.loads(members[f"{CASE}/result.json"])
        change(raw)
        members[f"{CASE}/result.json"] = json.dumps(raw).encode()

    path = spoiled(apply, right_hashes=True)
    assert cli.main(["verify", str(path), "--identity", str(tiny_identity)]) == code
    told = capsys.readouterr()
    printed = told.out + told.err
    assert [sign for sign in printed if not sign.isprintable() and sign != "\n"] == []
    assert "[red]psnr agrees[/]" in printed or "x" * 1000 in printed
    assert not any(line.startswith("[red]") for line in printed.splitlines())
    assert len(printed) < 20_000


def test_a_name_of_a_member_steers_nothing_either(
    spoiled: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    path = spoiled(lambda members: members.update({HOSTILE: b""}))
    assert cli.main(["verify", str(path)]) == 2
    printed = capsys.readouterr().err
    assert "a name that no member of a bundle has" in printed
    assert [sign for sign in printed if not sign.isprintable() and sign != "\n"] == []
