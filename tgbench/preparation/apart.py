"""Backends in processes of their own.

Some backends are bound by Python, of which a process runs one thread at a time. Each of them gets
a process, so that they work beside each other. `worker` is the other side.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from ..errors import TgbenchError
from ..processes.guarded import Guarded
from ..processes.reported import raise_reported
from ..progress import Progress, Task
from ..running.children import thread_limits
from .backends.choice import ChosenBackend
from .clip import Clip

WORKER = "tgbench.preparation.worker"

_LAST_LINES = 12

Reports = Iterator[dict[str, Any]]
"""What a worker says: {"frame": n} of each frame that is written, {"measured_by": text} at last."""


@contextmanager
def apart(
    backend: ChosenBackend, clip: Clip, arrays: Path, progress: Progress
) -> Iterator[Reports]:
    """Start a backend on a clip in a process of its own, and end it with the block.

    Args:
        backend: of poses or parsings.
        clip: its frames are on disk.
        arrays: `.npz` file for a result that is no frames.
        progress: where the backend reports to.

    Yields:
        What it reports. Its errors are raised there: `TgbenchError` and `OSError` as they are,
        others as `RuntimeError` with what it said; that it was killed is a `TgbenchError`.
    """
    spec = backend.spec
    settings = json.dumps(backend.settings_given)
    asked = [spec.kind, spec.name, settings, str(clip.folder), str(clip.size), str(arrays)]
    worker = Guarded(
        [sys.executable, "-m", WORKER, *asked],
        subprocess.PIPE,
        env={**os.environ, **thread_limits(1)},
    )
    assert worker.process.stdout is not None
    with ExitStack() as stack:
        stack.enter_context(worker.process.stdout)
        stack.callback(worker.end)
        yield _reports(worker, spec.name, progress)


def _reports(worker: Guarded, name: str, progress: Progress) -> Reports:
    said: deque[str] = deque(maxlen=_LAST_LINES)
    finished = False
    with ExitStack() as bar:
        task: Task | None = None
        assert worker.process.stdout is not None
        for line in worker.process.stdout:
            report = _report(line)
            if report is None:
                said.append(line.decode("utf-8", "replace").rstrip())
            elif "task" in report:
                task = bar.enter_context(progress.task(report["task"], report["total"]))
            elif "advance" in report and task is not None:
                task.advance(report["advance"])
            elif "error" in report:
                raise_reported(report)
            else:
                finished = "measured_by" in report
                yield report
    if finished:
        return
    code = worker.end()
    if code < 0:
        memory = " (too little memory?)" if code == -signal.SIGKILL else ""
        raise TgbenchError(
            f"the process of {name} was killed by signal {-code}{memory}; "
            "repeat the command to go on"
        )
    raise RuntimeError(f"the process of {name} ended with code {code}: " + "\n".join(said))


def _report(line: bytes) -> dict[str, Any] | None:
    """Return what a line reports; None if a library said it."""
    try:
        report = json.loads(line)
    except ValueError:
        return None
    return report if isinstance(report, dict) else None
