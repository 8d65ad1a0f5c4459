"""Writing down what a run consists of, and that it goes on."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ..files import atomic_path, hash_of
from .fit_record import RECORD_FILE
from .folders import JOBS
from .job import JobSpec
from .job_state import forget, said, state_file
from .plan import Plan
from .request import RunRequest
from .result import RESULT_FILE
from .resume import State
from .run_file import RUN_FILES, RunHead, RunJob

_DIGITS = 12
_NOT_WHAT = {"jobs", "executor", "command", "fresh", "out"}
"""Fields of a request that do not say what is asked for."""


@contextmanager
def journal(requests: Sequence[RunRequest], planned: Plan) -> Iterator[None]:
    """Write what a run consists of, and that it goes on as long as the block does."""
    path, request = run_file(requests), requests[0]
    jobs = planned.to_do()
    # A run does not fail because it cannot say what it does; its jobs will say what is wrong.
    with suppress(OSError):
        write_run(path, planned, request.jobs or int(request.in_process), request.command)
    forget(jobs)
    with said(state_file(path)):
        yield


def run_file(requests: Sequence[RunRequest]) -> Path:
    """Return the file of a run."""
    asked = [
        {
            field.name: getattr(request, field.name)
            for field in dataclasses.fields(request)
            if field.name not in _NOT_WHAT
        }
        for request in requests
    ]
    what = asked[0] if len(asked) == 1 else asked
    name = hash_of(json.loads(json.dumps(what, default=str)))[:_DIGITS]
    return requests[0].out.resolve() / JOBS / RUN_FILES.format(name)


def write_run(path: Path, planned: Plan, at_once: int, command: str) -> None:
    """Write what a run consists of, atomically."""
    head = RunHead(command=command, at_once=at_once, failures=list(map(str, planned.failures)))
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as part, part.open("w", encoding="utf-8") as stream:
        stream.write(head.model_dump_json() + "\n")
        for job in _jobs(planned, path.parents[1]):
            stream.write(job.model_dump_json() + "\n")


def _jobs(planned: Plan, out: Path) -> Iterator[RunJob]:
    fits: set[str] = set()
    for case in planned.cases:
        fit = case.fit
        if case.needs_fit and fit.address not in fits:
            fits.add(fit.address)
            yield _of(fit.job, fit.address, fit.fitting.folder / RECORD_FILE, False, out)
        if case.state is not None:
            done = case.state in (State.DONE, State.TIME)
            yield _of(case.job, case.address, case.folder / RESULT_FILE, done, out)
            if case.timing is not None and case.state is not State.DONE:
                timing = case.timing
                yield _of(timing, timing.address, case.folder / RESULT_FILE, False, out)


def _of(job: JobSpec, address: str, output: Path, done: bool, out: Path) -> RunJob:
    what: list[Any] = [job.kind, job.method.name, job.method.preset, job.identity.size, job.device]
    if job.case is not None:
        what.append(job.case.protocol)
    return RunJob(
        address=address,
        title=job.title,
        group=" ".join(map(str, what)),
        output=os.path.relpath(output.resolve(), out),
        done=done,
    )
