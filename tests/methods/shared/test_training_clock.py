"""The clock of training stands still while kernels are compiled."""

from __future__ import annotations

import time
from types import SimpleNamespace

import numba
import pytest
from numba.core import event

from tgbench.methods.shared import training_clock
from tgbench.methods.shared.training_clock import TrainingClock


def test_compiling_is_no_training(monkeypatch: pytest.MonkeyPatch) -> None:
    now = SimpleNamespace(seconds=100.0)
    monkeypatch.setattr(training_clock.time, "perf_counter", lambda: now.seconds)
    monkeypatch.setattr(event, "timer", lambda: now.seconds)
    earlier = TrainingClock()
    now.seconds = 105.0
    with event.trigger_event("numba:compile"):
        now.seconds = 125.0
        with event.trigger_event("numba:compile"):
            now.seconds = 130.0
    clock = TrainingClock()
    now.seconds = 140.0
    assert clock.seconds == pytest.approx(10.0)
    assert earlier.seconds == pytest.approx(15.0)


def test_numba_tells_when_it_compiles() -> None:
    @numba.njit
    def kernel(x: float) -> float:
        return x + 1.0

    clock, started = TrainingClock(), time.perf_counter()
    kernel(1.0)
    compiled = clock.seconds
    assert compiled < time.perf_counter() - started
    kernel(1.0)
    assert clock.seconds >= compiled
