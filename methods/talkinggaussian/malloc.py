"""How the C library hands memory back, which costs more than it is worth here."""

from __future__ import annotations

import ctypes
import sys
from functools import cache

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Numbers of glibc's `mallopt` (malloc.h)."""

_LARGEST_MMAP_THRESHOLD = 32 << 20
_NEVER = 1 << 30


@cache
def keep_freed_memory() -> None:
    """Let glibc keep freed blocks for the next iteration, in all of this process.

    Left alone it returns the megabytes of an iteration to the kernel and gets them back page by
    page, two thousand page faults each time: a tenth of an iteration, more with two threads. What
    the process holds stays at the peak that it reaches anyway. Other C libraries are let be.
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, _LARGEST_MMAP_THRESHOLD)
        mallopt(_TRIM_THRESHOLD, _NEVER)
