"""The command of a job on a node, with a limit of time and of threads."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from ..running.children import Child, stop_all, thread_limits

_POLL_SECONDS = 0.1


def run_command(command: Sequence[str], log: Path, cpus: int, seconds: float) -> str:
    """Run the command of a job, and leave no process of it behind.

    Args:
        command: program and arguments.
        log: gets what it says.
        cpus: cores that it keeps busy; 0: all, because it has the machine for itself.
        seconds: after which it is stopped; 0: no limit.

    Returns:
        Why the job failed, in one line; empty: it is done.
    """
    child = Child(command, log, thread_limits(cpus) if cpus else None, seconds)
    try:
        while not child.has_ended():
            time.sleep(_POLL_SECONDS)
    except BaseException:
        stop_all([child])
        raise
    problem = child.problem()
    return "" if problem is None else str(problem)
