"""From `tgbench export` to a file, and to a clear line where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tgbench import cli, plugins
from tgbench.files import hash_of
from tgbench.identities import Identity
from tgbench.progress import SILENT
from tgbench.running.code import Code
from tgbench.running.finished_fit import FitRequest
from tgbench.running.fitting import Fitting, fit
from tgbench.running.folders import MODELS
from tgbench.running.method_config import MethodConfig
from tgbench.running.settings import configure

SETTINGS = {
    "schedule.audio_pretraining_iterations": "4",
    "schedule.static_iterations": "4",
    "schedule.motion_iterations": "4",
    "schedule.finetune_iterations": "2",
    "face.gaussians": "50",
    "mouth.gaussians": "20",
}


def fit_as_run_does(identity: Path, out: Path) -> None:
    """Fit as `tgbench run` does, without rendering and measuring."""
    spec = plugins.methods()["talkinggaussian"]
    opened = Identity(identity)
    fit(
        Fitting(
            MethodConfig(spec, configure(spec, "quick", SETTINGS), "quick"),
            opened,
            hash_of(opened.input_hashes()),
            opened.split(),
            0,
            "cpu",
            out / MODELS,
        ),
        SILENT,
    )


@pytest.fixture(scope="module")
def out(tiny_identity: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    fit_as_run_does(tiny_identity, folder)
    return folder


@pytest.fixture
def arguments(tiny_identity: Path, out: Path) -> list[str]:
    chosen = [f"--set={key}={value}" for key, value in SETTINGS.items()]
    options = ["--identity", str(tiny_identity), "--out", str(out), "--device", "cpu", *chosen]
    return ["export", "--method", "talkinggaussian", *options]


def said(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().err.strip().splitlines()[-1]


def test_writes_the_fit_of_a_run(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target, moved = tmp_path / "new" / "head.ply", tmp_path / "moved.ply"
    assert cli.main([*arguments, "--output", str(target)]) == 0
    assert "50 of the face, 20 of the mouth" in capsys.readouterr().out
    first = target.read_bytes()
    assert first.startswith(b"ply\nformat binary_little_endian 1.0\nelement vertex 70\n")
    assert cli.main([*arguments, "--output", str(moved), "--frame", "41"]) == 0
    assert len(moved.read_bytes()) == len(first)
    assert moved.read_bytes() != first


def test_a_file_is_replaced_only_when_told(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "head.ply"
    target.write_text("mine")
    assert cli.main([*arguments, "--output", str(target)]) == 2
    assert "head.ply: already exists; use --force" in said(capsys)
    assert target.read_text() == "mine"
    assert cli.main([*arguments, "--output", str(target), "--force"]) == 0
    assert target.read_bytes().startswith(b"ply\n")


def test_a_fit_by_other_code_is_written_with_a_warning(
    arguments: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main([*arguments, "--output", str(tmp_path / "before.ply")]) == 0
    capsys.readouterr()
    monkeypatch.setattr(Code, "of", lambda *_: Code("tgbench 9", "0" * 64, "0" * 64))
    assert cli.main([*arguments, "--output", str(tmp_path / "after.ply")]) == 0
    told = capsys.readouterr().err
    assert "warning: " in told
    assert "code changed since this fit" in " ".join(told.split())
    assert (tmp_path / "before.ply").read_bytes() == (tmp_path / "after.ply").read_bytes()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("--frame", "44"), "--frame 44: tiny has frames 0 to 43"),
        (("--frame", "-1"), "--frame -1: tiny has frames 0 to 43"),
        (("--branch", "mouht"), "did you mean 'mouth'?"),
        (("--output", "head.splat"), "ends in .ply"),
        (("--method", "still"), "method 'still' has nothing to export"),
        (("--seed", "7"), "make it with `tgbench run --method talkinggaussian --protocol"),
        (("--seed", "7"), "--seed 7"),
        (("--set", "audio.dim=16"), "--set audio.dim=16"),
        (("--output", "/dev/null/head.ply"), "cannot write here"),
    ],
)
def test_what_cannot_be_is_one_line(
    arguments: list[str],
    change: tuple[str, ...],
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    given = [*arguments, "--output", "head.ply"]
    if change[0] == "--method":
        given = [word for word in given if "--set" not in word]
    if change[0] in given:
        given[given.index(change[0]) + 1] = change[1]
    else:
        given += change
    assert cli.main(given) == 2
    assert expected in said(capsys)
    assert not list(tmp_path.rglob("*.*"))


def test_the_command_that_makes_a_fit_names_a_device_that_is_not_the_usual_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tgbench.running.finished_fit.resolve_device", lambda _: "cuda")
    assert "--device cpu" in FitRequest("still", "synth-a", device="cpu").command()
    assert "--device" not in FitRequest("still", "synth-a", device="cuda").command()
