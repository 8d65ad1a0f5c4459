"""The local executor: its children, and what ends them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from tgbench import machine
from tgbench.errors import TgbenchError
from tgbench.running import slots
from tgbench.running.executor_config import LocalConfig
from tgbench.running.executors import InProcess, Setting
from tgbench.running.job import JobNeeds, JobSpec
from tgbench.running.local import LocalExecutor
from tgbench.running.scheduling import run_jobs
from tgbench.running.stopping import stopped_by_terminate
from tgbench.running.worker import Worker

from .conftest import Scripts, job
from .test_all import is_running


@pytest.fixture(autouse=True)
def _own_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else's jobs are in the way."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


def local(out: Path, jobs: int) -> LocalExecutor:
    return LocalExecutor(LocalConfig(), Setting(out, jobs))


class Done:
    """Does jobs by looking at who may use the machine meanwhile."""

    def __init__(self) -> None:
        self.alone: slots.Held | None = slots.Held()

    def do(self, job: JobSpec) -> None:
        self.alone = slots.hold(gpus=0, alone=True)


def test_a_job_in_this_process_and_one_that_is_alone_exclude_each_other(tmp_path: Path) -> None:
    worker, (first,) = Done(), [job(0, out=tmp_path)]
    executor = InProcess(cast(Worker, worker))
    alone = slots.hold(gpus=0, alone=True)
    assert alone is not None
    assert not executor.takes(first.needs)
    alone.release()
    assert executor.takes(first.needs)
    executor.submit(first)
    ended = executor.wait()
    assert ended is not None
    assert ended.error is None
    assert worker.alone is None, "another run had the machine for itself during the job"
    after = slots.hold(gpus=0, alone=True)
    assert after is not None
    after.release()


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


def test_two_runs_on_one_machine_share_its_gpus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    one, other = slots.hold(1, False), slots.hold(1, False)
    assert one is not None
    assert other is not None
    assert {*one.devices, *other.devices} == {"0", "1"}
    assert slots.hold(1, False) is None
    assert slots.hold(0, True) is None, "nobody is alone"
    one.release()
    third = slots.hold(1, False)
    assert third is not None
    assert third.devices == one.devices
    for held in (third, other):
        held.release()
    alone = slots.hold(0, True)
    assert alone is not None
    assert slots.hold(0, False) is None
    alone.release()


@pytest.mark.parametrize(
    ("chosen", "expected"), [("0,2", ["0", "2"]), ("", []), ("-1", []), ("1,-1,0", ["1"])]
)
def test_devices_are_those_that_cuda_would_see(
    chosen: str, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", chosen)
    assert slots.devices() == expected


def test_a_job_for_more_gpus_than_there_are_is_refused(
    scripts: Scripts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    scripts[1] = "print('fine')"
    jobs = [job(0, out=tmp_path, needs=JobNeeds(gpus=1)), job(1, out=tmp_path)]
    ended = {each.job.seed: each.error for each in run_jobs(jobs, local(tmp_path, 2))}
    assert "needs 1 GPU" in str(ended[0])
    assert ended[1] is None


_SPAN = """\
import os, time
started = time.monotonic()
time.sleep(0.4)
open(r'{folder}/{seed}.span', 'w').write(f'{{started}} {{time.monotonic()}}')
"""


def spans(folder: Path) -> dict[int, tuple[float, float]]:
    """When each job began and ended."""
    found = {}
    for path in folder.glob("*.span"):
        started, ended = map(float, path.read_text().split())
        found[int(path.stem)] = started, ended
    return found


def overlap(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def test_jobs_that_do_not_fit_in_memory_together_run_one_after_another(
    scripts: Scripts,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """8 GB are free: jobs 0 and 1 do not fit beside each other, job 3 does not fit at all."""
    monkeypatch.setattr(machine, "free_memory_gb", lambda: 8.0)
    jobs = []
    for seed, memory in enumerate((5.0, 5.0, 2.0, 20.0)):
        scripts[seed] = _SPAN.format(folder=tmp_path, seed=seed)
        jobs.append(job(seed, out=tmp_path, needs=JobNeeds(memory_gb=memory)))
    assert not [each for each in run_jobs(jobs, local(tmp_path, 4)) if each.error]
    found = spans(tmp_path)
    assert not overlap(found[0], found[1])
    assert not any(overlap(found[3], found[seed]) for seed in (0, 1, 2))
    assert "20.0 GB" in caplog.text


def test_an_exclusive_job_runs_alone(scripts: Scripts, tmp_path: Path) -> None:
    jobs = []
    for seed in range(4):
        scripts[seed] = _SPAN.format(folder=tmp_path, seed=seed)
        needs = JobNeeds(exclusive=seed == 1)
        jobs.append(job(seed, out=tmp_path, needs=needs))
    assert not [each for each in run_jobs(jobs, local(tmp_path, 3)) if each.error]
    found = spans(tmp_path)
    assert not any(overlap(found[1], found[seed]) for seed in (0, 2, 3))


def test_room_is_what_running_jobs_leave(
    scripts: Scripts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 8 GB, 4 cores, 2 devices and 3 jobs, a job has 5 GB, 3 cores and a device."""
    monkeypatch.setattr(machine, "free_memory_gb", lambda: 8.0)
    monkeypatch.setattr(machine, "cores", lambda: 4)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    scripts[0] = "import time; time.sleep(60)"
    executor = local(tmp_path, 3)
    first = JobNeeds(memory_gb=5, cpus=3, gpus=1)
    assert executor.takes(first)
    executor.submit(job(0, out=tmp_path, needs=first))
    try:
        assert executor.takes(JobNeeds(memory_gb=2.9, cpus=1, gpus=1))
        assert not executor.takes(JobNeeds(memory_gb=3.1, cpus=1))
        assert not executor.takes(JobNeeds(memory_gb=1, cpus=2))
        assert not executor.takes(JobNeeds(memory_gb=1, cpus=1, gpus=2))
        assert not executor.takes(JobNeeds(exclusive=True))
    finally:
        executor.stop()


def test_children_share_the_cores(
    scripts: Scripts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OpenMP, which PyTorch and OpenBLAS use, Numba and OpenCV: 8 cores for 3 jobs are 2 each."""
    names = ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENCV_FOR_THREADS_NUM")
    for name in names:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(machine, "cores", lambda: 8)
    show = f"import os; print(*(os.environ.get(name, '-') for name in {names}))"
    wanted = [JobNeeds(), JobNeeds(cpus=5), JobNeeds(exclusive=True)]
    jobs = []
    for seed, needs in enumerate(wanted):
        scripts[seed] = show
        jobs.append(job(seed, out=tmp_path, needs=needs))
    list(run_jobs(jobs, local(tmp_path, 3)))
    said = [each.file.with_suffix(".log").read_text().split() for each in jobs]
    assert said == [["2"] * 3, ["5"] * 3, ["-"] * 3]


def test_a_full_disk_is_told_and_stops_no_other(scripts: Scripts, tmp_path: Path) -> None:
    """Nothing can be written to the log of the first job, as on a node with a full disk."""
    scripts[0] = "print('much', flush=True)"
    scripts[1] = "print('fine')"
    jobs = [job(seed, out=tmp_path) for seed in scripts.seeds]
    log = jobs[0].file.with_suffix(".log")
    log.parent.mkdir(parents=True)
    log.symlink_to("/dev/full")
    ended = {each.job.seed: each.error for each in run_jobs(jobs, local(tmp_path, 2))}
    assert ended[1] is None
    assert str(log) in str(ended[0])


@pytest.mark.parametrize("needs", [JobNeeds(gpus=1), JobNeeds(exclusive=True)])
def test_a_job_whose_file_cannot_be_written_holds_nothing_from_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, needs: JobNeeds
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    executor = local(tmp_path, 2)
    assert executor.takes(needs)
    with pytest.raises((OSError, TgbenchError)):
        executor.submit(job(0, out=Path("/proc/none"), needs=needs))
    assert executor.takes(needs), "the lock of the job that never began is released"
    executor.stop()


def test_a_run_that_is_killed_leaves_no_process(tmp_path: Path) -> None:
    """By SIGKILL, which it cannot answer; its job has a child in a session of its own."""
    pids = tmp_path / "pids"
    work = (
        "import os, subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'],"
        " start_new_session=True)\n"
        f"open(r'{pids}', 'w').write(f'{{os.getpid()}} {{child.pid}}\\n')\n"
        "time.sleep(60)\n"
    )
    run = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from tgbench.running.children import Child\n"
        f"child = Child([sys.executable, '-c', {work!r}], Path(r'{tmp_path}/log'))\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", run]) as parent:
        while not (pids.exists() and pids.read_text().endswith("\n")):
            assert parent.poll() is None
            time.sleep(0.02)
        parent.kill()
    assert not any(map(is_running, map(int, pids.read_text().split())))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_ending_a_run_from_outside_is_as_ctrl_c(number: signal.Signals) -> None:
    # Whoever runs the tests with nohup has SIGHUP ignored.
    former = signal.signal(number, signal.SIG_DFL)
    try:
        with pytest.raises(KeyboardInterrupt), stopped_by_terminate():
            signal.raise_signal(number)
        assert signal.getsignal(number) is signal.SIG_DFL
    finally:
        signal.signal(number, former)


def test_a_closed_terminal_does_not_stop_what_nohup_started() -> None:
    former = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stopped_by_terminate():
            os.kill(os.getpid(), signal.SIGHUP)
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, former)


@pytest.fixture
def heard_ctrl_c() -> Iterator[None]:
    """What a shell starts in the background ignores Ctrl-C, and so would what it runs."""
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, former)


@pytest.mark.slow
def test_ctrl_c_of_a_run_with_children_ends_with_130(
    heard_ctrl_c: None, tiny_identity: Path, tmp_path: Path
) -> None:
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
