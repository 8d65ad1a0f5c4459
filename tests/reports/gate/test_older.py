"""Results that a run was to replace, and has not, are never judged."""

from __future__ import annotations

import json
import shutil
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
        patched.setattr("tgbench.running.worker.fit", _stopped)
        assert main([*run, "--fresh"]) == 130
    (case,) = out.glob("self_reconstruction/*/*/*/[!.]*")
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


def ask(
    out: Path, *words: str, method: str = "still", protocol: str = "self_reconstruction"
) -> int:
    return main(["run", "--method", method, "--protocol", protocol, "--out", str(out), *words])


@pytest.fixture
def people(tiny_identity: Path, tmp_path: Path) -> tuple[str, str]:
    other = tmp_path / "people" / "other"
    shutil.copytree(tiny_identity, other)
    return str(tiny_identity), str(other)


def test_a_run_of_another_identity_does_not_settle_a_refused_one(
    people: tuple[str, str], gate: Gate, tmp_path: Path
) -> None:
    mine, other = people
    out = tmp_path / "out"
    assert ask(out, "--identity", mine, "--metrics", "psnr") == 0
    gate.update(out)
    assert ask(out, "--identity", mine, "--set", "nonsense=1") == 2
    assert ask(out, "--identity", other, "--metrics", "psnr") == 0
    code, printed = gate(out)
    assert code == 2
    assert "no setting 'nonsense'" in printed
    assert ask(out, "--identity", mine, other, "--metrics", "psnr") == 0
    assert not list(out.glob("attempt*"))
    assert gate(out / "self_reconstruction" / "tiny")[0] == 0


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (("--set", "nonsense=1"), {"protocol": "lipsync"}),
        (("--set", "nonsense=1"), {"method": "talkinggaussian"}),
        (("--set", "nonsense=1", "--identity", "synth-b"), {}),
        ((), {"protocol": "lipsync", "method": "stil"}),
        (("--identity", "/nowhere"), {"protocol": "lipsync"}),
        (("--identity", "synth-b"), {"protocol": "lipsinc"}),
    ],
)
def test_a_refused_run_of_something_else_blocks_nothing(
    words: tuple[str, ...],
    names: dict[str, str],
    gate: Gate,
    write_case: WriteCase,
    tmp_path: Path,
) -> None:
    out = tmp_path / "out"
    folder = write_case(out, {"sync_c": 6.5}, method="still")
    assert folder.relative_to(out).parts[:2] == ("self_reconstruction", "synth-a")
    gate.update(out)
    assert ask(out, *words, **names) == 2
    assert gate(out)[0] == 0
    assert len(list(out.glob("attempt-*.json"))) == 1


def test_the_message_names_the_note(gate: Gate, write_case: WriteCase, tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_case(out, {"sync_c": 6.5}, method="still")
    gate.update(out)
    assert ask(out, method="stil") == 2
    (note,) = out.glob("attempt-*.json")
    code, printed = gate(out)
    assert code == 2
    assert f"run it again, or delete {note} if it is not about this result" in printed
    note.unlink()
    assert gate(out)[0] == 0
