"""Jobs in the queue of a SLURM cluster.

One array has a task for each fit with its cases. SLURM throttles it, and begins tasks again where a
node is lost. The array goes on without this process; the same command finds it again.
"""

from __future__ import annotations

import logging
import shlex
import sys
import time
from collections.abc import Sequence, Set
from contextlib import AbstractContextManager
from pathlib import Path

from ..errors import TgbenchError
from ..files import make_folder, write_text
from ..processes.python import python_command
from ..running import children
from ..running.children import job_log
from ..running.executors import Ended, Setting
from ..running.folders import JOBS
from ..running.job import JobNeeds, JobSpec
from ..running.locks import sole_replacer
from ..terminal import NOTICE
from . import slurm_queue
from .configs import SlurmConfig
from .slurm_array import (
    Array,
    arrays_in,
    ends_in,
    read_array,
    read_end,
    remove_end,
)
from .slurm_queue import QueueSilent
from .slurm_requests import arguments_of, chains_of, largest

_WAIT = 1.0
_PAUSE = 0.1
_PATIENCE = 60.0
"""Seconds that cancelled jobs have to leave the queue."""

_log = logging.getLogger("tgbench")

_Task = tuple[str, int]
"""Name of an array, and a task of it."""


class SlurmExecutor:
    """Runs jobs as tasks of arrays, and looks into the queue until they have ended."""

    def __init__(self, config: SlurmConfig, setting: Setting) -> None:
        """Find the arrays of earlier runs that are still in the queue.

        Raises:
            TgbenchError: SLURM does not answer.
        """
        self._config = config
        self._throttle = config.throttle or setting.jobs
        self._folder = make_folder(setting.out / JOBS)
        self._site = slurm_queue.cluster_here()
        self._arrays: dict[str, Array] = {}
        self._elsewhere: set[str] = set()
        # Jobs in the queue by name, and those that ended and were handed over, or not yet.
        self._queued: dict[str, _Task] = {}
        self._ended: dict[str, Exception | None] = {}
        self._wanted: dict[str, JobSpec] = {}
        self._late: list[JobSpec] = []
        self._ours: set[str] = set()
        self._gone: dict[_Task, str] = {}
        self._next_look = 0.0
        self._silent = False
        with self._alone():
            self._find_arrays()

    def announce(self, jobs: Sequence[JobSpec]) -> None:
        """Queue all jobs that are not in the queue.

        Raises:
            TgbenchError: SLURM refuses them.
        """
        self._ours = {job.file.stem for job in jobs}
        found = self._queue_missing(jobs)
        if found:
            _log.info("%d of %d jobs are in the queue already", found, len(jobs), extra=NOTICE)

    def takes(self, needs: JobNeeds) -> bool:
        """Take any job: it is in the queue."""
        return True

    def submit(self, job: JobSpec) -> None:
        """Wait for a job from now on; it is queued with others if it is not in the queue."""
        name = job.file.stem
        if name not in self._queued and name not in self._ended:
            self._late.append(job)
        self._wanted[name] = job

    def wait(self) -> Ended | None:
        """Return a job that ended."""
        late, self._late = self._late, []
        try:
            if late:
                self._queue_missing(late)
        except TgbenchError as error:
            self._ended.update({job.file.stem: error for job in late})
        deadline = time.monotonic() + _WAIT
        while True:
            if time.monotonic() >= self._next_look:
                self._look()
                self._next_look = time.monotonic() + self._config.poll
            for name in self._wanted.keys() & self._ended.keys():
                return Ended(self._wanted.pop(name), self._ended.pop(name))
            if time.monotonic() > deadline:
                return None
            time.sleep(min(_PAUSE, self._config.poll))

    def stop(self) -> None:
        """Cancel what is in the queue, or leave it there, as the settings or the user say.

        Jobs that are there for other runs alone stay, whatever is said.
        """
        ours = self._ours & self._queued.keys()
        if not ours:
            return
        found = self._cancellable(ours)
        if not found or not self._is_to_cancel(len(ours)):
            arrays = found or {self._queued[name][0]: [] for name in sorted(ours)}
            commands = [
                shlex.join(slurm_queue.cancelling(self._arrays[name].queued, tasks))
                for name, tasks in arrays.items()
            ]
            _log.warning(
                "%d jobs stay in the queue; the same command waits for them, `%s` ends them",
                len(ours),
                "; ".join(commands),
            )
            return
        for name, tasks in found.items():
            slurm_queue.cancel(self._arrays[name].queued, tasks)
        deadline = time.monotonic() + _PATIENCE
        while self._cancellable(ours & self._queued.keys()) and time.monotonic() < deadline:
            self._look()
            time.sleep(min(_PAUSE, self._config.poll))

    def _cancellable(self, names: Set[str]) -> dict[str, list[int]]:
        """Return the tasks of some jobs by array, but those with jobs of others; empty: all."""
        others = {task for name, task in self._queued.items() if name not in names}
        tasks = sorted({self._queued[name] for name in names} - others)
        shared = {array for array, _ in others}
        found: dict[str, list[int]] = {}
        for array, task in tasks:
            found.setdefault(array, []).extend([task] if array in shared else [])
        return found

    def _is_to_cancel(self, count: int) -> bool:
        if self._config.on_stop != "ask":
            return self._config.on_stop == "cancel"
        if not sys.stdin.isatty():
            return False
        question = f"cancel the {count} jobs that are in the queue? [y/N] "
        try:
            return input(question).strip().lower() in ("y", "yes")
        except (EOFError, KeyboardInterrupt):
            return False

    def _alone(self) -> AbstractContextManager[None]:
        """Keep other runs from queueing, and from removing what is about to be queued."""
        return sole_replacer(self._folder / "slurm", wait=True)

    def _queue_missing(self, jobs: Sequence[JobSpec]) -> int:
        """Queue jobs that no run has queued, and return how many are in the queue already."""
        with self._alone():
            self._find_arrays()
            missing = [job for job in jobs if job.file.stem not in self._queued]
            self._queue(missing)
        return len(jobs) - len(missing)

    def _queue(self, jobs: Sequence[JobSpec]) -> None:
        """Hand jobs over to SLURM: those with like needs in one array."""
        for job in jobs:
            job.write()
        alike: dict[JobNeeds, list[list[JobSpec]]] = {}
        for chain in chains_of(jobs):
            alike.setdefault(largest(chain), []).append(chain)
        for needs, chains in alike.items():
            before = ""
            for first in range(0, len(chains), slurm_queue.LARGEST_ARRAY):
                part = chains[first : first + slurm_queue.LARGEST_ARRAY]
                before = self._submit(part, needs, before)

    def _submit(self, chains: list[list[JobSpec]], needs: JobNeeds, before: str) -> str:
        """Hand one array over, and return its number."""
        tasks = [[job.file.stem for job in chain] for chain in chains]
        program = children.job_command(chains[0][0].file)[:-1]
        array = Array.new(program, needs.cpus, tasks, self._site)
        for name in (name for task in tasks for name in task):
            remove_end(self._folder, name)
        # Written before it is handed over: whatever happens, it can be found by its name.
        path = array.write(self._folder)
        script = self._folder / f"{array.name}.sh"
        command = python_command("-m", "tgbench.cluster.slurm_task", str(path))
        write_text(script, f"#!/bin/sh\nexec {shlex.join(command)}\n")
        output = str(self._folder / array.name).replace("%", "%%") + "-%a.log"
        words = arguments_of(self._config, needs, len(tasks), self._throttle, before)
        try:
            queued = slurm_queue.submit(array.name, [f"--output={output}", *words, str(script)])
        except TgbenchError:
            path.unlink(missing_ok=True)
            script.unlink(missing_ok=True)
            raise
        about = {"number": queued.number, "cluster": queued.cluster}
        self._keep(array.model_copy(update=about))
        _log.info("queued as SLURM job %s: %d tasks", queued.number, len(tasks), extra=NOTICE)
        return queued.number

    def _keep(self, array: Array) -> None:
        array.write(self._folder)
        self._arrays[array.name] = array
        for task, names in enumerate(array.tasks):
            self._queued.update(dict.fromkeys(names, (array.name, task)))

    def _find_arrays(self) -> None:
        """Take over the arrays of other runs that are not known yet."""
        for path in arrays_in(self._folder):
            if path.stem in self._arrays or path.stem in self._elsewhere:
                continue
            array = read_array(path)
            if self._is_elsewhere(array):
                self._elsewhere.add(array.name)
                _log.warning(
                    "%s: is in the queue of the cluster %s, which cannot be asked from here; what "
                    "this run needs of it is queued here, too",
                    path,
                    array.cluster or array.site,
                )
            else:
                self._find_again(array, path)

    def _is_elsewhere(self, array: Array) -> bool:
        """Whether an array is in the queue of a cluster that this machine cannot ask."""
        if not self._site or (array.cluster or array.site) in ("", self._site):
            return False
        if not array.cluster:
            return True
        try:
            # Clusters that know each other answer for each other.
            slurm_queue.ended_tasks(array.queued, len(array.tasks))
        except QueueSilent:
            return True
        return False

    def _find_again(self, array: Array, path: Path) -> None:
        """Take over an array of another run, or remove its file if it has ended."""
        number = array.number or slurm_queue.number_of(array.name)
        array = array.model_copy(update={"number": number})
        ended = slurm_queue.ended_tasks(array.queued, len(array.tasks)) if number else {}
        if not number or len(ended) == len(array.tasks):
            path.unlink(missing_ok=True)
            path.with_suffix(".sh").unlink(missing_ok=True)
            return
        self._keep(array)
        for task in ended:
            for name in array.tasks[task]:
                self._queued.pop(name, None)
        self._look()
        # What failed is queued again; of what is done, the planner knows.
        self._ended = {name: end for name, end in self._ended.items() if name in self._wanted}

    def _look(self) -> None:
        """Look which jobs have ended since."""
        gone = self._tasks_that_ended()
        for name in ends_in(self._folder):
            if name in self._queued:
                self._note(name)
        for name, task in list(self._queued.items()):
            # Twice in a row, because a file may come later than the news from the queue.
            if name in self._queued and task in gone and task in self._gone:
                self._end(name, TgbenchError(self._reason(name, gone[task])))
        self._gone = gone

    def _tasks_that_ended(self) -> dict[_Task, str]:
        found: dict[_Task, str] = {}
        for name in {name for name, _ in self._queued.values()}:
            array = self._arrays[name]
            try:
                ended = slurm_queue.ended_tasks(array.queued, len(array.tasks))
                self._silent = False
            except QueueSilent as error:
                if not self._silent:
                    _log.warning("%s; asking again", error)
                self._silent = True
                continue
            found.update({(name, task): how for task, how in ended.items()})
        return found

    def _note(self, name: str) -> None:
        try:
            problem = read_end(self._folder, name).problem
        except TgbenchError as error:
            problem = str(error)
        self._end(name, TgbenchError(problem) if problem else None)

    def _end(self, name: str, error: Exception | None) -> None:
        array, task = self._queued.pop(name)
        self._ended[name] = error
        first, *others = self._arrays[array].tasks[task]
        if error is not None and name == first:
            # All others of the task need the first, and are left out.
            for other in others:
                self._queued.pop(other, None)

    def _reason(self, name: str, how: str) -> str:
        array, task = self._queued[name]
        number, log = self._arrays[array].number, self._folder / f"{array}-{task}.log"
        own = job_log(self._folder / f"{name}.json")
        where = " and ".join(str(path) for path in (own, log) if path.exists()) or "no log"
        return f"{how} (SLURM job {number}_{task}); repeat the command to go on (log: {where})"
