from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tgbench.running.environment import peak_memory_mb

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
