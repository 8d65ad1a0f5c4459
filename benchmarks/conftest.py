"""What the benchmarks share: one thread of torch, and a busy machine on demand."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
import torch


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Give torch one thread, as the method does: its threads are branches and frames."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(params=["quiet", "one core loaded"])
def machine(request: pytest.FixtureRequest) -> Iterator[str]:
    """Run once on the machine as it is and once beside a process that takes one core."""
    if request.param == "quiet":
        yield request.param
        return
    spinning = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    yield request.param
    spinning.kill()
    spinning.wait()


def pytest_benchmark_update_machine_info(machine_info: dict[str, object]) -> None:
    """Record what the times depend on beside the processor."""
    import numba
    import numpy as np

    machine_info |= {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None,
        "load_at_end": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "torch": torch.__version__,
        "numba": numba.__version__,
        "numpy": np.__version__,
    }
