"""Which job is next: in their order, each when all that it depends on is done."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

from ..errors import TgbenchError
from .executors import Ended, Executor
from .job import JobNeeds, JobSpec


class NeedsFailed(TgbenchError):
    """A job was not done, because one that it depends on failed.

    Attributes:
        because: why that one failed.
    """

    def __init__(self, job: JobSpec, error: Exception) -> None:
        super().__init__(f"needs what failed: {job.title}")
        self.because: Exception = error.because if isinstance(error, NeedsFailed) else error


def run_jobs(
    jobs: Sequence[JobSpec],
    executor: Executor,
    submitted: Callable[[JobSpec], object] = lambda job: None,
) -> Iterator[Ended]:
    """Hand jobs to an executor in their order, each when all that it depends on is done.

    A job that fails does not stop others; what depends on it fails with it. Where there is no room
    for the next job, a later one that needs less may go first.

    Args:
        jobs: all of them.
        executor: where they run.
        submitted: called with each job that was handed over.

    Yields:
        Each job when it ended.
    """
    queue = _Queue(jobs)
    running = 0
    try:
        executor.announce(jobs)
        while queue or running:
            for index in queue.taken_by(executor):
                try:
                    executor.submit(jobs[index])
                except Exception as error:
                    yield from queue.fail(index, error)
                else:
                    running += 1
                    submitted(jobs[index])
            if not running and not queue:
                break
            ended = executor.wait()
            if ended is None:
                continue
            running -= 1
            index = queue.index_of(ended.job)
            if ended.error is None:
                queue.finish(index)
                yield ended
            else:
                yield from queue.fail(index, ended.error)
    finally:
        executor.stop()


class _Queue:
    """Jobs that have not been handed over: those that are ready, and those that wait for others.

    Everything takes time in proportion to what changes, so that ten thousand jobs are no burden.
    """

    def __init__(self, jobs: Sequence[JobSpec]) -> None:
        self._jobs = jobs
        self._places = {job.address: index for index, job in enumerate(jobs)}
        self._missing: list[int] = []
        self._dependents: dict[int, list[int]] = defaultdict(list)
        # By needs, of which there are few: if one of them finds no room, its like need not ask.
        self._ready: dict[JobNeeds, list[int]] = {}
        self._waiting = len(jobs)
        for index, job in enumerate(jobs):
            needed = {self._places[each] for each in job.depends_on if each in self._places}
            self._missing.append(len(needed))
            for other in needed:
                self._dependents[other].append(index)
            if not needed:
                self._make_ready(index)

    def __bool__(self) -> bool:
        """Whether there are jobs left to hand over."""
        return self._waiting > 0

    def index_of(self, job: JobSpec) -> int:
        """Return the place of a job."""
        return self._places[job.address]

    def taken_by(self, executor: Executor) -> Iterator[int]:
        """Yield what an executor takes now, the first in order first."""
        while True:
            heads = sorted((places[0], needs) for needs, places in self._ready.items() if places)
            for _, needs in heads:
                if executor.takes(needs):
                    self._waiting -= 1
                    yield heapq.heappop(self._ready[needs])
                    break
            else:
                return

    def finish(self, index: int) -> None:
        """Make ready what has waited for a job alone."""
        for other in self._dependents.pop(index, ()):
            self._missing[other] -= 1
            if not self._missing[other]:
                self._make_ready(other)

    def fail(self, index: int, error: Exception) -> Iterator[Ended]:
        """Yield a job that failed, then all that depends on it."""
        yield Ended(self._jobs[index], error)
        reason = NeedsFailed(self._jobs[index], error)
        for other in self._dependents.pop(index, ()):
            if self._missing[other] > 0:
                self._missing[other] = -1
                self._waiting -= 1
                yield from self.fail(other, reason)

    def _make_ready(self, index: int) -> None:
        heapq.heappush(self._ready.setdefault(self._jobs[index].needs, []), index)
