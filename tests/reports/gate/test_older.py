"""Results that a run was to replace, and has not, are never judged."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tgbench.cli import main
from tgbench.running import attempts

from .conftest import Gate, WriteCase
from .fabricated import clip

RUN = ("run", "--method", "still", "--protocol", "self_reconstruction", "--metrics", "psnr")


@pytest.fixture
def run(tiny_identity: Path, tmp_path: Path) -> tuple[str, ...]:
    return (*RUN, "--identity", str(tiny_identity), "--out", str(tmp_path / "out"))


@pytest.mark.parametrize(
    "refused",
    [
        ("--identity", "/nowhere"),
        ("--method", "stil"),
        ("--metrics", "psnrr"),
        ("--set", "colour=red"),
        ("--preset", "papr"),
    ],
)
def test_a_refused_run_leaves_nothing_to_pass(
    refused: tuple[str, ...],
    run: tuple[str, ...],
    gate: Gate,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "out"
    assert main(list(run)) == 0
    gate.update(out)
    assert gate(out)[0] == 0
    assert main([*run, *refused]) == 2
    said = capsys.readouterr().err.splitlines()[-1].removeprefix("error: ")
    for folder in (out, out / "self_reconstruction"):
        code, printed = gate(folder)
        assert code == 2
        assert "older than the last `tgbench run`" in printed
        assert said in printed
    assert main(list(run)) == 0
    assert gate(out)[0] == 0


def test_a_fit_that_failed_leaves_nothing_to_pass(
    run: tuple[str, ...], gate: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    assert main(list(run)) == 0
    gate.update(out)
    with monkeypatch.context() as patched:
        patched.setattr("tgbench.running.runner.fit_or_load", _stopped)
        assert main([*run, "--fresh"]) == 130
    (case,) = out.glob("self_reconstruction/*/*/[!.]*")
    assert attempts.unfinished(case) is not None
    code, printed = gate(out)
    assert code == 2
    assert "did not finish" in printed
    assert main([*run, "--fresh"]) == 0
    assert gate(out)[0] == 0
    assert not list(out.rglob(attempts.ATTEMPT_FILE))


def _stopped(*_: object) -> None:
    raise KeyboardInterrupt


def test_another_method_is_judged_all_the_same(
    gate: Gate, write_case: WriteCase, tmp_path: Path
) -> None:
    values = clip(np.random.default_rng(0))
    out = tmp_path / "out"
    done = write_case(out, values, method="done")
    failed = write_case(out, values, method="failed")
    gate.update(out)
    attempts.begin([done, failed])
    attempts.finish(done)
    code, printed = gate(out)
    assert code == 2
    assert str(failed) in printed
    assert str(done) not in printed


def test_a_damaged_note_is_a_note(gate: Gate, write_case: WriteCase, tmp_path: Path) -> None:
    folder = write_case(tmp_path / "out", {"sync_c": 6.5})
    gate.update(tmp_path / "out")
    (folder / attempts.ATTEMPT_FILE).write_text("{")
    assert gate(tmp_path / "out")[0] == 2
    (folder / attempts.ATTEMPT_FILE).write_text(json.dumps({"began": "then", "why": "a\n::error"}))
    code, printed = gate(tmp_path / "out")
    assert code == 2
    assert "(a ::error)" in printed
