"""A setting of the C library's allocator that saves page faults in training."""

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

    By default glibc returns the megabytes of an iteration to the kernel and gets them back page by
    page: two thousand page faults, a tenth of an iteration's time, more with two threads. The
    process then holds the peak that it reaches anyway. Other C libraries are not changed.
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, _LARGEST_MMAP_THRESHOLD)
        mallopt(_TRIM_THRESHOLD, _NEVER)
