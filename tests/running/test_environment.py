from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tgbench.machine import cores
from tgbench.running.environment import describe_machine, peak_memory_mb

PRINT_PEAK = "from tgbench.running.environment import peak_memory_mb; print(peak_memory_mb())"


def test_a_large_array_counts_after_it_is_gone() -> None:
    before = peak_memory_mb()
    np.ones(round(before * 2**20 / 8) + (20 << 17)).sum()
    assert peak_memory_mb() > before + 10


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="needs Linux's /proc")
def test_the_memory_of_whoever_started_a_program_is_not_its_own() -> None:
    held = np.ones(600 << 17)
    done = subprocess.run(
        [sys.executable, "-c", PRINT_PEAK], capture_output=True, text=True, check=True
    )
    assert float(done.stdout) < held.nbytes / 2**20


def test_a_machine_is_known_by_name_cores_and_whether_others_worked_on_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    found = describe_machine("cpu", exclusive=True)
    assert (found.node, found.exclusive) == (platform.node(), True)
    assert (found.cores, found.gpu) == (cores(), None)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert describe_machine("cpu").cores == 1, "a job that keeps one core busy had one"
