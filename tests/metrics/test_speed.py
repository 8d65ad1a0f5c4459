from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tgbench import plugins
from tgbench.interfaces import MetricContext, TimedFrames, Timing
from tgbench.metrics.speed.clock import (
    BestFramesPerSecond,
    EndToEndFramesPerSecond,
    FramesPerSecond,
    TrainingTime,
)

SINGLE = TimedFrames(1, (np.array([0.01] * 20), np.array([0.04] * 10)))
EIGHT = TimedFrames(8, (np.array([0.08]), np.array([0.12])))
FILE = TimedFrames(50, (np.array([1.0]), np.array([1.5])))
TIMING = Timing(90.0, (SINGLE, EIGHT), "by the clock", FILE)
NOTHING = Timing(None, (), "", None, "there is no codec")


def context(timing: Timing | None) -> MetricContext:
    return MetricContext(audio=None, fps=25.0, timing=timing)


def test_fps_is_frames_by_total_time_and_not_the_mean_rate() -> None:
    found = FramesPerSecond(context(TIMING)).compute()
    seconds = np.concatenate(SINGLE.repeats)
    assert found.value == pytest.approx(50.0)
    assert found.value != pytest.approx(np.mean(1 / seconds))
    assert found.details["median_ms"] == pytest.approx(10.0)
    assert found.details["p99_ms"] == pytest.approx(np.percentile(seconds, 99) * 1000)
    assert found.details["repeats"] == pytest.approx([100.0, 25.0])
    assert (found.scored, found.total) == (30, 30)


def test_the_best_batch_names_its_size_and_all_others() -> None:
    found = BestFramesPerSecond(context(TIMING)).compute()
    assert found.value == pytest.approx(80.0)
    assert found.details["batch"] == 8
    assert found.details["by_batch"] == pytest.approx({"1": 50.0, "8": 80.0})
    assert found.scored == 16
    assert found.details["requests"] == 2
    assert "p99_ms" not in found.details


def test_end_to_end_counts_the_frames_of_the_file() -> None:
    found = EndToEndFramesPerSecond(context(TIMING)).compute()
    assert found.value == pytest.approx(40.0)
    assert EndToEndFramesPerSecond(context(NOTHING)).compute().reason == "there is no codec"


def test_each_says_what_is_included_and_on_what_it_was_measured() -> None:
    kinds = (FramesPerSecond, BestFramesPerSecond, EndToEndFramesPerSecond)
    said = [kind(context(TIMING)).compute().measured_by for kind in kinds]
    assert len(set(said)) == 3
    assert all("by the clock" in words for words in said)
    assert all("encoding not included" in words for words in said[:2])
    assert "encoding (H.264" in said[2]


def test_training_time_is_in_minutes() -> None:
    assert TrainingTime(context(TIMING)).compute().value == pytest.approx(1.5)
    lost = TrainingTime(context(NOTHING)).compute()
    assert (lost.value, lost.reason) == (None, "how long training took is lost")
    never = TrainingTime(context(dataclasses.replace(NOTHING, trains=False))).compute()
    assert (never.value, never.reason) == (None, "the method is not trained")


@pytest.mark.parametrize("name", ["fps", "fps_best", "fps_end_to_end", "training_time"])
def test_merging_parts_changes_nothing_and_nothing_timed_has_no_value(name: str) -> None:
    kind = plugins.metrics()[name].load()
    assert kind.spec.name == name
    metric = kind(context(TIMING))
    before = metric.compute()
    metric.merge(kind(context(TIMING)))
    assert metric.compute() == before
    for timing in (None, NOTHING):
        found = kind(context(timing)).compute()
        assert found.value is None
        assert found.reason
