"""The local executor: several jobs at a time on this machine, each in a process of its own."""

from __future__ import annotations

import time
from collections.abc import Sequence

from . import children
from .children import Child
from .executor_config import LocalConfig
from .executors import Ended, Setting
from .job import JobNeeds, JobSpec

_POLL_SECONDS = 0.05
_LONGEST_WAIT = 1.0


class LocalExecutor:
    """Runs several jobs at a time, each in a process of its own on this machine.

    What a child says goes to a log beside the job's file.
    """

    def __init__(self, config: LocalConfig, setting: Setting) -> None:
        """Take as many jobs at a time as the setting says, else one."""
        self._capacity = setting.jobs or 1
        self._running: dict[Child, JobSpec] = {}

    def announce(self, jobs: Sequence[JobSpec]) -> None:
        """Do nothing: jobs start when they are handed over."""

    def takes(self, needs: JobNeeds) -> bool:
        """Whether there is room for a job."""
        return len(self._running) < self._capacity

    def submit(self, job: JobSpec) -> None:
        """Start a child."""
        path = job.write()
        child = Child(children.job_command(path), children.job_log(path))
        self._running[child] = job

    def wait(self) -> Ended | None:
        """Return the next child that ends."""
        deadline = time.monotonic() + _LONGEST_WAIT
        while True:
            for child, job in list(self._running.items()):
                if child.has_ended():
                    del self._running[child]
                    return Ended(job, child.problem())
            if time.monotonic() > deadline:
                return None
            time.sleep(_POLL_SECONDS)

    def stop(self) -> None:
        """End all children, and kill those that do not stop, or at a second Ctrl-C."""
        stop_all, self._running = list(self._running), {}
        children.stop_all(stop_all)
