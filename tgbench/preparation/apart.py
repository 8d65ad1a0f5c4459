"""Backends in processes of their own.

Some backends are bound by Python, of which a process runs one thread at a time. Each of them gets
a process, so that they work beside each other. `worker` is the other side. Loading what they need
takes a second: they can be started ahead, while a core is idle.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

from ..errors import TgbenchError
from ..processes.guarded import Guarded
from ..processes.python import python_command
from ..processes.reported import raise_reported
from ..progress import Progress, Task
from ..running.children import thread_limits
from ..specs import BackendKind
from .backends.choice import ChosenBackend
from .clip import Clip

WORKER = "tgbench.preparation.worker"

_LAST_LINES = 12

Reports = Iterator[dict[str, Any]]
"""What a worker says: {"frame": n} of each frame that is written, {"measured_by": text} at last."""


class Workers(ExitStack):
    """Processes of backends of poses and parsings. All of them end with the block."""

    def __init__(self) -> None:
        """Start with none."""
        super().__init__()
        self._ready: dict[BackendKind, Worker] = {}

    def start(self, backend: ChosenBackend) -> None:
        """Start the process of a backend ahead of its work."""
        self._ready[backend.spec.kind] = self.enter_context(Worker(backend))

    def take(self, backend: ChosenBackend) -> Worker:
        """Return the process of a backend for one clip, started now if it was not before."""
        ready = self._ready.pop(backend.spec.kind, None)
        return ready or self.enter_context(Worker(backend))


class Worker(AbstractContextManager["Worker"]):
    """A process in which a backend gets ready and waits for a clip; leaving the block ends it."""

    def __init__(self, backend: ChosenBackend) -> None:
        """Start it."""
        spec = backend.spec
        self._name = spec.name
        self._worker = Guarded(
            python_command("-m", WORKER, spec.kind, spec.name),
            subprocess.PIPE,
            env={**os.environ, **thread_limits(1)},
            fed=True,
        )
        self._worker.send(backend.settings_given)

    def work(self, clip: Clip, arrays: Path, progress: Progress) -> Reports:
        """Let it do its work on a clip, once.

        Args:
            clip: its frames are on disk.
            arrays: `.npz` file for a result that is no frames.
            progress: where the backend reports to.

        Returns:
            What it reports. Its errors are raised there: `TgbenchError` and `OSError` as they are,
            others as `RuntimeError` with what it said; that it was killed is a `TgbenchError`.
        """
        self._worker.send([str(clip.folder), clip.size, str(arrays)])
        return _reports(self._worker, self._name, progress)

    def __exit__(self, *_: object) -> None:
        """End the process, whatever it is doing."""
        output = self._worker.process.stdout
        assert output is not None
        with output:
            self._worker.end()


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
