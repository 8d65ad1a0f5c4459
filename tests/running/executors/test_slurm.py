"""The SLURM executor, against stand-ins for SLURM's programs."""

from __future__ import annotations

import json
import re
import shlex
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tgbench.cluster.configs import SlurmConfig
from tgbench.cluster.slurm_executor import SlurmExecutor
from tgbench.cluster.slurm_queue import Queued, QueueSilent, ended_tasks
from tgbench.errors import TgbenchError
from tgbench.progress import SILENT
from tgbench.running.executors import Ended, Setting
from tgbench.running.job import JobNeeds
from tgbench.running.runner import run
from tgbench.running.scheduling import run_jobs

from ..test_job import assert_same, request_of
from . import slurm_cluster
from .conftest import Scripts, job

WAIT_FOR_GO = """
import pathlib, sys, time
here = pathlib.Path({here!r})
with open(here / 'starts', 'a') as file:
    file.write({seed!r} + ' ')
while not (here / 'go').exists():
    time.sleep(0.02)
"""


@pytest.fixture
def slurm(tmp_path: Path) -> Iterator[Path]:
    """The folder of the stand-ins' state."""
    with slurm_cluster.installed(tmp_path / "slurm", gpus=2) as folder:
        yield folder


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out 100%"


def executor_in(out: Path, jobs: int | None = None, **settings: object) -> SlurmExecutor:
    settings = {"poll": 0.2, "on_stop": "cancel", **settings}
    return SlurmExecutor(SlurmConfig(**settings), Setting(out, jobs))  # type: ignore[arg-type]


def calls(slurm: Path, program: str) -> list[list[str]]:
    file = slurm / "calls.jsonl"
    lines = file.read_text().splitlines() if file.exists() else []
    found = map(json.loads, lines)
    return [words[1:] for words in found if words[0] == program]


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline, "it does not come"
        time.sleep(0.02)


def errors(ended: list[Ended]) -> dict[int, str]:
    return {each.job.seed: str(each.error or "") for each in ended}


def test_a_fit_and_its_cases_are_a_task_of_one_throttled_array(
    slurm: Path, scripts: Scripts, out: Path
) -> None:
    for seed in range(6):
        scripts[seed] = "import sys; sys.exit('error: no face')" if seed == 1 else "print('fine')"
    fits = [job(seed, out=out) for seed in (0, 1, 2)]
    cases = [job(seed + 3, fit, out=out) for seed, fit in enumerate(fits)]
    ended = errors(list(run_jobs([*fits, *cases], executor_in(out, jobs=2))))
    ((*words, script),) = calls(slurm, "sbatch")
    assert "--array=0-2%2" in words
    assert {"--requeue", "--open-mode=append"} <= {*words}
    assert Path(script).read_text().startswith("#!/bin/sh\n")
    assert {seed: bool(error) for seed, error in ended.items()} == {
        0: False,
        1: True,
        2: False,
        3: False,
        4: True,
        5: False,
    }
    assert ended[1].startswith("no face")
    assert str(fits[1].file.with_suffix(".log")) in ended[1]
    assert fits[1].title in ended[4]
    assert not cases[1].file.with_suffix(".log").exists(), "what needs it was not begun"


def test_jobs_that_run_alone_follow_in_an_array_of_their_own(
    slurm: Path, scripts: Scripts, out: Path
) -> None:
    """As timings do, whose nodes nothing else may use."""
    for seed in range(4):
        scripts[seed] = "print('fine')"
    cases = [job(seed, out=out) for seed in (0, 1)]
    needs = JobNeeds(exclusive=True)
    timings = [job(seed + 2, case, out=out, needs=needs) for seed, case in enumerate(cases)]
    ended = errors(list(run_jobs([*cases, *timings], executor_in(out))))
    assert ended == dict.fromkeys(range(4), "")
    first, *later = calls(slurm, "sbatch")
    assert "--exclusive" not in first
    assert all("--exclusive" in words for words in later)
    assert later


@pytest.mark.parametrize("accounts", [True, False])
def test_the_same_command_finds_jobs_that_still_run(
    slurm: Path,
    scripts: Scripts,
    out: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    accounts: bool,
) -> None:
    if not accounts:
        (slurm / "no_accounts").touch()
    for seed in (0, 1):
        scripts[seed] = WAIT_FOR_GO.format(here=str(tmp_path), seed=str(seed))
    jobs = [job(0, out=out)]
    jobs.append(job(1, jobs[0], out=out))
    left = executor_in(out, on_stop="ask")
    left.announce(jobs)
    left.submit(jobs[0])
    wait_until((tmp_path / "starts").exists)
    left.stop()
    assert re.search(r"scancel --name=slurm-\w+ .*101`", caplog.text), "nobody could be asked"
    again = executor_in(out)
    (tmp_path / "go").touch()
    assert errors(list(run_jobs(jobs, again))) == {0: "", 1: ""}
    assert len(calls(slurm, "sbatch")) == 1
    assert (tmp_path / "starts").read_text().split() == ["0", "1"]
    assert not calls(slurm, "scancel")
    wait_until(lambda: (slurm / "101" / "0").read_text() == "COMPLETED")
    executor_in(out)
    assert not list((out / "jobs").glob("slurm-*.json")), "an array that has ended is forgotten"
    assert list((out / "jobs").glob("slurm-*-0.log")), "its log stays"


def test_an_array_whose_number_was_lost_is_found_by_its_name(
    slurm: Path, scripts: Scripts, out: Path, tmp_path: Path
) -> None:
    """As after a kill between `sbatch` and the note of what it said."""
    scripts[0] = WAIT_FOR_GO.format(here=str(tmp_path), seed="0")
    jobs = [job(0, out=out)]
    executor_in(out).announce(jobs)
    (file,) = (out / "jobs").glob("slurm-*.json")
    file.write_text(json.dumps({**json.loads(file.read_text()), "number": ""}))
    again = executor_in(out)
    (tmp_path / "go").touch()
    assert errors(list(run_jobs(jobs, again))) == {0: ""}
    assert len(calls(slurm, "sbatch")) == 1


def test_what_another_run_queued_meanwhile_is_not_queued_again(
    slurm: Path, scripts: Scripts, out: Path, tmp_path: Path
) -> None:
    for seed in (0, 1):
        scripts[seed] = WAIT_FOR_GO.format(here=str(tmp_path), seed=str(seed))
    jobs = [job(seed, out=out) for seed in (0, 1)]
    late, first = executor_in(out), executor_in(out)
    first.announce(jobs[:1])
    late.announce(jobs)
    assert [words[0] for words in map(arrays_of, calls(slurm, "sbatch"))] == ["--array=0-0"] * 2
    late.stop()


def arrays_of(words: list[str]) -> list[str]:
    return [word for word in words if word.startswith("--array=")]


@pytest.mark.parametrize("seeds", [[2], [1, 2]])
def test_a_run_cancels_no_job_that_only_another_run_wants(
    slurm: Path, scripts: Scripts, out: Path, tmp_path: Path, seeds: list[int]
) -> None:
    for seed in range(3):
        scripts[seed] = WAIT_FOR_GO.format(here=str(tmp_path), seed=str(seed))
    jobs = [job(seed, out=out) for seed in range(3)]
    first = executor_in(out)
    first.announce(jobs[:2])
    other = executor_in(out)
    other.announce([jobs[seed] for seed in seeds])
    other.stop()
    array = next(file for file in (out / "jobs").glob("slurm-*.json") if "101" in file.read_text())
    assert json.loads(array.read_text())["number"] == "101"
    cancelled = {words[-1]: words[:-1] for words in calls(slurm, "scancel")}
    assert set(cancelled) == ({"101_1", "102"} if 1 in seeds else {"102"})
    named = {path.stem for path in (out / "jobs").glob("slurm-*.json")}
    assert all(words[0].removeprefix("--name=") in named for words in cancelled.values())
    (tmp_path / "go").touch()
    for each in jobs[:2]:
        first.submit(each)
    ended = {}
    while len(ended) < 2:
        found = first.wait()
        if found is not None:
            ended[found.job.seed] = found.error
    assert ended[0] is None
    assert (ended[1] is None) == (1 not in seeds)


@pytest.mark.parametrize("accounts", [True, False])
def test_a_number_that_is_now_of_somebody_else_is_neither_asked_nor_cancelled(
    slurm: Path, scripts: Scripts, out: Path, tmp_path: Path, accounts: bool
) -> None:
    """As after a cluster was set up again, and counts anew."""
    scripts[0] = WAIT_FOR_GO.format(here=str(tmp_path), seed="0")
    if not accounts:
        (slurm / "no_accounts").touch()
    first = executor_in(out)
    first.announce([job(0, out=out)])
    about = slurm / "101" / "job.json"
    told = json.loads(about.read_text())
    about.write_text(json.dumps({**told, "options": {**told["options"], "job-name": "theirs"}}))
    again = executor_in(out)
    assert again._queued == {}, "what is in the queue is no job of ours"
    first.stop()
    assert not (slurm / "101" / "cancelled").exists()
    about.write_text(json.dumps(told))


def test_a_cluster_that_says_its_name_is_asked_by_it(
    slurm: Path, scripts: Scripts, out: Path, tmp_path: Path
) -> None:
    scripts[0] = WAIT_FOR_GO.format(here=str(tmp_path), seed="0")
    executor = executor_in(out)
    executor.announce([job(0, out=out)])
    executor.stop()
    (words,) = calls(slurm, "scancel")
    (file,) = (out / "jobs").glob("slurm-*.json")
    assert words == [f"--name={file.stem}", "--clusters=cluster", "101"]
    assert json.loads(file.read_text())["cluster"] == "cluster"


@pytest.mark.parametrize("alone", [True, False])
def test_an_array_of_another_cluster_is_neither_asked_about_nor_forgotten(
    slurm: Path,
    scripts: Scripts,
    out: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    alone: bool,
) -> None:
    """As where login nodes of two clusters see one folder, and both count their jobs from 101."""
    for seed in (0, 1):
        scripts[seed] = WAIT_FOR_GO.format(here=str(tmp_path), seed=str(seed))
    if alone:
        (slurm / "alone").touch()
    jobs = [job(seed, out=out) for seed in (0, 1)]
    here = executor_in(out)
    here.announce(jobs[:1])
    (file,) = (out / "jobs").glob("slurm-*.json")
    with slurm_cluster.installed(tmp_path / "other", gpus=2) as other:
        (other / "cluster").write_text("other")
        there = executor_in(out)
        assert f"{file}: is in the queue of the cluster cluster" in caplog.text
        there.announce(jobs)
        (words,) = calls(other, "sbatch")
        assert arrays_of(words) == ["--array=0-1"], "it does both jobs"
        there.stop()
        asked = [
            words
            for program in ("squeue", "sacct", "scancel")
            for words in calls(other, program)
            if f"--name={file.stem}" in words
        ]
        assert all("--clusters=cluster" in words for words in asked)
        assert bool(asked) != alone
    assert file.exists()
    assert file.with_suffix(".sh").exists()
    assert not calls(slurm, "scancel")
    again = executor_in(out)
    (tmp_path / "go").touch()
    assert errors(list(run_jobs(jobs[:1], again))) == {0: ""}
    assert len(calls(slurm, "sbatch")) == 1


def test_a_job_that_is_alone_on_its_machine_uses_all_cores(
    slurm: Path, scripts: Scripts, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    for seed in (0, 1):
        scripts[seed] = "import os; print(os.environ.get('OMP_NUM_THREADS', 'all'))"
    jobs = [job(0, out=out), job(1, out=out, needs=JobNeeds(exclusive=True))]
    assert errors(list(run_jobs(jobs, executor_in(out)))) == {0: "", 1: ""}
    said = [each.file.with_suffix(".log").read_text().strip() for each in jobs]
    assert said == ["1", "all"]


def test_what_failed_is_queued_again_with_what_needs_it(
    slurm: Path, scripts: Scripts, out: Path
) -> None:
    scripts[0] = "import sys; sys.exit('error: disk full')"
    scripts[1] = "print('fine')"
    jobs = [job(0, out=out)]
    jobs.append(job(1, jobs[0], out=out))
    assert "disk full" in errors(list(run_jobs(jobs, executor_in(out))))[0]
    scripts[0] = "print('fine')"
    assert errors(list(run_jobs(jobs, executor_in(out)))) == {0: "", 1: ""}
    assert len(calls(slurm, "sbatch")) == 2


def test_a_task_whose_node_is_lost_begins_again(
    slurm: Path, scripts: Scripts, out: Path, tmp_path: Path
) -> None:
    scripts[0] = WAIT_FOR_GO.format(here=str(tmp_path), seed="0")
    jobs = [job(0, out=out)]
    executor = executor_in(out)
    executor.announce(jobs)
    wait_until((tmp_path / "starts").exists)
    (slurm / "101" / "0.lost").touch()
    wait_until(lambda: len((tmp_path / "starts").read_text().split()) == 2)
    (tmp_path / "go").touch()
    assert errors(list(run_jobs(jobs, executor_in(out)))) == {0: ""}


def test_jobs_that_somebody_cancels_in_the_queue_fail_with_the_state(
    slurm: Path, scripts: Scripts, out: Path, tmp_path: Path
) -> None:
    scripts[0] = WAIT_FOR_GO.format(here=str(tmp_path), seed="0")

    def cancel() -> None:
        wait_until((tmp_path / "starts").exists)
        (slurm / "101" / "cancelled").touch()

    somebody = threading.Thread(target=cancel)
    somebody.start()
    error = errors(list(run_jobs([job(0, out=out)], executor_in(out))))[0]
    somebody.join()
    assert "CANCELLED" in error
    assert "101_0" in error
    assert "jobs/slurm-" in error, "names the log of the task"


def test_what_sbatch_says_is_the_error_and_nothing_is_left(
    slurm: Path, scripts: Scripts, out: Path
) -> None:
    (slurm / "refused").write_text("sbatch: error: invalid partition specified: gpuu")
    with pytest.raises(TgbenchError, match="invalid partition specified: gpuu"):
        list(run_jobs([job(0, out=out)], executor_in(out)))
    assert not list((out / "jobs").glob("slurm-*"))


def test_a_queue_that_does_not_answer_is_asked_again(
    slurm: Path,
    scripts: Scripts,
    out: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scripts[0] = "print('fine')"
    answers = iter([QueueSilent("squeue does not answer"), QueueSilent("squeue does not answer")])

    def silent(job: Queued, tasks: int) -> dict[int, str]:
        if error := next(answers, None):
            raise error
        return ended_tasks(job, tasks)

    monkeypatch.setattr("tgbench.cluster.slurm_queue.ended_tasks", silent)
    assert errors(list(run_jobs([job(0, out=out)], executor_in(out)))) == {0: ""}
    assert caplog.text.count("does not answer") == 1, "said once"


@pytest.mark.slow
def test_a_run_in_the_queue_is_that_of_this_process_and_again_does_nothing(
    slurm: Path, tiny_identity: Path, out: Path, tmp_path: Path
) -> None:
    request = request_of(tiny_identity, out)
    found = run(request, SILENT, executor_in(out))
    assert_same(found, run(request_of(tiny_identity, tmp_path / "here"), SILENT))
    again = run(request, SILENT, executor_in(out))
    assert all(outcome.reused for outcome in again)
    assert len(calls(slurm, "sbatch")) == 1


def test_more_tasks_than_an_array_may_have_follow_one_another(
    slurm: Path, scripts: Scripts, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tgbench.cluster.slurm_queue.LARGEST_ARRAY", 2)
    for seed in range(3):
        scripts[seed] = "print('fine')"
    executor = executor_in(out, throttle=1)
    executor.announce([job(seed, out=out) for seed in scripts.seeds])
    first, second = calls(slurm, "sbatch")
    assert "--array=0-1%1" in first
    assert {"--array=0-0%1", "--dependency=afterany:101"} <= {*second}
    executor.stop()


def test_the_script_survives_any_folder(slurm: Path, scripts: Scripts, out: Path) -> None:
    scripts[0] = "print('fine')"
    assert errors(list(run_jobs([job(0, out=out)], executor_in(out)))) == {0: ""}
    (words,) = calls(slurm, "sbatch")
    line = Path(words[-1]).read_text().splitlines()[1]
    assert str(out) in shlex.split(line)[-1]


@pytest.mark.parametrize(("answer", "cancelled"), [("y", True), ("", False)])
def test_who_sits_at_the_terminal_is_asked_whether_to_cancel(
    slurm: Path,
    scripts: Scripts,
    out: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    cancelled: bool,
) -> None:
    scripts[0] = WAIT_FOR_GO.format(here=str(tmp_path), seed="0")
    executor = executor_in(out, on_stop="ask")
    executor.announce([job(0, out=out)])
    asked = []
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda text: asked.append(text) or answer)
    executor.stop()
    assert "1 job" in asked[0]
    assert bool(calls(slurm, "scancel")) == cancelled
