"""A task of an array on its node: `python -m tgbench.cluster.slurm_task ARRAY.json`.

It does its jobs one after another, so a fit is there when its cases begin. A task that SLURM begins
again, after a node was lost, finds done what is done.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

from ..errors import TgbenchError
from ..running.children import job_log
from ..running.job import JobSpec, read_job
from ..running.stopping import stopped_by_terminate
from .node_job import run_command
from .slurm_array import read_array, write_end


def main(path: Path, task: int) -> int:
    """Do the jobs of a task; return 1 if one of them failed."""
    array, folder = read_array(path), path.parent
    failed: dict[str, str] = {}
    for name in array.tasks[task]:
        file = folder / f"{name}.json"
        job = _read(file)
        cause = next((failed[a] for a in (job.depends_on if job else ()) if a in failed), "")
        if cause:
            problem = f"needs what failed: {cause}"
        else:
            seconds = job.needs.seconds if job else 0.0
            command = [*array.program, str(file)]
            cpus = 0 if job and job.needs.exclusive else array.cpus
            problem = run_command(command, job_log(file), cpus, seconds)
        print(f"{job.title if job else name}: {problem or 'done'}", flush=True)
        write_end(folder, name, problem)
        if problem:
            failed[job.address if job else name] = job.title if job else name
    return 1 if failed else 0


def _read(file: Path) -> JobSpec | None:
    """Return a job; of one that cannot be read, its command says what is wrong."""
    with suppress(TgbenchError):
        return read_job(file)
    return None


if __name__ == "__main__":
    with stopped_by_terminate():
        sys.exit(main(Path(sys.argv[1]), int(os.environ["SLURM_ARRAY_TASK_ID"])))
