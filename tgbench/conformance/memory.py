"""Check of the memory that rendering takes."""

from __future__ import annotations

import sys
import time

from . import drives
from .bench import Bench
from .findings import DoesNotHold, NotTried
from .fresh import measure_memory

_BYTES = 32 << 20
"""Of frames that are rendered: enough to tell holding them from the noise of allocators."""

_LEAST = 12 << 20
_SECONDS = 60.0
"""That rendering may take."""

_TRIAL = 40
"""Frames by which it is known how many can be rendered; a program takes a while to start."""

_KEPT = 0.6
"""Share of the frames' bytes by which memory may not grow."""


def streams(bench: Bench) -> str:
    """Render many frames in a fresh process, and watch what memory it holds."""
    if not sys.platform.startswith("linux"):
        raise NotTried("this system does not say how much memory a process holds (/proc)")
    size, trial = bench.frames[0].nbytes, drives.of_length(bench.clip, _TRIAL, bench.encoder)
    started = time.perf_counter()
    bench.subject.render(bench.fit.method, trial)
    pace = (time.perf_counter() - started) / _TRIAL
    wanted = min(_BYTES // size, int(_SECONDS / pace))
    if wanted * size < _LEAST:
        raise NotTried(f"a frame takes {pace:.1f} s, too slow to render enough of them")
    resident = measure_memory(bench, wanted)
    grown = max(resident) - resident[0]
    text = f"{wanted} frames of {size / 1e3:.0f} kB in a row: {grown / 1e6:+.1f} MB"
    if grown > _KEPT * wanted * size:
        raise DoesNotHold(f"memory grows with the length of the drive: {text}")
    return text
