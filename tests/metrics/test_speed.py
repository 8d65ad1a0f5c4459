from __future__ import annotations

import numpy as np
import pytest

from tgbench.errors import Unavailable
from tgbench.interfaces import MetricContext, Timing
from tgbench.metrics import specs
from tgbench.metrics.speed import FramesPerSecond, TrainingTime

SECONDS = np.array([0.01, 0.01, 0.04])


def context(training: float | None = 90.0, seconds: np.ndarray = SECONDS) -> MetricContext:
    return MetricContext(audio=None, fps=25.0, timing=Timing(training, seconds, "by the clock"))


def test_fps_is_frames_by_total_time_and_not_the_mean_rate() -> None:
    found = FramesPerSecond(context()).compute()
    assert found.value == pytest.approx(50.0)
    assert found.value != pytest.approx(np.mean(1 / SECONDS))
    assert found.measured_by == "by the clock"
    assert found.details["median_ms"] == pytest.approx(10.0)
    assert found.details["p99_ms"] == pytest.approx(np.percentile(SECONDS, 99) * 1000)


def test_training_time_is_in_minutes() -> None:
    assert TrainingTime(context()).compute().value == pytest.approx(1.5)


def test_what_was_not_timed_has_no_value() -> None:
    assert FramesPerSecond(context(seconds=np.array([]))).compute().value is None
    assert TrainingTime(context(training=None)).compute().reason == "the method is not trained"


@pytest.mark.parametrize("spec", [specs.AUE_L, specs.AUE_U, specs.SYNC_C, specs.SYNC_E])
def test_metrics_to_come_say_what_they_need(spec) -> None:
    metric = spec.load()
    assert metric.spec is spec
    with pytest.raises(Unavailable, match="needs"):
        metric(context())
