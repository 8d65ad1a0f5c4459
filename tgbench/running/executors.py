"""Where and when jobs run; what they do is none of an executor's business."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from . import slots
from .job import JobNeeds, JobSpec
from .job_state import doing
from .worker import Worker


@dataclass(frozen=True)
class Ended:
    """A job that ended.

    Attributes:
        job: which.
        error: why it failed; None: it is done.
    """

    job: JobSpec
    error: Exception | None = None


@dataclass(frozen=True)
class Setting:
    """What an executor is made for, beside its settings.

    Attributes:
        out: folder of results, absolute.
        jobs: how many jobs may run at the same time (`--jobs`); None: the executor's choice.
    """

    out: Path
    jobs: int | None = None


class Executor(Protocol):
    """Runs jobs somewhere.

    Jobs are handed over when all that they depend on is done. They need no more than `job.write()`
    where the other process sees it, and `tgbench run-job FILE` run there, once or again.
    """

    def announce(self, jobs: Sequence[JobSpec]) -> None:
        """Learn of all jobs that will be handed over, in their order; called once, before them.

        Whoever holds anything that `stop` must let go takes it here, not when it is made.

        Whoever queues jobs elsewhere may queue them now, if it keeps their order.

        Raises:
            TgbenchError: none of them can be run.
        """

    def takes(self, needs: JobNeeds) -> bool:
        """Whether a job with these needs can be handed over now.

        An executor that queues jobs itself takes any. One that does not must take every job some
        time, the latest when nothing else runs, or refuse it in `submit`.
        """

    def submit(self, job: JobSpec) -> None:
        """Take a job.

        Raises:
            TgbenchError: it can never run; this fails the job, not the others.
        """

    def wait(self) -> Ended | None:
        """Return a job that ended.

        It waits, but not for long: None after about a second in which none ended, so that whoever
        waits can look whether there is room for another. It is called only when it has jobs, or
        when it took none of those that are ready.
        """

    def stop(self) -> None:
        """Stop all jobs that still run, and leave no process behind. Called once, at the end."""


class InProcess:
    """Runs one job at a time in this process.

    It holds a share of the machine meanwhile, so a job that is to be alone on it waits.
    """

    def __init__(self, worker: Worker) -> None:
        """Use a worker, which keeps what several jobs need."""
        self._worker = worker
        self._job: JobSpec | None = None
        self._held: slots.Held | None = None

    def announce(self, jobs: Sequence[JobSpec]) -> None:
        """Do nothing: jobs come one by one."""

    def takes(self, needs: JobNeeds) -> bool:
        """Whether there is no job yet, and none of another run is alone on this machine."""
        if self._job is None and self._held is None:
            self._held = slots.hold(gpus=0, alone=False)
        return self._job is None and self._held is not None

    def submit(self, job: JobSpec) -> None:
        """Take the next job."""
        self._job = job

    def wait(self) -> Ended | None:
        """Do the job."""
        job, self._job = self._job, None
        if job is None:
            slots.wait_for_others()
            return None
        try:
            with doing(job):
                self._worker.do(job)
        except Exception as error:
            return Ended(job, error)
        finally:
            self.stop()
        return Ended(job)

    def stop(self) -> None:
        """Let the machine go: an interrupted job has ended already."""
        if self._held is not None:
            self._held.release()
            self._held = None
