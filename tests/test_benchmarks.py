"""The comparison of benchmarks with committed figures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from benchmarks.compare import YARDSTICK, main


def write_run(path: Path, milliseconds: Mapping[str, float], yardstick: float) -> Path:
    each = [
        {"name": name, "group": "kernels", "stats": {"min": ms}}
        for name, ms in milliseconds.items()
    ]
    each.append({"name": "test_yardstick", "group": YARDSTICK, "stats": {"min": yardstick}})
    path.write_text(json.dumps({"benchmarks": each}), "utf-8")
    return path


def test_a_slow_machine_raises_no_alarm_and_a_slow_kernel_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = ["--kept", str(tmp_path / "ratios.json")]
    first = write_run(tmp_path / "first.json", {"grid": 4.0, "ssim": 2.0}, yardstick=1.0)
    assert main([str(first), *kept, "--accept"]) == 0
    slow = write_run(tmp_path / "slow.json", {"grid": 12.0, "ssim": 6.6}, yardstick=3.0)
    assert main([str(slow), *kept]) == 0
    worse = write_run(
        tmp_path / "worse.json", {"grid": 4.1, "ssim": 2.4, "new": 9.0}, yardstick=1.0
    )
    assert main([str(worse), *kept]) == 1
    out = capsys.readouterr().out
    assert "ssim: 20 % slower" in out
    assert "grid: " not in out
    assert "new" not in out


def test_a_run_without_the_yardstick_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text(json.dumps({"benchmarks": []}), "utf-8")
    with pytest.raises(ValueError, match="yardstick"):
        main([str(path)])
