"""A persistent pool of threads that work on one frame each.

Compiled kernels and torch operators release the GIL, so plain Python threads scale over frames
without fork and join inside a frame and without a second OpenMP runtime.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

from tgbench.machine import cores

T = TypeVar("T")
R = TypeVar("R")

_THREAD_NAME = "tgbench-frame"


@cache
def _pool(process: int) -> ThreadPoolExecutor:
    # One pool per process id: threads do not survive a fork.
    return ThreadPoolExecutor(cores(), thread_name_prefix=_THREAD_NAME)


def map_frames(function: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """Apply ``function`` to every item, on the frame threads if there is more than one item.

    Results come in the order of the items, and so does the first exception. A call from a frame
    thread does its items in turn: all threads waiting for each other would never end.

    Args:
        function: What to do with one item; should spend its time with the GIL released.
        items: The work.
    """
    items = list(items)
    if len(items) < 2 or threading.current_thread().name.startswith(_THREAD_NAME):
        return [function(item) for item in items]
    return list(_pool(os.getpid()).map(function, items))
