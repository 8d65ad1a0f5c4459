"""What this machine has: cores and free memory, within the limits that are set for this process."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

_GROUPS = Path("/sys/fs/cgroup")
_PROC = Path("/proc")
_KIB = 1 << 10


def cores() -> int:
    """Return how many cores this process may keep busy, as far as that is known."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    quotas = [quota for group in _groups("cpu") if (quota := _quota(group)) is not None]
    return max(1, int(min([float(usable or 1), *quotas])))


def free_memory_gb() -> float | None:
    """Return the main memory that can be had, in 10^9 bytes; None where that is not known.

    It is what the system has available, or less where a control group (a container, a batch
    system) limits this process.
    """
    found = []
    with suppress(OSError):
        for line in (_PROC / "meminfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("MemAvailable:"):
                found.append(int(line.split()[1]) * _KIB)
    for group in _groups("memory"):
        if (room := _room(group)) is not None:
            found.append(room)
    return min(found) / 1e9 if found else None


def resident_gb(processes: Iterable[int]) -> float:
    """Return the main memory that processes hold, in 10^9 bytes; what they share counts twice."""
    pages = 0
    for process in processes:
        with suppress(OSError, ValueError, IndexError):
            pages += int((_PROC / str(process) / "statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 1e9


def _groups(controller: str) -> Iterator[Path]:
    """Yield the folders of the control groups of this process, and of those above, inner first."""
    try:
        lines = (_PROC / "self" / "cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        root = _GROUPS / controller if controllers else _GROUPS
        inner = root / path.lstrip("/")
        for folder in (inner, *inner.parents):
            if folder.is_dir():
                yield folder
            if folder == root:
                break


def _quota(group: Path) -> float | None:
    """Return how many cores a group may keep busy; None: no limit."""
    with suppress(OSError, ValueError):
        quota, period = (group / "cpu.max").read_text(encoding="ascii").split()
        return None if quota == "max" else int(quota) / int(period)
    with suppress(OSError, ValueError):
        first = int((group / "cpu.cfs_quota_us").read_text(encoding="ascii"))
        return None if first < 0 else first / _number(group / "cpu.cfs_period_us")
    return None


def _room(group: Path) -> int | None:
    """Return how many more bytes a group may take; None: no limit."""
    for limit, usage in (
        ("memory.max", "memory.current"),
        ("memory.limit_in_bytes", "memory.usage_in_bytes"),
    ):
        with suppress(OSError, ValueError):
            return max(0, _number(group / limit) - _number(group / usage) + _cached(group))
    return None


def _cached(group: Path) -> int:
    """Return the bytes of files that are kept in memory only until it is wanted."""
    with suppress(OSError, ValueError):
        for line in (group / "memory.stat").read_text(encoding="ascii").splitlines():
            name, _, value = line.partition(" ")
            if name in ("inactive_file", "total_inactive_file"):
                return int(value)
    return 0


def _number(file: Path) -> int:
    return int(file.read_text(encoding="ascii"))
