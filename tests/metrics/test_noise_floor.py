"""The floor beside a value: of the truth after a codec, whatever the prediction is."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tgbench.interfaces import MetricOptions
from tgbench.metrics.functional import measure
from tgbench.progress import SILENT
from tgbench.running.request import RunRequest
from tgbench.running.result import Result
from tgbench.running.runner import run

Clip = NDArray[np.uint8]
SIZE, FRAMES = 64, 70


@pytest.fixture(scope="module")
def clip() -> Clip:
    """A texture that goes by a pixel a frame: were frames mixed up, the error would be large."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 255, (SIZE // 4, (SIZE + FRAMES) // 4 + 1, 3), np.uint8)
    texture = coarse.repeat(4, axis=0).repeat(4, axis=1)
    return np.stack([texture[:, i : i + SIZE] for i in range(FRAMES)])


def by_ffmpeg(clip: Clip) -> Clip:
    """The clip after the program's libx264 at crf 23."""
    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{SIZE}x{SIZE}", "-r", "25", "-i", "-"]
    encode = ["ffmpeg", "-v", "error", *raw, "-crf", "23", "-pix_fmt", "yuv420p", "-f", "h264", "-"]
    decode = ["ffmpeg", "-v", "error", "-f", "h264", "-i", "-", "-f", "rawvideo"]
    coded = subprocess.run(encode, input=clip.tobytes(), check=True, capture_output=True).stdout
    shown = subprocess.run(
        [*decode, "-pix_fmt", "rgb24", "-"], input=coded, check=True, capture_output=True
    ).stdout
    return np.frombuffer(shown, np.uint8).reshape(clip.shape)


def test_the_floor_is_that_of_ffmpegs_own_encoding(clip: Clip) -> None:
    options = MetricOptions(floor=True)
    found = measure(clip // 2, clip, ["psnr", "ssim"], options=options)
    coded = measure(by_ffmpeg(clip), clip, ["psnr", "ssim"])
    assert found["psnr"].value == pytest.approx(measure(clip // 2, clip, "psnr")["psnr"].value)
    assert found["psnr"].details["floor"] == pytest.approx(coded["psnr"].value, abs=0.5)
    assert found["ssim"].details["floor"] == pytest.approx(coded["ssim"].value, abs=0.01)


def test_it_depends_on_the_truth_alone(clip: Clip) -> None:
    options = MetricOptions(floor=True)
    one, other = (
        measure(prediction, clip, "psnr", options=options)["psnr"].details["floor"]
        for prediction in (clip[::-1].copy(), clip // 3)
    )
    assert one == other


def test_without_a_truth_there_is_none(clip: Clip) -> None:
    found = measure(clip[:3], None, "psnr", options=MetricOptions(floor=True))["psnr"]
    assert "floor" not in found.details


def test_a_run_measures_it_where_it_is_missing(tiny_identity: Path, tmp_path: Path) -> None:
    def results(floor: bool) -> Result:
        request = RunRequest(
            methods=("still",),
            protocols=("self_reconstruction",),
            identities=(str(tiny_identity),),
            out=tmp_path / "out",
            metrics=("psnr",),
            floor=floor,
        )
        (outcome,) = run(request, SILENT)
        return outcome.result

    assert "floor" not in results(False).metrics["psnr"].details
    measured = results(True)
    assert measured.metrics["psnr"].details["floor"] > 20.0
    assert results(False).created == results(True).created == measured.created
