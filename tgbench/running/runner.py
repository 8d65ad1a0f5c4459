"""Plan, fit, render, measure, write: one command from names to results."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from .. import plugins
from ..errors import TgbenchError
from ..faults import one_line
from ..files import cache_root, is_leftover, make_folder, remove, remove_leftovers
from ..progress import JobsCounted, JobsShown, Progress, ShowsJobs
from ..requirements import lacking
from ..terminal import NOTICE
from . import attempts
from .attempts import Asked
from .children import job_log
from .executors import Executor, InProcess, Setting
from .fit_record import FIT_FILES
from .folders import MODELS
from .integrity import damages
from .job import JobSpec
from .job_making import Person
from .job_state import state_file, write_failure
from .journal import journal
from .locks import sole_replacer
from .plan import Failure, Plan, PlannedCase
from .planning import Planner
from .replacing import is_passing, recover_all
from .request import RunRequest
from .result import CASE_FILES, RESULT_FILE, Result, read_result
from .resume import State
from .scheduling import NeedsFailed, run_jobs
from .stopping import stopped_by_terminate
from .worker import Worker

_log = logging.getLogger("tgbench")

_HELD = 200
"""Most results of a run that are held in memory."""


@dataclass(frozen=True)
class Outcome:
    """A finished case.

    Attributes:
        folder: where it lies.
        reused: whether it was measured before.
        rendered: whether it was rendered now.
    """

    folder: Path
    reused: bool
    rendered: bool = False

    @cached_property
    def result(self) -> Result:
        """What was measured, read from its file when first asked for.

        Thousands of results are not held in memory; those of a smaller run are, for a later run in
        the same folder may replace the file.

        Raises:
            TgbenchError: it is no longer there, or damaged.
        """
        return read_result(self.folder / RESULT_FILE)


class CasesFailed(TgbenchError):
    """A part of a run failed; what was measured all the same comes along.

    Attributes:
        failures: what failed, and why.
        outcomes: of the cases that did not fail.
        cases: how many cases failed, what could not be planned included.
    """

    exit_code = 1

    def __init__(self, failures: list[Failure], outcomes: list[Outcome], cases: int) -> None:
        super().__init__("; ".join(map(str, failures)))
        self.failures = failures
        self.outcomes = outcomes
        self.cases = cases


@dataclass(frozen=True)
class PlannedRun:
    """What is to be run, planned, and where.

    Attributes:
        requests: equal in OUT, device, size, executor and its options.
        plan: of all of them.
        executor: where jobs run.
    """

    requests: Sequence[RunRequest]
    plan: Plan
    executor: Executor


def run(request: RunRequest, progress: Progress, executor: Executor | None = None) -> list[Outcome]:
    """Run every method on every case of the protocols.

    What fails does not stop the others. A case that is there already is kept, so a run that was
    stopped goes on where it was.

    Args:
        request: what to run.
        progress: where to report.
        executor: where jobs run; None: as the request says.

    Raises:
        TgbenchError: bad input, found before any work starts where possible.
        CasesFailed: after all cases, those that failed.
    """
    return run_planned(plan_run([request], progress, executor), progress)


def plan_run(
    requests: Sequence[RunRequest], progress: Progress, executor: Executor | None = None
) -> PlannedRun:
    """Plan what `run_planned` then runs as one, and note in OUT that it is to be done.

    Args:
        requests: one, or several that are equal in OUT, device, size, executor and its options.
        progress: where to report.
        executor: where jobs run; None: as the requests say.

    Raises:
        TgbenchError: bad input; or nothing of a single request can be done.
    """
    plans: list[Plan] = []
    people: dict[str, Person] = {}
    for request in requests:
        with attempts.planning(request.out, _asked(request)):
            planner = Planner(request, people)
            if not plans:
                remove_all_leftovers(make_folder(request.out))
                if executor is None and _is_elsewhere(request):
                    # A cluster that is not there is said before anything is made for it.
                    executor = _made(request, planner)
            plan = planner.collect(progress) if len(requests) > 1 else planner.plan(progress)
            attempts.begin(case.folder for case in plan.cases)
            # A result of before must not pass for what could not be done now.
            attempts.begin(failed.folder for failed in plan.failures if failed.folder)
        _note_unplanned(request, plan)
        plans.append(plan)
    joined = Plan.joined(plans)
    return PlannedRun(
        requests, joined, executor or _executor(requests[0], planner, joined, progress)
    )


def run_planned(planned_run: PlannedRun, progress: Progress) -> list[Outcome]:
    """Do what was planned; see `run`.

    Raises:
        CasesFailed: after all cases, those that failed.
    """
    planned, request = planned_run.plan, planned_run.requests[0]
    for line in planned.warnings:
        _log.warning(line)
    failures = list(planned.failures)
    with journal(planned_run.requests, planned):
        failures += _run(planned, planned_run.executor, progress)
    for failure in failures:
        if failure.folder is not None:
            error = failure.error
            because = error.because if isinstance(error, NeedsFailed) else error
            attempts.fail(failure.folder, because)
    outcomes = []
    # Titles do not tell settings apart, and folders not a case from its timing.
    failed = {(failure.what, failure.folder) for failure in failures}
    for case in planned.cases:
        if case.state is None or (case.job.title, case.folder) in failed:
            continue
        try:
            if _is_elsewhere(request):
                _look_again(case.folder, request.out)
            outcome = _collect(case)
            if len(planned.cases) <= _HELD:
                _ = outcome.result
            outcomes.append(outcome)
        except TgbenchError as error:
            failures.append(Failure(case.job.title, error))
    if failures:
        planned_cases = sum(case.state is not None for case in planned.cases)
        cases = planned_cases - len(outcomes) + len(planned.failures)
        raise CasesFailed(failures, outcomes, cases) from failures[0].error
    return outcomes


def _asked(request: RunRequest) -> Asked:
    return Asked.of(request.methods, request.protocols, request.identities)


def _is_elsewhere(request: RunRequest) -> bool:
    return plugins.executors()[request.executor].elsewhere


def _note_unplanned(request: RunRequest, planned: Plan) -> None:
    """Note in OUT what was asked for and could not even be planned, and why."""
    for failure in planned.failures:
        if failure.identity:
            protocols = [failure.protocol] if failure.protocol else request.protocols
            asked = Asked.of(request.methods, protocols, [failure.identity])
            with suppress(TgbenchError), attempts.asking(request.out, asked):
                raise TgbenchError(str(failure))


def _executor(request: RunRequest, planner: Planner, planned: Plan, progress: Progress) -> Executor:
    limited = any(job.needs.seconds for job in planned.to_do())
    # Only a process of its own can be stopped in time.
    if request.in_process and not limited:
        worker = Worker(progress)
        worker.take(planned)
        return InProcess(worker)
    return _made(request, planner)


def _made(request: RunRequest, planner: Planner) -> Executor:
    spec = plugins.find(plugins.executors(), request.executor, "executor")
    if missing := "; ".join(lacking(spec.requires)):
        raise TgbenchError(f"--executor {spec.name}: {missing}")
    setting = Setting(request.out.resolve(), request.jobs)
    executor: Executor = spec.load()(planner.executor_config, setting)
    return executor


def _run(planned: Plan, executor: Executor, progress: Progress) -> list[Failure]:
    """Run the jobs that are left, and return those that failed."""
    jobs = planned.to_do()
    folders = {case.address: case.folder for case in planned.cases}
    folders |= {case.timing.address: case.folder for case in planned.cases if case.timing}
    failures = []
    several = not isinstance(executor, InProcess)
    with (
        stopped_by_terminate() if several else nullcontext(),
        _shown(progress, len(jobs)) if several and jobs else nullcontext() as board,
    ):
        for ended in run_jobs(jobs, executor, board.submitted if board else lambda job: None):
            job, error = ended.job, ended.error
            if error is not None:
                failures.append(Failure(job.title, error, folder=folders.get(job.address)))
                write_failure(job, error, job_log(job.file))
            if board is not None:
                how = "done" if error is None else "failed"
                why = "" if error is None else f": {one_line(error)}"
                _log.info("%s: %s%s", how, job.title, why, extra=NOTICE)
                board.ended(job)
    return failures


class _Board:
    """Jobs as a `Progress` shows them."""

    def __init__(self, shown: JobsShown) -> None:
        self._shown = shown

    def submitted(self, job: JobSpec) -> None:
        self._shown.submitted(job.address, job.title, state_file(job.file), job_log(job.file))

    def ended(self, job: JobSpec) -> None:
        self._shown.ended(job.address)


@contextmanager
def _shown(progress: Progress, total: int) -> Iterator[_Board]:
    if isinstance(progress, ShowsJobs):
        with progress.jobs(total) as shown:
            yield _Board(shown)
    else:
        with progress.task("jobs", total) as task:
            yield _Board(JobsCounted(task))


def _collect(case: PlannedCase) -> Outcome:
    """Return what a job left, which counts when it is whole.

    Raises:
        TgbenchError: it is not.
    """
    folder = case.folder
    if case.state is State.DONE:
        if case.unsettled is not None:
            with sole_replacer(folder, wait=True):
                case.unsettled.settle()
        attempts.finish(folder)
        return Outcome(folder, reused=True)
    result = read_result(folder / RESULT_FILE)
    if found := damages(folder, result):
        raise TgbenchError(f"{folder / found[0].name}: {found[0].what}; repeat the command")
    measured = case.state is State.MEASURE
    return Outcome(folder, reused=not measured, rendered=case.state is not State.TIME)


def _look_again(folder: Path, out: Path) -> None:
    """Let this machine see what another one has written since planning looked there."""
    # NFS remembers that a file was not there until its folder is listed.
    inside = folder.relative_to(out)
    for above in reversed((inside, *inside.parents)):
        with suppress(OSError):
            os.listdir(out / above)


def remove_all_leftovers(out: Path) -> None:
    """Remove what killed processes left in a folder of results, the cache, and the system's folder.

    Unfinished files may hold frames without a label. What a living process is writing stays.

    Args:
        out: folder of results.
    """
    recover_all(out / MODELS, FIT_FILES)
    recover_all(out, CASE_FILES)
    for place, folders, files in os.walk(out):
        for name in filter(is_leftover, (*folders, *files)):
            remove(Path(place) / name)
        folders[:] = [name for name in folders if not is_passing(name)]
    synthetic = cache_root() / "synthetic"
    remove_leftovers(Path(tempfile.gettempdir()), ".tgbench-")
    with suppress(OSError):
        for folder in (synthetic, *synthetic.glob("*/")):
            remove_leftovers(folder)
