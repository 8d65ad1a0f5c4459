"""The local executor: its children, and what ends them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tgbench.running.executor_config import LocalConfig
from tgbench.running.executors import Setting, stopped_by_terminate
from tgbench.running.local import LocalExecutor

from .conftest import Scripts, job


def local(out: Path, jobs: int) -> LocalExecutor:
    return LocalExecutor(LocalConfig(), Setting(out, jobs))


def test_a_second_ctrl_c_leaves_no_child_behind(
    scripts: Scripts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripts[0] = (
        "import os, signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print(os.getpid(), flush=True)\n"
        "time.sleep(60)\n"
    )
    child = job(0, out=tmp_path)
    executor = local(tmp_path, 1)
    executor.submit(child)
    log = child.file.with_suffix(".log")
    while not log.read_text().strip():
        time.sleep(0.01)

    def impatient(self: object, seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tgbench.running.children.Child.wait", impatient)
    with pytest.raises(KeyboardInterrupt):
        executor.stop()
    assert not Path(f"/proc/{log.read_text().strip()}").exists()


def test_a_child_that_was_started_to_ignore_ctrl_c_is_asked_to_stop(
    scripts: Scripts, tmp_path: Path
) -> None:
    """As a shell script starts what it runs in the background."""
    scripts[0] = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit('stopped'))\n"
        "print('ready', flush=True)\n"
        "time.sleep(60)\n"
    )
    child = job(0, out=tmp_path)
    log = child.file.with_suffix(".log")
    executor = local(tmp_path, 1)
    executor.submit(child)
    while not log.read_text():
        time.sleep(0.01)
    executor.stop()
    assert log.read_text().split() == ["ready", "stopped"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_ending_a_run_from_outside_is_as_ctrl_c(number: signal.Signals) -> None:
    former = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt), stopped_by_terminate():
        signal.raise_signal(number)
    assert signal.getsignal(number) is former


def test_a_closed_terminal_does_not_stop_what_nohup_started() -> None:
    former = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stopped_by_terminate():
            os.kill(os.getpid(), signal.SIGHUP)
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, former)


@pytest.mark.slow
def test_ctrl_c_of_a_run_with_children_ends_with_130(tiny_identity: Path, tmp_path: Path) -> None:
    words = ["run", "--method", "still", "--protocol", "lipsync", "--seed", "0", "1", "2"]
    words += ["--identity", str(tiny_identity), "--out", str(tmp_path / "out"), "--jobs", "2"]
    with subprocess.Popen(
        [sys.executable, "-m", "tgbench", *words], stderr=subprocess.PIPE, text=True
    ) as run:
        assert run.stderr is not None
        for line in run.stderr:
            if line.startswith("jobs: started"):
                break
        while not list((tmp_path / "out" / "jobs").glob("*.log")):
            time.sleep(0.05)
        os.kill(run.pid, signal.SIGINT)
        assert run.wait(60) == 130
    assert not any(
        str(tmp_path) in command.read_text()
        for command in Path("/proc").glob("[0-9]*/cmdline")
        if command.parent.name != str(os.getpid()) and command.exists()
    )
