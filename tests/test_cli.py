"""Bad input ends with one clear line and exit code 2."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tgbench import cli


def run_cli(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tgbench.cli", *arguments], capture_output=True, text=True
    )


RUN = ("run", "--method", "still", "--protocol", "self_reconstruction")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("rnu",), "unknown command 'rnu': did you mean 'run'?"),
        (("run", "--method", "stil", "--protocol", "lipsync"), "did you mean 'still'?"),
        (("run", "--method", "still", "--protocol", "lipsink"), "did you mean 'lipsync'?"),
        ((*RUN, "--identity", "synth-c"), "unknown identity 'synth-c'"),
        ((*RUN, "--identity", "data/none.mp4"), "data/none.mp4: no such identity folder"),
        ((*RUN, "--identity", "/nowhere"), "/nowhere: no such identity folder"),
        ((*RUN, "--identity", "data/synth-a"), "data/synth-a: no such identity folder"),
        ((*RUN, "--identity", "./synth-b"), "./synth-b: no such identity folder"),
        ((*RUN, "--identity", "/dev/null"), "/dev/null: is a file, not the folder"),
        ((*RUN, "--identity", "sinth-a"), "did you mean 'synth-a'?"),
        ((*RUN, "--identity", "synth-a,sinth-b"), "did you mean 'synth-b'?"),
        ((*RUN, "--preset", "papr"), "did you mean 'paper'?"),
        ((*RUN, "--preset", "papr"), "tgbench list presets still"),
        ((*RUN, "--set", "iteratons=3"), "no setting 'iteratons'"),
        ((*RUN, "--set", "iteratons=3"), "tgbench list settings still"),
        ((*RUN, "--metrics", "PSRN"), "unknown metric 'PSRN': did you mean 'psnr'?"),
        ((*RUN, "--metrics", "psnr,AUE"), "'AUE' may mean several metrics"),
        ((*RUN, "--set", "iterations"), "expected key=value"),
        (("validate", "nowhere"), "nowhere"),
        (("report", "nowhere"), "nowhere"),
        (("prepare", "nothing.mp4", "--out", "x"), "nothing.mp4: no such file"),
        (("score", "--prediction", "nothing.mp4"), "nothing.mp4: no such file"),
    ],
)
def test_bad_input_is_one_line(
    arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(list(arguments)) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert said in lines[-1]
    assert lines[-1].startswith("error: ")


def test_an_unwritable_out_is_told(
    tiny_identity: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    code = cli.main([*RUN, "--identity", str(tiny_identity), "--out", str(blocked / "out")])
    assert code == 2
    assert "cannot write here" in capsys.readouterr().err


def test_a_spoilt_identity_is_told(
    own_identity: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (own_identity / "ori_imgs/3.lms").unlink()
    code = cli.main([*RUN, "--identity", str(own_identity), "--out", str(tmp_path / "out")])
    assert code == 2
    assert "missing for frame(s) 3" in capsys.readouterr().err


def test_ctrl_c_exits_130(
    tiny_identity: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tgbench.running.runner.run", stopped)
    assert cli.main([*RUN, "--identity", str(tiny_identity), "--out", str(tmp_path)]) == 130


def test_a_defect_shows_no_traceback_unless_asked(
    tiny_identity: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("inside")

    monkeypatch.setattr("tgbench.running.runner.run", broken)
    arguments = [*RUN, "--identity", str(tiny_identity), "--out", str(tmp_path)]
    assert cli.main(arguments) == 1
    assert "RuntimeError: inside" in capsys.readouterr().err
    with pytest.raises(RuntimeError, match="inside"):
        cli.main([*arguments, "--debug"])


def test_a_full_disk_is_told(
    tiny_identity: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "video.mp4")

    monkeypatch.setattr("tgbench.running.runner.run", full)
    assert cli.main([*RUN, "--identity", str(tiny_identity), "--out", str(tmp_path)]) == 2
    assert "video.mp4: the disk is full" in capsys.readouterr().err


def test_schema_is_json_schema_of_what_runs_write() -> None:
    schema = json.loads(run_cli("schema").stdout)
    required = {"method", "protocol", "identity", "driver", "split", "seed", "metrics", "timing"}
    assert required <= set(schema["properties"])


def test_list_names_what_is_installed() -> None:
    printed = run_cli("list").stdout
    for name in ("talkinggaussian", "still", "lipsync", "self_reconstruction", "psnr", "synth-a"):
        assert name in printed
