"""The local executor: several jobs at a time on this machine, each in a process of its own."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass

from .. import machine
from ..errors import TgbenchError
from . import children, slots
from .children import Child
from .executor_config import LocalConfig
from .executors import Ended, Setting
from .job import JobNeeds, JobSpec

MEMORY_GB = 1.5
"""Taken for a job that does not say what it needs."""

_POLL_SECONDS = 0.05
_LONGEST_WAIT = 1.0
_log = logging.getLogger("tgbench")


@dataclass(frozen=True)
class _Running:
    """A job that runs.

    Attributes:
        job: which.
        child: its process.
        cpus: cores that it may keep busy.
        memory_gb: main memory that it may come to hold.
        held: its locks.
    """

    job: JobSpec
    child: Child
    cpus: int
    memory_gb: float
    held: slots.Held


class LocalExecutor:
    """Runs several jobs at a time, each in a process of its own on this machine.

    A job starts when it fits beside those that run: a GPU for itself where it needs one, memory,
    cores. One that would not fit even alone runs alone, with a warning. What a child says goes to
    a log beside the job's file.
    """

    def __init__(self, config: LocalConfig, setting: Setting) -> None:
        """Take as many jobs at a time as the setting says, else one."""
        self._capacity = setting.jobs or 1
        self._cores = machine.cores()
        self._share = max(1, self._cores // self._capacity)
        self._running: list[_Running] = []
        self._held: slots.Held | None = None

    def announce(self, jobs: Sequence[JobSpec]) -> None:
        """Do nothing: jobs start when they are handed over."""

    def takes(self, needs: JobNeeds) -> bool:
        """Whether there is room for a job, which then is held for it."""
        if needs.gpus > len(slots.devices()):
            return True
        if self._running and not self._fits(needs):
            return False
        if self._held is not None:
            self._held.release()
        self._held = slots.hold(needs.gpus, needs.exclusive)
        return self._held is not None

    def submit(self, job: JobSpec) -> None:
        """Start a child in the room that `takes` has found.

        Raises:
            TgbenchError: the job needs more GPUs than there are, or its files cannot be written.
        """
        needs = job.needs
        if needs.gpus > len(slots.devices()):
            raise TgbenchError(
                f"needs {needs.gpus} GPU{'s' if needs.gpus > 1 else ''}, this machine has "
                f"{len(slots.devices())}; --set job.gpus=0 --device cpu runs it without "
                "one, another --executor elsewhere"
            )
        held, self._held = self._held or slots.Held(), None
        cpus, memory = needs.cpus or self._share, needs.memory_gb or MEMORY_GB
        self._warn_of_too_little(needs, memory)
        environment = {"CUDA_VISIBLE_DEVICES": ",".join(held.devices)}
        if not needs.exclusive:
            environment |= children.thread_limits(cpus)
        try:
            path = job.write()
            child = Child(
                children.job_command(path),
                children.job_log(path),
                environment,
                needs.seconds,
                held.descriptors,
            )
        except BaseException:
            held.release()
            raise
        self._running.append(_Running(job, child, cpus, memory, held))

    def wait(self) -> Ended | None:
        """Return the next child that ends."""
        if not self._running:
            slots.wait_for_others()
            return None
        deadline = time.monotonic() + _LONGEST_WAIT
        while True:
            for one in self._running:
                if one.child.has_ended():
                    self._running.remove(one)
                    one.held.release()
                    return Ended(one.job, one.child.problem())
            if time.monotonic() > deadline:
                return None
            time.sleep(_POLL_SECONDS)

    def stop(self) -> None:
        """End all children, and kill those that do not stop, or at a second Ctrl-C."""
        running, self._running = self._running, []
        try:
            children.stop_all(one.child for one in running)
        finally:
            for held in (self._held, *(one.held for one in running)):
                if held is not None:
                    held.release()

    def _fits(self, needs: JobNeeds) -> bool:
        """Whether a job can run beside those that do."""
        if len(self._running) >= self._capacity or needs.exclusive:
            return False
        if any(one.job.needs.exclusive for one in self._running):
            return False
        busy = sum(one.cpus for one in self._running)
        if busy + (needs.cpus or self._share) > max(self._cores, self._share * self._capacity):
            return False
        free = machine.free_memory_gb()
        return free is None or (needs.memory_gb or MEMORY_GB) <= free - self._promised_gb()

    def _promised_gb(self) -> float:
        """Return the memory that jobs may still come to take, beside what they hold."""
        return sum(
            max(0.0, one.memory_gb - machine.resident_gb(one.child.processes()))
            for one in self._running
        )

    def _warn_of_too_little(self, needs: JobNeeds, memory: float) -> None:
        if self._running:
            return
        free = machine.free_memory_gb()
        if free is not None and memory > free:
            _log.warning(
                "a job needs %.1f GB of memory, %.1f GB are free; it runs alone and may be killed",
                memory,
                free,
            )
        if needs.cpus > self._cores:
            _log.warning(
                "a job wants %d cores, this machine gives it %d; it runs alone",
                needs.cpus,
                self._cores,
            )
