"""`tgbench run` with a declared system: results, failures, and what an interruption leaves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tgbench.cli import main
from tgbench.running.result import Result, read_results

from .standin import BARE, GREY, TRAIN, declare, make_checkout

NOTE = (
    "import os, sys; open(os.environ['CALLS'], 'a').write(os.path.basename(sys.argv[0]) + '\\n')\n"
)

SLOW = """
[[train]]
name = "slow"
command = ["python", "slow.py", "{workdir}/model/slow.raw"]
makes = ["model/slow.raw"]
"""

SLEEP = NOTE + (
    "import time\nfirst = not os.path.exists('pid')\nopen('pid', 'w').write(str(os.getpid()))\n"
    "if first: print('asleep', flush=True); time.sleep(60)\nopen(sys.argv[1], 'w').write('made')\n"
)


@pytest.fixture(autouse=True)
def _calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))


def calls(folder: Path) -> list[str]:
    return (folder / "calls").read_text().split()


def words(folder: Path, identity: Path, declaration: Path, *more: str) -> list[str]:
    return [
        *("run", "--method", str(declaration), *more, "--protocol", "self_reconstruction"),
        *("--identity", str(identity), "--out", str(folder / "out")),
        *("--set", f"checkout={folder / 'checkout'}", "--set", f"environment={BARE}"),
        *("--metrics", "psnr", "fps", "training_time"),
    ]


def results(folder: Path) -> dict[str, Result]:
    return {result.method.name: result for _, result in read_results(folder / "out")}


def test_results_say_what_ran_and_what_its_times_are(
    tmp_path: Path, tiny_identity: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkout = make_checkout(tmp_path / "checkout", learn=NOTE + GREY)
    declaration = declare(tmp_path, checkout).path
    asked = words(tmp_path, tiny_identity, declaration, "still")
    assert main(asked) == 0
    found = results(tmp_path)
    mean, still = found["mean"], found["still"]
    assert mean.metrics["psnr"].value != still.metrics["psnr"].value
    assert mean.metrics["fps"].value is None
    training = mean.metrics["training_time"]
    assert training.value is not None
    assert "program of its own" in training.measured_by
    assert any(note.startswith("checkout ") for note in mean.method.notes)
    (log,) = (tmp_path / "out").glob("models/tiny/mean/*/model/logs/learn.log")
    assert "learn.py" in log.read_text()
    assert main(asked) == 0
    assert calls(tmp_path) == ["learn.py"], "nothing is done twice"


def test_a_program_that_fails_is_one_line_and_stops_no_other_method(
    tmp_path: Path, tiny_identity: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fault = "raise FileNotFoundError(2, 'No such file or directory', 'x/79999_iter.pth')"
    checkout = make_checkout(tmp_path / "checkout", learn=NOTE + fault)
    declaration = declare(tmp_path, checkout).path
    assert main(words(tmp_path, tiny_identity, declaration, "still")) == 1
    said = capsys.readouterr().err
    (line,) = {line for line in said.splitlines() if "79999_iter.pth" in line}
    assert "learn.log" in line
    assert "bug" not in said
    assert "Traceback" not in said
    assert set(results(tmp_path)) == {"still"}


def test_a_full_disk_is_named_as_such(
    tmp_path: Path, tiny_identity: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    full = "with open('/dev/full', 'w') as stream: stream.write('x')"
    checkout = make_checkout(tmp_path / "checkout", learn=full)
    assert main(words(tmp_path, tiny_identity, declare(tmp_path, checkout).path)) == 1
    said = capsys.readouterr().err
    assert "the disk is full" in said
    assert "free some space" in said


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [(), ("--jobs", "2")])
def test_ctrl_c_ends_the_program_and_loses_no_finished_stage(
    tmp_path: Path, tiny_identity: Path, jobs: tuple[str, ...]
) -> None:
    checkout = make_checkout(tmp_path / "checkout", learn=NOTE + GREY, slow=SLEEP)
    declaration = declare(tmp_path, checkout, train=TRAIN + SLOW).path
    asked = [*words(tmp_path, tiny_identity, declaration), *jobs]
    command = [sys.executable, "-c", "import sys; from tgbench.cli import main; sys.exit(main())"]
    run = subprocess.Popen([*command, *asked], stderr=subprocess.PIPE, start_new_session=True)
    deadline = time.monotonic() + 120
    while not list((tmp_path / "out").glob("models/tiny/mean/*/work/checkout/pid")):
        assert run.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    (pid,) = (tmp_path / "out").glob("models/tiny/mean/*/work/checkout/pid")
    time.sleep(0.3)
    run.send_signal(signal.SIGINT)
    run.communicate(timeout=60)
    assert run.returncode == 130
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)
    assert subprocess.run([*command, *asked], check=False).returncode == 0
    assert calls(tmp_path) == ["learn.py", "slow.py", "slow.py"]
    notes = results(tmp_path)["mean"].method.notes
    assert any("slow was interrupted" in note for note in notes)
