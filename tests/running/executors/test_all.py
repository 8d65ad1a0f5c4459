"""What every executor must do, one suite for all of them."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tgbench.running.executors import Ended, Executor
from tgbench.running.job import JobNeeds
from tgbench.running.scheduling import run_jobs

from .conftest import DEVICES, Make, Scripts, job


def test_a_job_that_fails_or_is_killed_does_not_stop_the_others(
    make_executor: Make, scripts: Scripts, tmp_path: Path
) -> None:
    scripts[0] = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    scripts[1] = "import sys; print('error: the clip is too short', file=sys.stderr); sys.exit(2)"
    scripts[2] = "print('fine')"
    jobs = [job(seed, out=tmp_path) for seed in scripts.seeds]
    ended = {each.job.seed: each.error for each in run_jobs(jobs, make_executor(2))}
    assert ended[2] is None
    assert "killed by signal 9" in str(ended[0])
    assert str(ended[1]).startswith("the clip is too short")
    assert str(jobs[1].file.with_suffix(".log")) in str(ended[1])


def test_jobs_in_any_order_leave_the_same(
    make_executor: Make, scripts: Scripts, tmp_path: Path
) -> None:
    """Each case reads what its fit wrote, so it fails where it runs too early."""
    made = tmp_path / "made"
    made.mkdir()
    for seed in (0, 1):
        scripts[seed] = f"open(r'{made}/{seed}', 'w').write('fit {seed}')"
    for seed in range(2, 6):
        scripts[seed] = (
            f"text = open(r'{made}/{seed % 2}').read()\n"
            f"open(r'{made}/{seed}', 'w').write(text + ', case {seed}')"
        )
    fits = [job(seed, out=tmp_path) for seed in (0, 1)]
    cases = [job(seed, fits[seed % 2], out=tmp_path) for seed in range(2, 6)]
    jobs = [*fits, *cases]
    random.Random(3).shuffle(jobs)
    ended = list(run_jobs(jobs, make_executor(3)))
    assert not [each for each in ended if each.error]
    assert {path.name: path.read_text() for path in made.iterdir()} == {
        "0": "fit 0",
        "1": "fit 1",
        **{str(seed): f"fit {seed % 2}, case {seed}" for seed in range(2, 6)},
    }


def test_cancelling_leaves_no_process(
    make_executor: Make, scripts: Scripts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One goes at once, one hears nothing; each has a child of its own, one in its own session."""
    begin = (
        "import os, signal, subprocess, sys, time\n"
        "{}\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(3600)']{})\n"
        f"open(r'{tmp_path}/' + sys.argv[1].rpartition('/')[2] + '.pids', 'w')"
        ".write(f'{{os.getpid()}} {{child.pid}}\\n')\n"
        "time.sleep(3600)\n"
    )
    scripts[0] = begin.format("", "")
    scripts[1] = begin.format(
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)", ", start_new_session=True"
    )
    jobs = [job(seed, out=tmp_path) for seed in scripts.seeds]
    files = [tmp_path / f"{each.file.name}.pids" for each in jobs]
    executor = make_executor(2)
    monkeypatch.setattr("tgbench.running.children.PATIENCE", 0.5)
    with pytest.raises(KeyboardInterrupt):
        list(run_jobs(jobs, _interrupted(executor, lambda: all(map(_is_written, files)))))
    processes = [int(process) for file in files for process in file.read_text().split()]
    assert len(processes) == 4
    # Ray waits half a minute for nodes, which on a busy machine may end their jobs a little later.
    deadline = time.monotonic() + 60
    while any(map(is_running, processes)):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_poisoned_job_is_reported(make_executor: Make, tmp_path: Path) -> None:
    """The command itself refuses it, being of another version."""
    jobs = [job(seed, out=tmp_path) for seed in (0, 1)]
    ended = list(run_jobs(jobs, make_executor(2)))
    assert sorted(each.job.seed for each in ended) == [0, 1]
    for each in ended:
        assert "tgbench 0" in str(each.error)
        assert str(each.job.file.with_suffix(".log")) in str(each.error)


def test_gpu_jobs_never_share_a_device(
    make_executor: Make, scripts: Scripts, tmp_path: Path
) -> None:
    """Each factory has two devices, whatever the number of jobs at a time."""
    for seed in range(5):
        scripts[seed] = (
            "import os, time\n"
            "started = time.monotonic()\n"
            "time.sleep(0.3)\n"
            f"open(r'{tmp_path}/{seed}.span', 'w').write("
            "f'{os.environ[\"CUDA_VISIBLE_DEVICES\"]} {started} {time.monotonic()}')\n"
        )
    jobs = [job(seed, out=tmp_path, needs=JobNeeds(gpus=1)) for seed in scripts.seeds]
    assert not [each for each in run_jobs(jobs, make_executor(4)) if each.error]
    spans = [path.read_text().split() for path in tmp_path.glob("*.span")]
    assert len(spans) == 5
    assert all(device and "," not in device for device, _, _ in spans)
    for _, started, _ in spans:
        at_once = [one for one in spans if float(one[1]) <= float(started) < float(one[2])]
        assert len(at_once) <= DEVICES


def test_a_job_over_its_time_is_stopped_with_all_that_it_started(
    make_executor: Make, scripts: Scripts, tmp_path: Path
) -> None:
    file = tmp_path / "pids"
    scripts[0] = (
        "import os, subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'],"
        " start_new_session=True)\n"
        f"open(r'{file}', 'w').write(f'{{os.getpid()}} {{child.pid}}')\n"
        "time.sleep(60)\n"
    )
    scripts[1] = "print('fine')"
    limited = job(0, out=tmp_path, needs=JobNeeds(seconds=1.5))
    ended = {
        each.job.seed: each.error
        for each in run_jobs([limited, job(1, out=tmp_path)], make_executor(2))
    }
    assert ended[1] is None
    assert "time limit" in str(ended[0])
    assert not any(map(is_running, map(int, file.read_text().split())))


class _Interrupted:
    """An executor whose `wait` meets Ctrl-C as soon as something is the case."""

    def __init__(self, executor: Executor, when: Callable[[], bool]) -> None:
        self._executor, self._when = executor, when
        self.announce, self.takes = executor.announce, executor.takes
        self.submit, self.stop = executor.submit, executor.stop

    def wait(self) -> Ended | None:
        deadline = time.monotonic() + 120
        while not self._when():
            assert time.monotonic() < deadline, "the jobs did not start"
            assert self._executor.wait() is None
        raise KeyboardInterrupt


def _interrupted(executor: Executor, when: Callable[[], bool]) -> Executor:
    return _Interrupted(executor, when)


def _is_written(path: Path) -> bool:
    return path.exists() and path.read_text().endswith("\n")


def is_running(process: int) -> bool:
    """Whether a process still does something; one that nobody has waited for is none."""
    status = Path(f"/proc/{process}/stat")
    for _ in range(1000):
        if not status.exists() or status.read_text().rpartition(")")[2].split()[0] == "Z":
            return False
        time.sleep(0.02)
    return os.path.exists(f"/proc/{process}")
