"""What a plan of many jobs costs: `python -m benchmarks.many_jobs [JOBS ...]`.

Plans fits and cases of `still` with many seeds, hands the jobs to an executor that does nothing,
and prints seconds and memory of each step. Nothing is rendered.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from tgbench.progress import SILENT
from tgbench.running.executors import Ended
from tgbench.running.job import JobNeeds, JobSpec
from tgbench.running.journal import run_file, write_run
from tgbench.running.planning import Planner
from tgbench.running.request import RunRequest
from tgbench.running.scheduling import run_jobs
from tgbench.running.status import status_of

AT_A_TIME = 64
JOBS_OF_A_SEED = 4

T = TypeVar("T")


class Nothing:
    """Ends jobs in the order in which it got them, without doing anything."""

    def __init__(self) -> None:
        self._jobs: deque[JobSpec] = deque()

    def announce(self, jobs: Sequence[JobSpec]) -> None:
        """Do nothing."""

    def takes(self, needs: JobNeeds) -> bool:
        """Whether there is room."""
        return len(self._jobs) < AT_A_TIME

    def submit(self, job: JobSpec) -> None:
        """Take a job."""
        self._jobs.append(job)

    def wait(self) -> Ended | None:
        """End the oldest job."""
        return Ended(self._jobs.popleft())

    def stop(self) -> None:
        """Do nothing."""


def main(arguments: Sequence[str]) -> None:
    """Print a line for each step of each number of jobs."""
    for count in [int(text) for text in arguments] or [1000, 10000]:
        with tempfile.TemporaryDirectory() as folder:
            report(count, Path(folder))


def report(count: int, out: Path) -> None:
    """Measure a plan of so many jobs."""
    request = RunRequest(
        methods=("still",),
        protocols=("self_reconstruction", "lipsync"),
        identities=("synth-a",),
        size=64,
        seeds=tuple(range(-(-count // JOBS_OF_A_SEED))),
        jobs=AT_A_TIME,
        out=out,
    )
    planner = Planner(request)
    plan = timed("plan", lambda: planner.plan(SILENT))
    jobs = timed("jobs that are left", plan.to_do)
    path = run_file([request])
    timed("record of the run", lambda: write_run(path, plan, AT_A_TIME, ""))
    ended = timed("schedule", lambda: sum(1 for _ in run_jobs(jobs, Nothing())))
    assert ended == len(jobs)
    (status,) = timed("status", lambda: status_of(out))
    assert len(status.jobs) == len(jobs)
    print(f"{len(jobs)} jobs")


def timed(what: str, work: Callable[[], T]) -> T:
    """Do a step, and print how long it took and how much memory it has added."""
    before, started, busy = resident(), time.perf_counter(), time.process_time()
    result = work()
    seconds, added = time.perf_counter() - started, resident() - before
    busy = time.process_time() - busy
    print(f"{what}: {seconds:.2f} s ({busy:.2f} s of CPU), {added:+.1f} MB", flush=True)
    return result


def resident() -> float:
    """Return the resident memory of this process in MB."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main(sys.argv[1:])
