from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from tgbench.errors import TgbenchError
from tgbench.progress import SILENT
from tgbench.running.request import RunRequest
from tgbench.running.runner import run


@pytest.fixture
def request_(tiny_identity: Path, tmp_path: Path, example_plugin: str) -> RunRequest:
    return RunRequest(
        methods=(example_plugin,),
        protocol="self_reconstruction",
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


def test_metrics_do_not_hide_another_configuration(request_: RunRequest) -> None:
    run(request_, SILENT)
    other = dataclasses.replace(request_, metrics=("lmd",), overrides={"frames": "5"})
    with pytest.raises(TgbenchError, match="frames: 20 there, 5 asked for"):
        run(other, SILENT)


def test_an_unknown_metric_is_refused_before_anything_is_made(request_: RunRequest) -> None:
    with pytest.raises(TgbenchError, match="did you mean 'psnr'"):
        run(dataclasses.replace(request_, metrics=("pnsr",)), SILENT)
    assert not request_.out.exists()
