"""Several pairs at a time, each process with models of its own that it loads once."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from ..errors import TgbenchError
from ..faults import one_line
from ..interfaces import Shared
from ..machine import cores
from ..progress import SILENT, Progress
from ..running.children import thread_limits
from .finding import Pair
from .scoring import PairsRequest, ScoredPair, score_pair

_PATIENCE = 5.0
"""Seconds that a process has to end by itself."""

_SAFE_PATH = "PYTHONSAFEPATH"

_POLL = 0.5
"""Seconds after which a process looks again whether it is still wanted."""


@dataclass(frozen=True)
class PairFailed:
    """A pair that has no scores.

    Attributes:
        pair: it.
        why: in one line.
    """

    pair: Pair
    why: str

    def __str__(self) -> str:
        """Name it and say why."""
        return f"{self.pair.name}: {self.why}"


class PairsFailed(TgbenchError):
    """Some pairs could not be scored; the others were, and their results are in place.

    Attributes:
        failures: the pairs that have no scores, and why.
        scored: the others.
    """

    def __init__(self, failures: Sequence[PairFailed], scored: Sequence[ScoredPair]) -> None:
        super().__init__("; ".join(map(str, failures)))
        self.failures, self.scored = list(failures), list(scored)


def score_pairs(
    request: PairsRequest, pairs: Sequence[Pair], jobs: int = 1, progress: Progress = SILENT
) -> Iterator[ScoredPair | PairFailed]:
    """Score pairs, several at a time if asked for. What fails does not stop the others.

    Args:
        request: how.
        pairs: what.
        jobs: how many at a time; 1: one after another in this process.
        progress: where to report.

    Yields:
        Each pair with its scores or why it has none, in the order in which they are done.
    """
    if min(jobs, len(pairs)) == 1:
        models = Shared()
        for pair in pairs:
            yield _scored(request, pair, models, progress)
        return
    with progress.task(f"scoring {request.method.name}", len(pairs)) as task:
        for found in _spread(request, pairs, min(jobs, len(pairs))):
            task.advance()
            yield found


def _scored(
    request: PairsRequest, pair: Pair, models: Shared, progress: Progress
) -> ScoredPair | PairFailed:
    try:
        return score_pair(request, pair, models, progress)
    except TgbenchError as error:
        return PairFailed(pair, one_line(error))


def _spread(
    request: PairsRequest, pairs: Sequence[Pair], jobs: int
) -> Iterator[ScoredPair | PairFailed]:
    waiting = deque(pairs)
    cpus = max(1, cores() // jobs)
    workers: list[_Worker] = []
    try:
        while waiting or workers:
            while waiting and len(workers) < jobs:
                workers.append(_Worker(request, cpus))
                workers[-1].give(waiting.popleft())
            ready = wait([worker.pipe for worker in workers])
            for worker in [worker for worker in workers if worker.pipe in ready]:
                yield worker.take()
                if worker.alive and waiting:
                    worker.give(waiting.popleft())
                else:
                    worker.end()
                    workers.remove(worker)
    finally:
        for worker in workers:
            worker.end(at_once=True)


class _Worker:
    """A process that scores the pairs it is given."""

    def __init__(self, request: PairsRequest, cpus: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self._pair: Pair | None = None
        self._process: BaseProcess = context.Process(
            target=_work, args=(request, theirs), daemon=True
        )
        # Read before any code of ours runs there: the limits by libraries when they are loaded, and
        # the other by Python, so that no `pickle.py` of the working folder is imported.
        with _environment({**thread_limits(cpus), _SAFE_PATH: "1"}):
            self._process.start()
        # With this end closed here, the death of the process is the end of the pipe.
        theirs.close()

    @property
    def alive(self) -> bool:
        return self._pair is None

    def give(self, pair: Pair) -> None:
        """Let it score a pair."""
        self._pair = pair
        with suppress(OSError):
            self.pipe.send(pair)

    def take(self) -> ScoredPair | PairFailed:
        """Return what it found of the pair that it was given."""
        assert self._pair is not None
        pair = self._pair
        try:
            found: ScoredPair | PairFailed = self.pipe.recv()
        except (EOFError, OSError):
            self._process.join(_PATIENCE)
            code = self._process.exitcode
            killed = code is not None and code < 0
            how = f"was killed by signal {-code}" if killed and code else f"ended with code {code}"
            memory = " (too little memory?)" if code == -signal.SIGKILL else ""
            return PairFailed(
                pair, f"its process {how}{memory}; repeat the command to score what is left"
            )
        self._pair = None
        return found

    def end(self, at_once: bool = False) -> None:
        """End it: when it has nothing to do, or at once."""
        self.pipe.close()
        if at_once:
            self._process.terminate()
        self._process.join(_PATIENCE)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Change variables of the environment for a while."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _end_with(parent: int) -> None:
    """End this process, in the midst of a clip if need be, when the one that asks is gone."""
    while os.getppid() == parent:
        time.sleep(_POLL)
    os._exit(1)


def _work(request: PairsRequest, pipe: Connection) -> None:
    """Score pairs until there are no more, or the process that asks is gone."""
    # Other programs' scripts may import what lies beside them.
    os.environ.pop(_SAFE_PATH, None)
    # Ctrl-C is for the process that asks, which ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    models = Shared()
    while True:
        try:
            pair = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            found = _scored(request, pair, models, SILENT)
        except Exception as error:
            # What is unexpected in one clip is no reason to lose the others.
            found = PairFailed(pair, f"failed: {type(error).__name__}: {one_line(error)}")
        try:
            pipe.send(found)
        except OSError:
            sys.exit(1)
