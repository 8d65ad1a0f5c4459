"""How many threads torch uses, threads that make frames, and halves of one thread's work."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TypeVar

import torch

from tgbench.interfaces import Drive
from tgbench.machine import cores
from tgbench.overlap import in_order

Output = TypeVar("Output")
Part = TypeVar("Part")

_WORTH_HALVING = 1e6
"""Nanoseconds: what takes one core less gains nothing from a second, for which it has to wait."""


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch use one thread of the CPU inside.

    With more, they wait for each other at every small layer, on a busy machine ten times as long as
    one thread takes for all.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def frame_threads(
    make: Callable[[int], Output], drive: Drive, device: torch.device
) -> Iterator[Output]:
    """Yield what is made of each frame of a drive, in order.

    Threads of one frame each scale better than threads inside a frame, which wait for each other.

    Args:
        make: of the frame of an index; called from several threads at once on a CPU.
        drive: whose frames.
        device: where frames are made; a GPU gets them one by one.
    """
    workers = cores() if device.type == "cpu" else 1
    return in_order(make, range(len(drive)), workers, start=lambda: torch.set_num_threads(1))


@contextmanager
def with_halves() -> Iterator[None]:
    """Let `halves` use a second core inside, where fewer threads than cores are at work.

    A thread that works a core to capacity is inside. Those that make frames are not: they have all
    cores already.
    """
    _cores.join()
    try:
        yield
    finally:
        _cores.leave()


def halves(
    work: Callable[[Part], None],
    parts: tuple[Part, Part],
    whole: Part | None = None,
    cost: float = _WORTH_HALVING,
) -> None:
    """Do both parts of some work, which are independent; at once inside `with_halves`.

    Args:
        work: of a part; should spend its time with the GIL released. It records no gradients.
        parts: of about the same size.
        whole: both in one, which takes less and must give the same; for one core.
        cost: of both parts on one core, nanoseconds; a rough guess will do.
    """
    first, second = parts
    if cost < _WORTH_HALVING or not _cores.take():
        for part in parts if whole is None else (whole,):
            work(part)
        return
    idle = _idle_helpers(os.getpid())
    try:
        try:
            helper = idle.pop()
        except IndexError:
            helper = _Helper()
        helper.begin(lambda: work(second))
        try:
            work(first)
        finally:
            error = helper.end()
            idle.append(helper)
        if error is not None:
            raise error
    finally:
        _cores.give_back()


def in_halves(work: Callable[[slice], None], count: int, cost: float) -> None:
    """Do some work on a number of rows, its two halves at once inside `with_halves`.

    Args:
        work: on some of the rows, which must not depend on the others; see `halves`.
        count: of the rows.
        cost: of a row on one core, nanoseconds; a rough guess will do.
    """
    middle = count // 2
    parts = slice(0, middle), slice(middle, count)
    halves(work, parts, slice(0, count), count * cost)


class _Helper:
    """A thread that does one thing after another, handed over in less time than a pool takes."""

    def __init__(self) -> None:
        # Released to say that there is work, and that it is done.
        self._begun, self._ended = threading.Lock(), threading.Lock()
        self._begun.acquire()
        self._ended.acquire()
        self._work: Callable[[], None] = lambda: None
        self._error: BaseException | None = None
        threading.Thread(target=self._run, name="tgbench-half", daemon=True).start()

    def begin(self, work: Callable[[], None]) -> None:
        """Let it begin some work."""
        self._work = work
        self._begun.release()

    def end(self) -> BaseException | None:
        """Wait until it is done, and return what went wrong."""
        self._ended.acquire()
        return self._error

    def _run(self) -> None:
        torch.set_num_threads(1)
        torch.set_grad_enabled(False)
        while True:
            self._begun.acquire()
            self._error = None
            try:
                self._work()
            except BaseException as error:
                self._error = error
            self._work = lambda: None
            self._ended.release()


@cache
def _idle_helpers(process: int) -> list[_Helper]:
    # For each process id its own: threads do not survive a fork.
    return []


class _Cores:
    """How many threads are at work, of those that are counted."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counted = threading.local()
        self._busy, self._limit = 0, 1

    def join(self) -> None:
        self._counted.here = True
        limit = cores()
        with self._lock:
            self._busy, self._limit = self._busy + 1, limit

    def leave(self) -> None:
        self._counted.here = False
        self.give_back()

    def take(self) -> bool:
        """Take a core for the helper of a counted thread, if one is left."""
        if not getattr(self._counted, "here", False):
            return False
        with self._lock:
            if self._busy >= self._limit:
                return False
            self._busy += 1
        return True

    def give_back(self) -> None:
        with self._lock:
            self._busy -= 1


_cores = _Cores()
