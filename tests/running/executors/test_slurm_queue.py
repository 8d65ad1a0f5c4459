"""Arrays that are in the queue already: of an earlier run, of another, of another cluster."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tgbench.running.scheduling import run_jobs

from . import slurm_cluster
from .conftest import Scripts, job
from .slurm_cases import WAIT_FOR_GO, arrays_of, calls, errors, executor_in, wait_until


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
