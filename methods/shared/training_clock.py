"""The time that training takes."""

from __future__ import annotations

import time

from numba.core import event

_compiling = event.TimingListener()
event.register("numba:compile", _compiling)


class TrainingClock:
    """Counts wall time from its making on, but for that in which Numba compiles kernels.

    The first fit of an installation compiles them for half a minute, later ones do not. One thread
    compiles at a time, and others that need a kernel wait for it.
    """

    def __init__(self) -> None:
        """Start."""
        self._started, self._compiled = time.perf_counter(), _seconds_compiling()

    @property
    def seconds(self) -> float:
        """Seconds so far."""
        compiled = _seconds_compiling() - self._compiled
        return time.perf_counter() - self._started - compiled


def _seconds_compiling() -> float:
    return float(_compiling.duration) if _compiling.done else 0.0
