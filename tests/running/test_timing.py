"""By a clock that methods and backdrops move themselves, so that every rate is exact."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tgbench.audio import Waveform
from tgbench.identities import ActionUnits, Intrinsics
from tgbench.interfaces import Drive, Image, Method, TimedFrames
from tgbench.metrics.speed.clock import frames_per_second
from tgbench.progress import SILENT
from tgbench.running import timing, timing_apart
from tgbench.running.request import RunRequest
from tgbench.running.runner import run
from tgbench.running.timing import STRETCH, time_method

SIZE = 16


class Clock:
    """Seconds that pass only when someone lets them."""

    def __init__(self) -> None:
        self.now = 1000.0

    def perf_counter(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(timing, "time", SimpleNamespace(perf_counter=clock.perf_counter))
    return clock


class SlowDisk:
    """Backdrops that take a second each to read."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.reads: list[int] = []

    def torso_over_background(self, frame: int) -> Image:
        self._clock.now += 1.0
        self.reads.append(frame)
        return np.zeros((SIZE, SIZE, 3), np.uint8)


class Clocked:
    """A method that takes known times; the first request takes longer, as compiling does."""

    def __init__(self, clock: Clock, setup: float, frame: float, compiling: float = 0.0) -> None:
        self._clock, self._setup, self._frame, self._compiling = clock, setup, frame, compiling
        self.requests: list[int] = []

    def render(self, drive: Drive) -> Iterator[Image]:
        self.requests.append(len(drive))
        assert len(drive.audio.samples) == 640 * len(drive)
        assert all(len(row) == len(drive) for row in drive.action_units.values.values())
        self._clock.now += self._setup + self._compiling
        self._compiling = 0.0
        for index in range(len(drive)):
            self._clock.now += self._frame
            yield drive.background(index)


def drive(frames: int, clock: Clock, channels: int = 32) -> Drive:
    return Drive(
        intrinsics=Intrinsics(focal=20.0, cx=SIZE / 2, cy=SIZE / 2, width=SIZE, height=SIZE),
        poses=np.tile(np.eye(4, dtype=np.float32), (frames, 1, 1)),
        action_units=ActionUnits({"AU01": np.arange(frames, dtype=np.float32)}, "drawn"),
        audio=Waveform(np.arange(640 * frames, dtype=np.float32) % 7 / 100),
        features=np.zeros((frames, 16, channels), np.float32),
        feature_index=np.arange(frames),
        source_frames=np.arange(frames) % 30,
        backdrop=SlowDisk(clock),
    )


def times(method: object, asked: Drive) -> timing.Timing:
    assert isinstance(method, Clocked)
    stand_in: Method = method  # type: ignore[assignment]
    return time_method(stand_in, asked, "cpu", 12.0)


def test_each_size_of_request_gets_exactly_its_rate(clock: Clock) -> None:
    """Set-up s and c a frame make b frames in s + b c seconds; disk and compiling do not count."""
    setup, frame = 0.004, 0.001
    found = times(Clocked(clock, setup, frame, compiling=9.0), drive(250, clock))
    assert [series.batch for series in found.rendering] == [1, 8, 32, STRETCH]
    for series in found.rendering:
        expected = series.batch / (setup + series.batch * frame)
        assert frames_per_second(series) == pytest.approx(expected)
        assert len(series.repeats) == timing.REPEATS
        np.testing.assert_allclose(np.concatenate(series.repeats), setup + series.batch * frame)
    assert found.end_to_end is not None
    assert found.end_to_end.seconds > 0
    assert found.training_seconds == 12.0
    assert "16x16" in found.protocol
    assert "core" in found.protocol


def test_the_method_is_asked_for_whole_requests_of_one_stretch(clock: Clock) -> None:
    asked = drive(250, clock)
    method = Clocked(clock, 0.001, 0.0005)
    times(method, asked)
    assert set(method.requests) <= {1, 8, 32, STRETCH}
    backdrop = asked.backdrop
    assert isinstance(backdrop, SlowDisk)
    assert sorted(backdrop.reads) == list(range(30))


def test_a_drive_shorter_than_a_batch_is_taken_as_it_is(clock: Clock) -> None:
    found = times(Clocked(clock, 0.001, 0.001), drive(4, clock))
    assert [series.batch for series in found.rendering] == [1, 4]
    assert found.rendering[0].frames > 100


def test_a_slow_method_is_timed_in_bounded_time(clock: Clock) -> None:
    """One frame a second: a few frames, no large batches."""
    method = Clocked(clock, 0.0, 1.0)
    found = times(method, drive(250, clock))
    assert [series.batch for series in found.rendering] == [1]
    assert frames_per_second(found.rendering[0]) == pytest.approx(1.0)
    assert found.end_to_end is not None
    assert found.end_to_end.batch == 1
    assert sum(method.requests) <= 8
    glacial = Clocked(clock, 0.0, 100.0)
    times(glacial, drive(4, clock))
    assert sum(glacial.requests) <= 4


def test_features_that_are_not_computed_here_leave_end_to_end_out(clock: Clock) -> None:
    read = dataclasses.replace(drive(40, clock, channels=29), encoder="deepspeech")
    found = times(Clocked(clock, 0.001, 0.001), read)
    assert found.end_to_end is None
    assert "aud_ds.npy" in found.no_end_to_end
    assert found.rendering


def test_a_part_of_a_drive_is_a_drive_of_those_frames(clock: Clock) -> None:
    whole = drive(40, clock)
    part = whole.part(10, 15)
    assert len(part) == 5
    np.testing.assert_array_equal(part.source_frames, [10, 11, 12, 13, 14])
    np.testing.assert_array_equal(part.action_units.values["AU01"], np.arange(10, 15))
    np.testing.assert_array_equal(part.feature_index, np.arange(10, 15))
    np.testing.assert_array_equal(part.audio.samples, whole.audio.samples[6400:9600])
    assert part.features is whole.features


def test_the_rate_is_of_all_repeats_together() -> None:
    timed = TimedFrames(2, (np.array([0.1, 0.3]), np.array([0.2])))
    assert timed.frames == 6
    assert frames_per_second(timed) == pytest.approx(10.0)


def test_nothing_is_timed_that_no_metric_asks_for(
    tiny_identity: Path, tmp_path: Path, example_plugin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    timed = []
    monkeypatch.setattr(
        timing_apart, "timing_of", lambda *of: timed.append(of) or timing.Timing(1.0, (), "stub")
    )
    request = RunRequest(
        methods=(example_plugin,),
        protocols=("self_reconstruction",),
        identities=(str(tiny_identity),),
        audio=(),
        preset="quick",
        metrics=("psnr", "training_time"),
        out=tmp_path / "a",
    )
    (outcome,) = run(request, SILENT)
    assert not timed
    assert outcome.result.metrics["training_time"].value is not None
    run(dataclasses.replace(request, metrics=("fps",), out=tmp_path / "b"), SILENT)
    assert len(timed) == 1
