"""What SLURM is asked for: the arguments of `sbatch`, and which jobs are one task."""

from __future__ import annotations

import pytest

from tgbench.cluster.configs import SlurmConfig
from tgbench.cluster.slurm_requests import arguments_of, chains_of, largest
from tgbench.errors import TgbenchError
from tgbench.running.job import JobNeeds, JobSpec

from .conftest import job


def words_of(needs: JobNeeds, config: SlurmConfig | None = None, **others: object) -> list[str]:
    given = {"tasks": 4, "throttle": None, "before": "", **others}
    return arguments_of(config or SlurmConfig(), needs, **given)  # type: ignore[arg-type]


def test_needs_and_settings_become_arguments_of_sbatch() -> None:
    needs = JobNeeds(cpus=4, gpus=1, memory_gb=8.0, seconds=90 * 60, exclusive=True)
    words = words_of(needs, throttle=3, before="77")
    assert {
        "--array=0-3%3",
        "--cpus-per-task=4",
        "--gres=gpu:1",
        "--mem=7630M",
        "--time=90",
        "--exclusive",
        "--dependency=afterany:77",
    } <= {*words}
    config = SlurmConfig(
        partition="gpu",
        account="lab",
        time="1-00:00:00",
        gres="gpu:a100:1",
        extra="--constraint='a100 & nvlink' --qos=long",
    )
    words = words_of(needs, config)
    assert {"--partition=gpu", "--account=lab", "--gres=gpu:a100:1", "--time=1-00:00:00"} <= {
        *words
    }
    assert [word for word in words if word.startswith("--time")] == ["--time=1-00:00:00"]
    assert words[-2:] == ["--constraint=a100 & nvlink", "--qos=long"]
    assert not any(
        word.startswith(("--gres", "--mem", "--time")) for word in words_of(JobNeeds(cpus=1))
    )
    with pytest.raises(TgbenchError, match="extra="):
        words_of(needs, SlurmConfig(extra="--comment='open"))


def test_a_chain_begins_with_the_job_that_all_others_need() -> None:
    fit, other = job(0), job(1)
    case, late = job(2, fit), job(3, fit)
    both = job(4, fit, other)
    timing, alone = job(5, fit, case), job(6, fit, case, needs=JobNeeds(exclusive=True))
    chains = chains_of([late, both, case, other, fit, timing, alone])
    assert [[each.seed for each in chain] for chain in chains] == [[0, 3, 2, 5], [1]]
    without = chains_of([case, late])
    assert [[each.seed for each in chain] for chain in without] == [[2], [3]], "the fit is done"


def test_a_task_needs_the_most_of_its_jobs_and_the_time_of_all() -> None:
    def needing(**needs: object) -> JobSpec:
        return job(0, needs=JobNeeds(**needs))  # type: ignore[arg-type]

    chain = [needing(gpus=1, seconds=60.0), needing(cpus=3, memory_gb=2.0, seconds=30.0)]
    assert largest(chain) == JobNeeds(cpus=3, gpus=1, memory_gb=2.0, seconds=90.0)
    assert largest([*chain, needing(exclusive=True)]).seconds == 0.0, "one has no limit"
    assert largest([needing()]).cpus == 1
