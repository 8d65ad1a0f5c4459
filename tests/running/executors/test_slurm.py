"""The SLURM executor, against stand-ins for SLURM's programs."""

from __future__ import annotations

import shlex
import threading
from pathlib import Path

import pytest

from tgbench.cluster.slurm_queue import Queued, QueueSilent, ended_tasks
from tgbench.errors import TgbenchError
from tgbench.progress import SILENT
from tgbench.running.job import JobNeeds
from tgbench.running.runner import run
from tgbench.running.scheduling import run_jobs

from ..test_job import assert_same, request_of
from .conftest import Scripts, job
from .slurm_cases import WAIT_FOR_GO, calls, errors, executor_in, wait_until


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
