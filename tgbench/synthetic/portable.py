"""Making files that have the same bytes on every x86-64 processor.

NumPy, OpenCV, OpenBLAS, Numba and the C library choose their routines by what the processor offers,
and these round differently in the last bit. A frame set is known by its hash, and so a built-in
identity would be another one on each machine. Its making is therefore left to a process of its own
that may use only what all these processors have.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import tempfile
from collections.abc import Sequence
from importlib import import_module
from typing import IO

from ..processes.python import python_command
from ..processes.reported import raise_reported
from ..progress import Progress

WORKER = "tgbench.synthetic.worker"
_CHOICES = {"NPY_ENABLE_CPU_FEATURES", "NUMBA_CPU_FEATURES"}
"""What a user may have set that would contradict the settings made here."""


def run_portably(description: str, arguments: Sequence[str], progress: Progress) -> None:
    """Run the worker with the instructions that every x86-64 processor has.

    Args:
        description: what is being made.
        arguments: of `tgbench.synthetic.worker`.
        progress: where its frames are counted.

    Raises:
        TgbenchError: what the worker raised.
        OSError: what the worker met, such as a full disk.
        RuntimeError: the worker failed otherwise; with what it printed.
    """
    with tempfile.TemporaryFile("w+") as complaints:
        worker = subprocess.Popen(
            python_command("-m", WORKER, *arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=complaints,
            env=portable_environment(),
            text=True,
        )
        try:
            assert worker.stdout is not None
            _follow(worker.stdout, description, progress)
            code = worker.wait()
        finally:
            worker.kill()
            worker.wait()
        if code:
            complaints.seek(0)
            raise RuntimeError(f"{description}: exit code {code}\n{complaints.read()[-4000:]}")


def portable_environment() -> dict[str, str]:
    """Return this process's environment, with nothing left for a processor to decide."""
    environment = {name: value for name, value in os.environ.items() if name not in _CHOICES}
    environment |= {"OPENBLAS_NUM_THREADS": "1", "NUMBA_DISABLE_INTEL_SVML": "1"}
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return environment
    return environment | {
        "NPY_DISABLE_CPU_FEATURES": " ".join(_numpy_choices()),
        "OPENBLAS_CORETYPE": "Nehalem",
        "NUMBA_CPU_NAME": "generic",
        "OPENCV_IPP": "disabled",
        "OPENCV_CPU_DISABLE": "SSE4.1,SSE4.2,AVX,FP16,AVX2,AVX512-SKX",
        "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX,-AVX2,-FMA,-FMA4",
    }


def _numpy_choices() -> list[str]:
    """Return the instruction sets among which NumPy chooses, whatever its version calls them."""
    chosen: list[str] = import_module("numpy._core._multiarray_umath").__cpu_dispatch__
    return chosen


def _follow(lines: IO[str], description: str, progress: Progress) -> None:
    """Show a worker's progress; raise what it reports."""
    begun = json.loads(lines.readline() or "{}")
    if "error" in begun:
        raise_reported(begun)
    with progress.task(description, begun.get("total")) as task:
        for line in lines:
            if line != "\n":
                raise_reported(json.loads(line))
            task.advance()
