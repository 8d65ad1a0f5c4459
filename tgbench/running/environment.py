"""What the numbers were measured on."""

from __future__ import annotations

import os
import platform
import resource
import subprocess
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ..errors import TgbenchError
from ..machine import cores
from .result import EnvironmentRecord, MachineRecord

_PACKAGES = (
    "tgbench",
    "torch",
    "numpy",
    "numba",
    "scipy",
    "av",
    "opencv-contrib-python",
    "mediapipe",
    "pandas",
    "lpips",
    "torchmetrics",
    "gsplat",
)


def resolve_device(wanted: str, elsewhere: bool = False) -> str:
    """Return "cpu" or "cuda".

    Args:
        wanted: "auto", "cpu" or "cuda".
        elsewhere: whether other machines compute, which may have what this one lacks.

    Raises:
        TgbenchError: CUDA was asked for and there is none.
    """
    if wanted == "cpu":
        return "cpu"
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if wanted == "cuda" and not elsewhere:
        raise TgbenchError(
            "--device cuda: PyTorch sees no CUDA device here; use --device cpu, or install a "
            "CUDA build of PyTorch and check the driver"
        )
    return wanted if elsewhere and wanted == "cuda" else "cpu"


def describe_machine(device: str, exclusive: bool | None = None) -> MachineRecord:
    """Return the record of this machine.

    Args:
        device: that computes.
        exclusive: whether no other job was to run here meanwhile; None: not known.
    """
    return MachineRecord(
        node=platform.node(),
        cpu=_cpu_name(),
        cores=_cores(),
        device=device,
        gpu=_gpu_name(device),
        exclusive=exclusive,
    )


def describe_environment(device: str, exclusive: bool | None = None) -> EnvironmentRecord:
    """Return the record of this machine and installation; see `describe_machine`."""
    commit, dirty = _git_state()
    return EnvironmentRecord(
        **describe_machine(device, exclusive).model_dump(),
        python=platform.python_version(),
        platform=platform.platform(),
        packages={name: found for name in _PACKAGES if (found := _version(name))},
        git_commit=commit,
        git_dirty=dirty,
    )


def describe_device(device: str) -> str:
    """Return what renders, as timings name it: the GPU, or the processor with its usable cores."""
    gpu = _gpu_name(device)
    if gpu is not None:
        return gpu
    count = _cores()
    return f"{_cpu_name()}, {count} {'core' if count == 1 else 'cores'}"


def peak_memory_mb() -> float:
    """Return the largest resident memory of this process so far, in MB."""
    status = Path("/proc/self/status")
    if status.is_file():
        # Unlike getrusage's, this starts anew with the program: not with what started it.
        for line in status.read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / (1 << 10)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _cores() -> int:
    """Return how many cores this process may keep busy."""
    # As a child of a run with several jobs has it.
    limit = os.environ.get("OMP_NUM_THREADS", "")
    return min(cores(), int(limit)) if limit.isdigit() and int(limit) else cores()


def _cpu_name() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _gpu_name(device: str) -> str | None:
    if device != "cuda":
        return None
    import torch

    return torch.cuda.get_device_name()


@cache
def _git_state() -> tuple[str | None, bool | None]:
    """Return commit and whether the checkout has changes; (None, None) when installed."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None, None
    try:
        commit = _git(root, "rev-parse", "HEAD")
        return commit, bool(_git(root, "status", "--porcelain", "--untracked-files=no"))
    except (OSError, subprocess.SubprocessError):
        return None, None


def _git(root: Path, *arguments: str) -> str:
    command = ["git", "-C", str(root), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)
    return done.stdout.strip()
