"""The comparison of benchmarks with committed figures, and fits that are looked at on the way."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from benchmarks import schedule_curve, schedule_plot
from benchmarks.compare import YARDSTICK, main
from tgbench.identities import Identity
from tgbench.interfaces import FitContext
from tgbench.methods.talkinggaussian.fitting import Fit
from tgbench.methods.talkinggaussian.spec import SPEC
from tgbench.progress import SILENT
from tgbench.running.settings import configure


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


def test_curves_are_drawn_with_their_numbers(tmp_path: Path) -> None:
    path = tmp_path / "curve.csv"
    path.write_text("iterations,psnr,ssim,lmd\n10000,30,0.9,4\n20000,31,0.95,2\n", "utf-8")
    with path.open() as stream:
        figure = schedule_plot.drawn({"256": list(csv.DictReader(stream))})
    lines = [list(axes.lines[0].get_ydata()) for axes in figure.axes]
    assert lines == [[30, 31], [0.9, 0.95], [4, 2]]
    assert list(figure.axes[0].lines[0].get_xdata()) == [10, 20]
    schedule_plot.main([str(tmp_path / "picture.svg"), f"256={path}"])
    assert "<svg" in (tmp_path / "picture.svg").read_text("utf-8")


@pytest.mark.slow
def test_a_fit_that_is_looked_at_on_the_way_is_the_same_fit(
    tiny_identity: Path, tmp_path: Path
) -> None:
    settings = {
        "schedule.audio_pretraining_iterations": "4",
        "schedule.static_iterations": "10",
        "schedule.motion_iterations": "20",
        "schedule.finetune_iterations": "4",
    }
    given = [f"{name}={value}" for name, value in settings.items()]
    watched = ["--preset", "quick", "--set", *given]
    schedule_curve.main([str(tmp_path / "watched"), str(tiny_identity), *watched])
    with (tmp_path / "watched" / "curve.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [int(row["iterations"]) for row in rows] == [*range(6, 61, 6), 64]
    assert float(rows[-1]["psnr"]) > float(rows[0]["psnr"])

    identity, config = Identity(tiny_identity), configure(SPEC, "quick", settings)
    alone = tmp_path / "alone"
    (alone / "work").mkdir(parents=True)
    context = FitContext(alone / "work", 0, "cpu", SILENT)
    branches, _ = Fit(config, identity, identity.split(), context).run()
    schedule_curve.Curve(alone, identity, config).look(branches, 64, 0.0)
    frames = sorted((alone / "at-000064").glob("*.png"))
    assert len(frames) == len(identity.split().test)
    for frame in frames:
        seen = tmp_path / "watched" / "at-000064" / frame.name
        assert seen.read_bytes() == frame.read_bytes()
