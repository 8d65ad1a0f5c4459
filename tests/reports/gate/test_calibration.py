"""Measuring the noise floor, with a run that only writes results."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tgbench.errors import TgbenchError
from tgbench.reports.gate import calibrating
from tgbench.reports.gate.baseline import read_baseline
from tgbench.reports.gate.calibrating import Plan

from .conftest import Gate, WriteCase

PSNR = np.linspace(29.0, 31.0, 40)
SPREAD = 2.7764 * np.std(range(5), ddof=1) * np.sqrt(2.0)
"""Of five runs one apart each: Student's t at 0.975 with 4 degrees of freedom, from a table."""
ARGUMENTS = ("--", "--method", "ours", "--protocol", "self_reconstruction")


class FakeRun:
    """Writes what each seed gives: 0.02 dB more for every one."""

    def __init__(self, write_case: WriteCase) -> None:
        self._write = write_case
        self.about: dict[str, object] = {}
        self.calls: list[Sequence[str]] = []

    def __call__(self, arguments: Sequence[str]) -> None:
        self.calls.append(arguments)
        *_, seed_option, seed_given, out_option, folder = arguments
        assert (seed_option, out_option) == ("--seed", "--out")
        seed, out = int(seed_given), Path(folder)
        metrics = {"psnr": PSNR + 0.02 * seed, "sync_c": 6.0 - 0.1 * seed}
        self._write(out, metrics, seed=seed, **self.about)


@pytest.fixture
def fake_run(write_case: WriteCase, monkeypatch: pytest.MonkeyPatch) -> FakeRun:
    run = FakeRun(write_case)
    monkeypatch.setattr(calibrating, "run_in_process", run)
    return run


@pytest.fixture
def baseline(gate: Gate, write_case: WriteCase, tmp_path: Path) -> Gate:
    write_case(tmp_path / "before", {"psnr": PSNR, "sync_c": 6.0})
    gate.update(tmp_path / "before")
    return gate


def test_the_same_seed_gives_a_floor_of_zero(baseline: Gate, fake_run: FakeRun) -> None:
    code, _ = baseline("--calibrate", "--runs", 3, *ARGUMENTS)
    assert code == 0
    (case,) = read_baseline(baseline.baseline).cases
    assert {metric.floor for metric in case.metrics.values()} == {0.0}
    assert case.calibration is not None
    assert (case.calibration.runs, case.calibration.seeds) == (3, [0, 0, 0])
    outs = {call[-1] for call in fake_run.calls}
    assert len(outs) == 3
    assert not any(Path(out).exists() for out in outs)


def test_other_seeds_give_the_spread_over_seeds(baseline: Gate, fake_run: FakeRun) -> None:
    code, printed = baseline("--calibrate", "--vary-seed", "--runs", 4, *ARGUMENTS, "--seed", 7)
    assert code == 0
    assert "run 4 of 4, seed 10" in printed
    (case,) = read_baseline(baseline.baseline).cases
    assert case.calibration is not None
    assert case.calibration.seeds == [7, 8, 9, 10]
    assert case.metrics["psnr"].floor == pytest.approx(0.1162, abs=1e-4)
    assert case.metrics["sync_c"].floor == pytest.approx(0.5810, abs=1e-4)


def test_floors_outlive_an_update_of_the_same_configuration_only(
    baseline: Gate, fake_run: FakeRun, write_case: WriteCase, tmp_path: Path
) -> None:
    baseline("--calibrate", "--vary-seed", *ARGUMENTS)
    write_case(tmp_path / "now", {"psnr": PSNR, "sync_c": 6.0})
    assert "dropped" not in baseline.update(tmp_path / "now")
    (case,) = read_baseline(baseline.baseline).cases
    assert case.metrics["psnr"].floor == pytest.approx(0.02 * SPREAD, abs=1e-4)
    assert case.calibration is not None
    write_case(tmp_path / "now", {"psnr": PSNR, "sync_c": 6.0}, config={"rate": 2})
    assert "noise floor of psnr, sync_c dropped" in baseline.update(tmp_path / "now")
    (case,) = read_baseline(baseline.baseline).cases
    assert case.metrics["psnr"].floor is None
    assert case.calibration is None


@pytest.mark.parametrize(
    ("about", "said"),
    [
        ({"identity": "synth-b"}, "has no ours on synth-b"),
        ({"version": "2"}, "protocol version: 1 in the baseline, 2 now"),
        ({"config": {"rate": 2}}, "calibrated with another configuration"),
    ],
)
def test_runs_of_something_else_are_refused(
    baseline: Gate, fake_run: FakeRun, about: dict[str, object], said: str
) -> None:
    before = baseline.baseline.read_bytes()
    fake_run.about = about
    code, printed = baseline("--calibrate", *ARGUMENTS)
    assert code == 2
    assert said in printed
    assert baseline.baseline.read_bytes() == before


@pytest.mark.parametrize("option", [["--out", "elsewhere"], ["--resume"]])
def test_options_that_calibration_sets_itself(
    baseline: Gate, fake_run: FakeRun, option: list[str]
) -> None:
    code, printed = baseline("--calibrate", *ARGUMENTS, *option)
    assert code == 2
    assert "folders of its own" in printed
    assert not fake_run.calls


def test_without_a_baseline_nothing_is_run(gate: Gate, fake_run: FakeRun) -> None:
    code, printed = gate("--calibrate", *ARGUMENTS)
    assert code == 2
    assert "no such baseline" in printed
    assert not fake_run.calls


def test_wrong_arguments_of_a_run_are_found_before_it(
    baseline: Gate, fake_run: FakeRun, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        baseline("--calibrate", "--", "--methd", "ours")
    assert ended.value.code == 2
    assert "tgbench run" in capsys.readouterr().err
    assert not fake_run.calls


def test_a_run_is_a_process_of_its_own(
    tiny_identity: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Carried out for real, with the method that fits nothing."""
    announced: list[str] = []
    arguments = ["--method", "still", "--protocol", "self_reconstruction", "--metrics", "psnr"]
    plan = Plan.of([*arguments, "--identity", str(tiny_identity)], 2, vary_seed=False)
    runs = plan.carry_out(calibrating.run_in_process, announced.append)
    (key,) = runs[0]
    assert key[:4] == ("self_reconstruction", "tiny", "self", "still")
    assert calibrating.floor_of("psnr", [run[key] for run in runs]) == 0.0
    assert announced == ["run 1 of 2, seed 0", "run 2 of 2, seed 0"]


def test_ctrl_c_leaves_the_baseline_and_no_folder(
    baseline: Gate, fake_run: FakeRun, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = baseline.baseline.read_bytes()
    write = FakeRun.__call__

    def stopped(self: FakeRun, arguments: Sequence[str]) -> None:
        write(self, arguments)
        if len(self.calls) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(FakeRun, "__call__", stopped)
    code, printed = baseline("--calibrate", *ARGUMENTS)
    assert code == 130
    assert printed.splitlines()[-1] == "stopped"
    assert baseline.baseline.read_bytes() == before
    assert not list(tmp_path.glob("tgbench-calibrate-*"))


def test_runs_that_are_not_alike_are_refused(baseline: Gate, fake_run: FakeRun) -> None:
    """A third party's method may leave out a case, or frames, by chance."""
    write = fake_run._write

    def other(out: Path, metrics: dict[str, object], **about: object) -> Path:
        if len(fake_run.calls) == 2:
            return write(out, {"psnr": PSNR[:30]}, **about)
        return write(out, metrics, **about)

    fake_run._write = other
    code, printed = baseline("--calibrate", *ARGUMENTS)
    assert code == 2
    assert "frames: 40 (1000 to 1039) in the baseline, 30" in printed


def test_a_failed_run_ends_the_calibration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(TgbenchError, match="ended with code 1"):
        calibrating.run_in_process(["--method", "still"])
