"""Methods are rendered against the clock only as their specs allow."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tgbench import plugins
from tgbench.interfaces import TimedFrames
from tgbench.progress import SILENT
from tgbench.running.request import RunRequest
from tgbench.running.result import MetricRecord
from tgbench.running.runner import run
from tgbench.running.timing import timing_of
from tgbench.specs import MethodSpec, Timed

SPEEDS = ("fps", "fps_best", "fps_end_to_end")


class Measured:
    """Runs the example with another declaration, and counts how often it renders."""

    def __init__(self, patch: pytest.MonkeyPatch, identity: Path, out: Path) -> None:
        self._patch, self._identity, self._out = patch, identity, out
        self.renders = 0

    def __call__(self, timed: Timed, report: object = ...) -> dict[str, MetricRecord]:
        from average_frame_method import AverageFrame

        render = AverageFrame.render

        def counted(method, drive):  # type: ignore[no-untyped-def]
            self.renders += 1
            return render(method, drive)

        self._patch.setattr(AverageFrame, "render", counted)
        if report is not ...:
            self._patch.setattr(AverageFrame, "rendering_time", lambda _: report, raising=False)
        installed = plugins.methods()
        spec = dataclasses.replace(installed["average_frame"], timed=timed)
        self._patch.setattr(plugins, "methods", lambda: {**installed, spec.name: spec})
        request = RunRequest(
            ("average_frame",),
            ("self_reconstruction",),
            (str(self._identity),),
            out=self._out,
            metrics=SPEEDS,
        )
        (outcome,) = run(request, SILENT)
        return dict(outcome.result.metrics)


@pytest.fixture
def measured(
    tiny_identity: Path, tmp_path: Path, example_plugin: str, monkeypatch: pytest.MonkeyPatch
) -> Measured:
    return Measured(monkeypatch, tiny_identity, tmp_path)


def test_an_untimed_method_renders_once_and_has_no_speed(measured: Measured) -> None:
    found = measured(Timed.UNTIMED)
    assert measured.renders == 1
    for name in SPEEDS:
        assert found[name].value is None
        assert found[name].status == "unavailable"
        assert "average_frame" in found[name].reason


def test_a_method_that_reports_its_speed_is_taken_at_its_word(measured: Measured) -> None:
    report = TimedFrames(1, (np.array([0.1, 0.3]), np.array([0.2, 0.2])))
    found = measured(Timed.SELF_REPORTED, report)
    assert measured.renders == 1
    assert found["fps"].value == pytest.approx(4 / 0.8)
    assert found["fps_best"].value == pytest.approx(4 / 0.8)
    assert "own report" in found["fps"].measured_by
    assert found["fps_end_to_end"].value is None


def test_a_report_of_many_frames_at_once_is_no_speed_of_one(measured: Measured) -> None:
    found = measured(Timed.SELF_REPORTED, TimedFrames(4, (np.array([0.5]),)))
    assert found["fps"].value is None
    assert "4 frames" in found["fps"].reason
    assert "fps_best" in found["fps"].reason
    assert found["fps_best"].value == pytest.approx(8.0)


def test_a_method_that_cannot_report_says_so() -> None:
    spec = MethodSpec("silent", "a method", "", timed=Timed.SELF_REPORTED)
    drive = SimpleNamespace(intrinsics=SimpleNamespace(width=4, height=4))
    timing = timing_of(object(), spec, drive, "cpu", None)  # type: ignore[arg-type]
    assert timing.rendering == ()
    assert "rendering_time" in timing.no_rendering


def test_without_a_report_there_is_no_speed(measured: Measured) -> None:
    found = measured(Timed.SELF_REPORTED, None)
    assert measured.renders == 1
    assert [found[name].value for name in SPEEDS] == [None, None, None]
    assert found["fps"].reason


def test_a_method_in_process_is_timed_by_rendering(measured: Measured) -> None:
    found = measured(Timed.IN_PROCESS)
    assert measured.renders > 1
    assert found["fps"].value is not None
