"""Cores and memory within the limits of control groups, as Linux shows them."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tgbench import machine


class Files:
    """A /proc and a /sys/fs/cgroup of a test's own."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def __setitem__(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    monkeypatch.setattr(machine, "_PROC", tmp_path / "proc")
    monkeypatch.setattr(machine, "_GROUPS", tmp_path / "groups")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)))
    found = Files(tmp_path)
    found["proc/meminfo"] = "MemTotal: 64000000 kB\nMemAvailable:   20000000 kB\n"
    return found


def test_without_limits_the_system_counts(files: Files) -> None:
    files["proc/self/cgroup"] = "0::/\n"
    files["groups/cpu.max"] = "max 100000\n"
    assert machine.cores() == 16
    assert machine.free_memory_gb() == pytest.approx(20.48)


def test_limits_of_a_container_count_and_cached_files_do_not(files: Files) -> None:
    files["proc/self/cgroup"] = "0::/batch/job\n"
    files["groups/batch/job/memory.max"] = "8000000000\n"
    files["groups/batch/job/memory.current"] = "6000000000\n"
    files["groups/batch/job/memory.stat"] = "anon 5\ninactive_file 1000000000\n"
    files["groups/batch/job/cpu.max"] = "400000 100000\n"
    assert machine.free_memory_gb() == pytest.approx(3.0)
    assert machine.cores() == 4


def test_a_group_above_limits_those_in_it(files: Files) -> None:
    files["proc/self/cgroup"] = "0::/batch/job\n"
    files["groups/batch/job/memory.max"] = "max\n"
    files["groups/batch/memory.max"] = "2000000000\n"
    files["groups/batch/memory.current"] = "500000000\n"
    assert machine.free_memory_gb() == pytest.approx(1.5)


def test_the_first_version_of_control_groups(files: Files) -> None:
    files["proc/self/cgroup"] = "9:cpu,cpuacct:/a\n4:memory:/a\n1:name=systemd:/\n"
    files["groups/memory/a/memory.limit_in_bytes"] = "3000000000\n"
    files["groups/memory/a/memory.usage_in_bytes"] = "1000000000\n"
    files["groups/cpu/a/cpu.cfs_quota_us"] = "250000\n"
    files["groups/cpu/a/cpu.cfs_period_us"] = "100000\n"
    assert machine.free_memory_gb() == pytest.approx(2.0)
    assert machine.cores() == 2


def test_where_nothing_is_known_nothing_is_said(files: Files) -> None:
    (files.root / "proc" / "meminfo").unlink()
    assert machine.free_memory_gb() is None
    assert machine.cores() == 16


def test_no_other_module_counts_cores() -> None:
    """One that did would not know the limits of a container."""
    root = Path(__file__).parents[1]
    rooms = ("tgbench", "methods", "protocols", "reports", "baselines")
    counted = {
        path.relative_to(root).as_posix()
        for room in rooms
        for path in (root / room).rglob("*.py")
        if re.search(r"sched_getaffinity|cpu_count\(", path.read_text(encoding="utf-8"))
    }
    assert counted == {"tgbench/machine.py"}
