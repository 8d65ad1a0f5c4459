"""`tgbench status`: how far the runs in a folder of results are, from anywhere that sees it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..progress import duration
from ..terminal import Terminal, printable

if TYPE_CHECKING:
    from ..running.status import JobStatus, RunStatus

_EPILOG = """\
examples:
  tgbench status results
  tgbench status results --json
"""

_MOST_WAITING = 5
"""Jobs that wait, each on a line."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EPILOG
    parser.add_argument(
        "out",
        type=Path,
        nargs="?",
        default=Path("results"),
        metavar="OUT",
        help="the --out of `tgbench run` (results)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Print what is done, what runs, what failed and why, and how long the rest may take.

    Returns:
        1 if a job failed, or could not even be planned.
    """
    from ..running.status import Stage, status_of

    runs = status_of(args.out)
    if args.json:
        print(json.dumps({"runs": [_as_json(run) for run in runs]}, indent=2))
    else:
        for number, run in enumerate(runs):
            if number:
                terminal.out.print()
            for line in _lines(run):
                terminal.out.print(printable(line), markup=False)
    failed = any(run.head.failures or run.count(Stage.FAILED) for run in runs)
    return int(failed)


def _lines(run: RunStatus) -> Iterator[str]:
    from ..running.status import Stage

    yield run.head.command or "a run from Python"
    cases = run.cases()
    if total := sum(cases.values()):
        counts = ", ".join(f"{count} {stage}" for stage, count in cases.items())
        yield f"{total} cases: {counts}"
    counts = ", ".join(f"{run.count(stage)} {stage}" for stage in Stage)
    yield f"{len(run.jobs)} jobs: {counts}"
    for job in run.of(Stage.RUNNING):
        where = f" on {job.node}" if job.node else ""
        yield f"- running for {duration(job.seconds)}{where}: {job.job.title}{_log(job)}"
    for job in run.of(Stage.FAILED):
        yield f"- failed: {job.job.title}: {job.reason}{_log(job)}"
    for text in run.head.failures:
        yield f"- failed before it became a job: {text}"
    waiting = run.of(Stage.WAITING)
    gone = [job for job in waiting if job.reason]
    for job in (gone or waiting)[:_MOST_WAITING]:
        yield f"- waiting: {job.job.title}{f' ({job.reason})' if job.reason else ''}"
    if len(waiting) > _MOST_WAITING:
        yield f"- and {len(waiting) - len((gone or waiting)[:_MOST_WAITING])} more that wait"
    yield from _outlook(run)


def _outlook(run: RunStatus) -> Iterator[str]:
    from ..running.status import Stage

    rest = run.count(Stage.RUNNING) + run.count(Stage.WAITING)
    if not rest:
        return
    seconds, unknown = run.left()
    if unknown == rest:
        yield "time left: not known before a job like these is done"
    else:
        more = f", and {unknown} jobs without an earlier timing" if unknown else ""
        yield f"time left: about {duration(seconds)}{more}"
    if not run.goes_on:
        yield "nothing hands out jobs any more; repeat the command to go on"


def _log(job: JobStatus) -> str:
    # A reason may name it already.
    return f" (log: {job.log})" if job.log and job.log not in job.reason else ""


def _as_json(run: RunStatus) -> dict[str, Any]:
    seconds, unknown = run.left()
    return {
        "command": run.head.command,
        "goes_on": run.goes_on,
        "node": run.node,
        "failures": run.head.failures,
        "cases": {stage.value: count for stage, count in run.cases().items()},
        "seconds_left": seconds,
        "jobs_of_unknown_time": unknown,
        "jobs": [
            {
                "address": each.job.address,
                "title": each.job.title,
                "stage": each.stage.value,
                "seconds": each.seconds,
                "node": each.node,
                "reason": each.reason,
                "log": each.log,
                "output": each.job.output,
            }
            for each in run.jobs
        ],
    }
