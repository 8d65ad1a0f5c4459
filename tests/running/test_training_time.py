"""Seconds of training: every stage of it, what was done before a stop too, and no loading."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tgbench.identities import Identity, Split
from tgbench.interfaces import Drive, FitContext, FitReport, Image, MetricContext, Timing
from tgbench.metrics.speed.clock import TrainingTime
from tgbench.progress import SILENT
from tgbench.running.fitting import Fitting, fit
from tgbench.running.method_config import MethodConfig
from tgbench.specs import MethodSpec

LOADING, STAGES = 1000.0, {"first": (10, 1.0), "second": (5, 2.0)}
"""Seconds of loading; iterations of each stage and their seconds."""


class World:
    """What outlives a process: the clock, and when the power fails."""

    now = 0.0
    power_fails_at: float | None = None


@dataclass(frozen=True)
class NoSettings:
    """A method without any."""


class TwoStages:
    """Trains in two stages, keeps a checkpoint after each iteration, and can be stopped."""

    def __init__(self, config: object) -> None:
        self._config = config

    def fit(self, identity: Identity, split: Split, context: FitContext) -> FitReport:
        World.now += LOADING
        path = context.workdir / "checkpoint.json"
        seconds, done = 0.0, dict.fromkeys(STAGES, 0)
        if path.is_file():
            kept = json.loads(path.read_text())
            seconds, done = kept["seconds"], kept["done"]
        for stage, (iterations, each) in STAGES.items():
            while done[stage] < iterations:
                started = World.now
                World.now += each
                if World.power_fails_at is not None and World.now > World.power_fails_at:
                    raise KeyboardInterrupt
                seconds, done[stage] = seconds + World.now - started, done[stage] + 1
                path.write_text(json.dumps({"seconds": seconds, "done": done}))
        return FitReport(seconds, done)

    def render(self, drive: Drive) -> Iterator[Image]:
        yield from ()

    def save(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)

    def load(self, folder: Path, identity: Identity, split: Split, device: str) -> None:
        World.now += LOADING


def fitting(identity: Path, out: Path) -> Fitting:
    found = Identity(identity)
    spec = MethodSpec("two_stages", "a method", f"{__name__}:TwoStages")
    method_config = MethodConfig(spec, NoSettings(), "quick")
    return Fitting(method_config, found, "hash", found.split(), 0, "cpu", out)


def test_a_fit_stopped_and_resumed_counts_as_one_never_stopped(
    tiny_identity: Path, tmp_path: Path
) -> None:
    World.now, World.power_fails_at = 0.0, None
    _, whole = fit(fitting(tiny_identity, tmp_path / "whole"), SILENT)
    assert whole.seconds == 10 * 1.0 + 5 * 2.0
    stopped = fitting(tiny_identity, tmp_path / "stopped")
    for power in (4.5, 14.0):
        World.now, World.power_fails_at = 0.0, LOADING + power
        with pytest.raises(KeyboardInterrupt):
            fit(stopped, SILENT)
    World.power_fails_at = None
    _, resumed = fit(stopped, SILENT)
    _, loaded = fit(stopped, SILENT)
    for report in (resumed, loaded):
        assert report.seconds == pytest.approx(whole.seconds)
        assert dict(report.iterations) == {"first": 10, "second": 5}
    timing = Timing(loaded.seconds, (), "")
    found = TrainingTime(MetricContext(audio=None, fps=25.0, timing=timing)).compute()
    assert found.value == pytest.approx(20.0 / 60.0)
