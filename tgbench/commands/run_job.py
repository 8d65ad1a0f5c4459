"""`tgbench run-job`: one fit or one case, from a file that `tgbench run --jobs` wrote."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..terminal import Terminal


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("job", type=Path, metavar="JOB.json", help="the file of the job")


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Do the job, unless its output is there and whole."""
    from ..running.children import job_log
    from ..running.job import read_job
    from ..running.job_state import doing
    from ..running.stopping import stopped_by_terminate
    from ..running.worker import Worker

    job = read_job(args.job)
    with stopped_by_terminate(), doing(job, str(job_log(job.file))):
        Worker(terminal.progress).do(job)
    terminal.out.print(f"done: {job.title}", markup=False)
    return 0
