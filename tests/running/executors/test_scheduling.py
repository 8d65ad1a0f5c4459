"""The order of jobs: each once, after all that it needs, whatever fails."""

from __future__ import annotations

import random
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from tgbench.running.executors import Ended
from tgbench.running.job import JobNeeds, JobSpec
from tgbench.running.scheduling import run_jobs

from .conftest import job


class Recorded:
    """Ends jobs in any order, and fails some."""

    def __init__(self, capacity: int | None, failing: set[str], chance: random.Random) -> None:
        self.capacity, self.failing, self.chance = capacity, failing, chance
        self.running: list[JobSpec] = []
        self.submitted: list[JobSpec] = []
        self.done: set[str] = set()
        self.stopped = False

    def announce(self, jobs: Sequence[JobSpec]) -> None:
        self.announced = list(jobs)

    def takes(self, needs: JobNeeds) -> bool:
        return self.capacity is None or len(self.running) < self.capacity

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
    assert executor.submitted == executor.announced == jobs


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


def test_ten_thousand_jobs_are_handed_out_with_little_asking() -> None:
    """Two looks for room a job, whatever their number: one that finds it, one that does not."""
    fits = [job(seed) for seed in range(2500)]
    cases = [job(10 * seed + n, fits[seed]) for seed in range(2500) for n in range(3000, 3003)]

    class Counting(Recorded):
        asked = 0

        def takes(self, needs: JobNeeds) -> bool:
            self.asked += 1
            return super().takes(needs)

    executor = Counting(64, set(), random.Random(0))
    assert sum(1 for _ in run_jobs([*fits, *cases], executor)) == 10_000
    assert executor.asked <= 2 * 10_000 + 64
