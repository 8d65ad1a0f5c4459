"""How far the runs in a folder of results are, from its files alone."""

from __future__ import annotations

import enum
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from ..errors import TgbenchError
from .folders import JOBS
from .job import file_name
from .job_state import JobState, clock_of, lives, read_state, state_file, touched
from .result import RESULT_FILE
from .run_file import RUN_FILES, RunHead, RunJob, read_run


class Stage(enum.StrEnum):
    """How far a job is."""

    DONE = "done"
    RUNNING = "running"
    FAILED = "failed"
    WAITING = "waiting"


@dataclass(frozen=True)
class JobStatus:
    """A job.

    Attributes:
        job: which.
        stage: how far it is. Done is what has an output; a job whose process has gone waits.
        seconds: for which it runs, or ran.
        node: the machine; empty: not known.
        reason: why it failed, or why it waits again.
        log: path of what it said; empty: not known.
    """

    job: RunJob
    stage: Stage
    seconds: float = 0.0
    node: str = ""
    reason: str = ""
    log: str = ""


@dataclass(frozen=True)
class RunStatus:
    """A run.

    Attributes:
        head: what was asked for.
        goes_on: whether its process still hands out jobs.
        node: where that process is, or was.
        jobs: all of them.
    """

    head: RunHead
    goes_on: bool
    node: str
    jobs: tuple[JobStatus, ...]

    def count(self, stage: Stage) -> int:
        """Return how many jobs are so far."""
        return Counter(job.stage for job in self.jobs)[stage]

    def of(self, stage: Stage) -> list[JobStatus]:
        """Return the jobs that are so far."""
        return [job for job in self.jobs if job.stage is stage]

    def cases(self) -> dict[Stage, int]:
        """Return how many cases are how far, as `tgbench run` counts them.

        A case is done when all its jobs are: that which measures it, and that which times it. What
        could not even be planned has failed.
        """
        of_case: dict[str, list[Stage]] = defaultdict(list)
        for each in self.jobs:
            if Path(each.job.output).name == RESULT_FILE:
                of_case[each.job.output].append(each.stage)
        least = (Stage.FAILED, Stage.RUNNING, Stage.WAITING, Stage.DONE)
        counts = Counter(min(stages, key=least.index) for stages in of_case.values())
        counts[Stage.FAILED] += len(self.head.failures)
        return {stage: counts[stage] for stage in Stage}

    def left(self) -> tuple[float, int]:
        """Return the seconds that the other jobs may take, and how many of them are not in it.

        A job is expected to take as long as the median of those like it took in this run; as many
        run at the same time as do now, or as were asked for.
        """
        took: dict[str, list[float]] = defaultdict(list)
        for each in self.of(Stage.DONE):
            if each.seconds > 0.0:
                took[each.job.group].append(each.seconds)
        expected = {group: median(seconds) for group, seconds in took.items()}
        total, unknown = 0.0, 0
        for each in (*self.of(Stage.RUNNING), *self.of(Stage.WAITING)):
            if each.job.group in expected:
                begun = each.seconds if each.stage is Stage.RUNNING else 0.0
                total += max(0.0, expected[each.job.group] - begun)
            else:
                unknown += 1
        return total / max(1, self.count(Stage.RUNNING), self.head.at_once), unknown


def status_of(out: Path) -> list[RunStatus]:
    """Return how far each run is whose record is in a folder of results, the latest last.

    Raises:
        TgbenchError: there is no such folder, or no record of a run in it.
    """
    if not out.is_dir():
        raise TgbenchError(f"{out}: no such folder; give the --out of a `tgbench run`")
    folder = out / JOBS
    files = sorted(folder.glob(RUN_FILES.format("*")), key=lambda path: path.stat().st_mtime)
    if not files:
        raise TgbenchError(
            f"{out}: holds no record of a run; give the --out of a `tgbench run` of this version"
        )
    now = clock_of(folder)
    states = {path.name: path for path in _state_files(folder)}
    return [_run(path, out, states, now) for path in files]


def _state_files(folder: Path) -> Iterator[Path]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(".state"):
                yield Path(entry.path)


def _run(path: Path, out: Path, states: Mapping[str, Path], now: float) -> RunStatus:
    head, jobs = read_run(path)
    own = read_state(state_file(path))
    alive = own is not None and own.state == "running" and lives(state_file(path), own, now)
    found = tuple(_jobs(jobs, out, states, now))
    return RunStatus(head, alive, own.node if own else "", found)


def _jobs(
    jobs: Iterable[RunJob], out: Path, states: Mapping[str, Path], now: float
) -> Iterator[JobStatus]:
    for job in jobs:
        path = states.get(state_file(Path(file_name(job.address))).name)
        said = read_state(path) if path is not None else None
        yield _job(job, out, path, said, now)


def _job(job: RunJob, out: Path, path: Path | None, said: JobState | None, now: float) -> JobStatus:
    seconds, node, log = (said.seconds, said.node, said.log) if said else (0.0, "", "")
    if said is not None and path is not None and said.state == "running":
        if lives(path, said, now):
            seconds += max(0.0, now - touched(path))
            return JobStatus(job, Stage.RUNNING, seconds, node, log=log)
        gone = f"its process on {node} has gone"
        return JobStatus(job, Stage.WAITING, reason=gone, log=log)
    if said is not None and said.state == "failed":
        return JobStatus(job, Stage.FAILED, seconds, node, said.reason, log)
    if (job.done or said is not None) and (out / job.output).exists():
        return JobStatus(job, Stage.DONE, seconds, node, log=log)
    return JobStatus(job, Stage.WAITING)
