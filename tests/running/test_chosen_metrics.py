from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from tgbench.errors import TgbenchError, Unavailable
from tgbench.interfaces import MetricContext
from tgbench.metrics.image.psnr import Psnr
from tgbench.progress import SILENT
from tgbench.running.request import RunRequest
from tgbench.running.result import read_result
from tgbench.running.runner import run


@pytest.fixture
def request_(tiny_identity: Path, tmp_path: Path, example_plugin: str) -> RunRequest:
    return RunRequest(
        methods=(example_plugin,),
        protocols=("self_reconstruction",),
        identities=(str(tiny_identity),),
        audio=(),
        preset="quick",
        out=tmp_path / "out",
        metrics=("ssim", "psnr"),
    )


def test_only_the_metrics_asked_for_are_measured_in_table_order(request_: RunRequest) -> None:
    (outcome,) = run(request_, SILENT)
    assert list(outcome.result.metrics) == ["psnr", "ssim"]


def test_one_more_metric_keeps_those_that_are_there_and_the_fit(request_: RunRequest) -> None:
    (first,) = run(request_, SILENT)
    (second,) = run(dataclasses.replace(request_, metrics=("lmd_face",)), SILENT)
    assert not second.reused
    assert list(second.result.metrics) == ["psnr", "ssim", "lmd_face"]
    assert second.result.metrics["psnr"] == first.result.metrics["psnr"]
    assert second.result.timing.training_seconds == first.result.timing.training_seconds
    (third,) = run(dataclasses.replace(request_, metrics=("ssim",)), SILENT)
    assert third.reused
    assert third.result == second.result


def test_what_was_missing_is_measured_once_it_is_there(
    request_: RunRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(metric: Psnr, context: MetricContext) -> None:
        raise Unavailable("no weights; fetch them")

    with monkeypatch.context() as patched:
        patched.setattr(Psnr, "__init__", missing)
        (first,) = run(request_, SILENT)
        (again,) = run(request_, SILENT)
    assert first.result.metrics["psnr"].reason == "no weights; fetch them"
    assert again.reused
    (second,) = run(request_, SILENT)
    assert not second.reused
    assert second.result.metrics["psnr"].value is not None
    assert second.result.timing.training_seconds == first.result.timing.training_seconds
    (third,) = run(request_, SILENT)
    assert third.reused


def test_another_detector_measures_again_and_keeps_the_fit(request_: RunRequest) -> None:
    (first,) = run(request_, SILENT)
    by_fan = dataclasses.replace(request_, metrics=("lmd",), landmarks="fan")
    (second,) = run(by_fan, SILENT)
    assert not second.reused
    assert list(second.result.metrics) == ["psnr", "ssim", "lmd"]
    assert second.result.timing.training_seconds == first.result.timing.training_seconds
    (third,) = run(by_fan, SILENT)
    assert third.reused


def test_numbers_that_cannot_be_had_any_more_are_not_lost(
    request_: RunRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(metric: Psnr, context: MetricContext) -> None:
        raise Unavailable("no weights; fetch them")

    (first,) = run(request_, SILENT)
    monkeypatch.setattr(Psnr, "__init__", missing)
    with pytest.raises(TgbenchError, match="holds psnr, which cannot be measured here now"):
        run(dataclasses.replace(request_, metrics=("lmd_face",)), SILENT)
    (again,) = run(request_, SILENT)
    assert again.reused
    assert again.result == first.result


def test_a_reason_of_yesterday_is_told_anew(request_: RunRequest) -> None:
    both = dataclasses.replace(request_, metrics=("psnr", "aue_l"))
    (first,) = run(both, SILENT)
    path = first.folder / "result.json"
    path.write_text(path.read_text().replace("OpenFace", "YesterdaysFace"))
    (second,) = run(both, SILENT)
    assert second.reused
    assert second.result == first.result == read_result(path)


def test_a_method_that_is_not_trained_is_measured_once(request_: RunRequest) -> None:
    # What lacks a value because of the method would be measured for ever.
    still = dataclasses.replace(request_, methods=("still",), metrics=("training_time", "psnr"))
    (first,) = run(still, SILENT)
    assert first.result.metrics["training_time"].status == "unavailable"
    (second,) = run(still, SILENT)
    assert second.reused


def test_an_unknown_metric_is_refused_before_anything_is_made(request_: RunRequest) -> None:
    with pytest.raises(TgbenchError, match="did you mean 'psnr'"):
        run(dataclasses.replace(request_, metrics=("pnsr",)), SILENT)
    assert not request_.out.exists()
