"""Handing jobs to executors: order, failures, and children that go wrong."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgbench.running import executors
from tgbench.running.executors import ChildProcesses, Ended, run_jobs, stopped_by_terminate
from tgbench.running.job import IdentityJob, JobSpec, MethodJob


def job(seed: int, *needed: JobSpec, out: Path = Path("/nowhere")) -> JobSpec:
    """A job told from others by its seed; nothing of it is ever done here."""
    return JobSpec(
        tgbench_version="0",
        kind="fit",
        method=MethodJob(name="m", preset="quick", config={}, code_sha256="0" * 64),
        identity=IdentityJob(name="i", source="i", size=64, sha256="0" * 64),
        train=(0, 1),
        test=(1, 2),
        seed=seed,
        device="cpu",
        depends_on=tuple(each.address for each in needed),
        out=str(out),
    )


class Recorded:
    """Ends jobs in any order, and fails some."""

    def __init__(self, capacity: int | None, failing: set[str], chance: random.Random) -> None:
        self.capacity, self.failing, self.chance = capacity, failing, chance
        self.running: list[JobSpec] = []
        self.submitted: list[JobSpec] = []
        self.done: set[str] = set()
        self.stopped = False

    def submit(self, job: JobSpec) -> None:
        assert set(job.depends_on) <= self.done, "all that it needs is done"
        self.running.append(job)
        self.submitted.append(job)
        assert self.capacity is None or len(self.running) <= self.capacity

    def wait(self) -> Ended:
        job = self.running.pop(self.chance.randrange(len(self.running)))
        if job.address in self.failing:
            return Ended(job, ValueError("no"))
        self.done.add(job.address)
        return Ended(job)

    def stop(self) -> None:
        self.stopped = True


@given(
    st.lists(st.lists(st.integers(0, 30), max_size=3), min_size=1, max_size=12),
    st.sets(st.integers(0, 11)),
    st.sampled_from([1, 2, 5, None]),
    st.randoms(use_true_random=False),
)
def test_every_job_ends_once_and_after_all_that_it_needs(
    needs: list[list[int]], failing: set[int], capacity: int | None, chance: random.Random
) -> None:
    jobs: list[JobSpec] = []
    for seed, wanted in enumerate(needs):
        jobs.append(job(seed, *(jobs[n % seed] for n in wanted if seed)))
    bad = {each.address for each in jobs if each.seed in failing}
    executor = Recorded(capacity, bad, chance)
    ended = list(run_jobs(jobs, executor))
    assert sorted(each.job.seed for each in ended) == list(range(len(jobs)))
    expected = set(bad)
    for each in jobs:
        if expected & set(each.depends_on):
            expected.add(each.address)
    assert {each.job.address for each in ended if each.error} == expected
    assert executor.done == {each.address for each in jobs} - expected
    assert executor.stopped


def test_one_at_a_time_jobs_keep_their_order() -> None:
    fit, other = job(0), job(1)
    jobs = [fit, job(2, fit), job(3, fit), other, job(4, other)]
    executor = Recorded(1, set(), random.Random(0))
    list(run_jobs(jobs, executor))
    assert executor.submitted == jobs


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch) -> dict[int, str]:
    """What the child of each job does, by the job's seed."""
    found: dict[int, str] = {}

    def command(path: Path) -> list[str]:
        seed = JobSpec.model_validate_json(path.read_text()).seed
        return [sys.executable, "-c", found[seed]]

    monkeypatch.setattr(executors, "_command", command)
    return found


def test_a_child_that_fails_or_is_killed_does_not_stop_the_others(
    scripts: dict[int, str], tmp_path: Path
) -> None:
    scripts[0] = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    scripts[1] = "import sys; print('error: the clip is too short', file=sys.stderr); sys.exit(2)"
    scripts[2] = "print('fine')"
    jobs = [job(seed, out=tmp_path) for seed in scripts]
    ended = {each.job.seed: each.error for each in run_jobs(jobs, ChildProcesses(2))}
    assert ended[2] is None
    assert "killed by signal 9" in str(ended[0])
    assert str(jobs[1].file.with_suffix(".log")) in str(ended[1])
    assert str(ended[1]).startswith("the clip is too short")


def test_ctrl_c_stops_all_children_and_theirs(
    scripts: dict[int, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One goes at once, one hears nothing; each has a child of its own."""
    monkeypatch.setattr(executors, "_PATIENCE", 0.5)
    begin = (
        "import signal, subprocess, sys, time\n"
        "{}\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    scripts[0] = begin.format("")
    scripts[1] = begin.format("signal.signal(signal.SIGTERM, signal.SIG_IGN)")
    jobs = [job(seed, out=tmp_path) for seed in scripts]
    executor = ChildProcesses(2)
    logs = [each.file.with_suffix(".log") for each in jobs]

    def interrupted(self: ChildProcesses) -> Ended:
        while not all(log.read_text().strip() for log in logs):
            time.sleep(0.01)
        raise KeyboardInterrupt

    monkeypatch.setattr(ChildProcesses, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        list(run_jobs(jobs, executor))
    for log in logs:
        assert not is_running(int(log.read_text().split()[0]))


def test_a_second_ctrl_c_leaves_no_child_behind(
    scripts: dict[int, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripts[0] = (
        "import signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print('ready', flush=True)\n"
        "time.sleep(60)\n"
    )
    child = job(0, out=tmp_path)
    executor = ChildProcesses(1)
    executor.submit(child)
    while not child.file.with_suffix(".log").read_text():
        time.sleep(0.01)
    (process,) = executor._running
    patience = process.wait

    def impatient(timeout: float | None = None) -> int:
        if timeout is not None:
            raise KeyboardInterrupt
        return patience()

    monkeypatch.setattr(process, "wait", impatient)
    with pytest.raises(KeyboardInterrupt):
        executor.stop()
    assert process.returncode == -signal.SIGKILL


def test_a_job_that_cannot_be_handed_over_does_not_stop_the_others() -> None:
    class Refusing(Recorded):
        def submit(self, job: JobSpec) -> None:
            if job.seed == 0:
                raise OSError("no more processes")
            super().submit(job)

    fit, other = job(0), job(1)
    jobs = [fit, job(2, fit), other, job(3, other)]
    ended = {
        each.job.seed: each.error for each in run_jobs(jobs, Refusing(1, set(), random.Random(0)))
    }
    assert {seed for seed, error in ended.items() if error} == {0, 2}
    assert "no more processes" in str(ended[0])


def test_a_child_that_was_started_to_ignore_ctrl_c_is_asked_to_stop(
    scripts: dict[int, str], tmp_path: Path
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
    executor = ChildProcesses(1)
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


def is_running(process: int) -> bool:
    """Whether a process still does something; one that nobody has waited for is none."""
    status = Path(f"/proc/{process}/stat")
    for _ in range(100):
        if not status.exists() or status.read_text().rpartition(")")[2].split()[0] == "Z":
            return False
        time.sleep(0.02)
    return True


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
