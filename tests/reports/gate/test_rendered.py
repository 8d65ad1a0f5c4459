"""Lips that go wrong, in frames of the synthetic head, measured as any method's frames are.

Landmarks take a face that a detector finds; `test_method.py` plants in a method itself.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tgbench.interfaces import MetricContext
from tgbench.metrics.suite import MetricSuite
from tgbench.reports.gate.baseline import read_baseline, write_baseline
from tgbench.reports.gate.calibrating import with_floors
from tgbench.reports.gate.results import read_results
from tgbench.running.metric_records import metric_records
from tgbench.statistics import as_series
from tgbench.synthetic import film
from tgbench.synthetic.studio import Studio

from .conftest import Gate, WriteCase

FRAMES = 60
SIZE = 128
METRICS = ("psnr", "ssim_face", "lmd", "aue_l_geometry")
UNSEEN = ("psnr", "ssim")
"""Need no face, so measuring them often costs little."""

Image = NDArray[np.uint8]
Soft = NDArray[np.float32]
Track = NDArray[np.float64]


def imitation(mouth: Callable[[Track], Track] = lambda track: track) -> list[Soft]:
    """Stands for a method: the same head, a little soft, whose mouth moves by what it is told."""
    studio = film("synth-a", SIZE, FRAMES / 25)
    act = studio.performance
    moved = {
        field.name: mouth(0.85 * getattr(act.mouth, field.name))
        for field in dataclasses.fields(act.mouth)
    }
    articulation = dataclasses.replace(act.mouth, **moved)
    studio.performance = dataclasses.replace(act, mouth=articulation)
    return [soft(studio.shoot(frame).image, 0.5) for frame in range(FRAMES)]


def soft(image: NDArray[np.generic], sigma: float) -> Soft:
    return cv2.GaussianBlur(image.astype(np.float32), (0, 0), sigma)


def grained(frames: Iterable[Soft], seed: int) -> Iterator[Image]:
    """What differs from run to run."""
    generator = np.random.default_rng(seed)
    for frame in frames:
        noisy = frame + generator.normal(0.0, 1.0, frame.shape)
        yield np.clip(np.round(noisy), 0, 255).astype(np.uint8)


def wrong_sign(track: Track) -> Track:
    """Each articulator moves the other way from its mean."""
    return np.clip(2.0 * track.mean() - track, 0.0, 1.0)


def two_frames_late(track: Track) -> Track:
    return np.concatenate([track[:1], track[:1], track[:-2]])


@pytest.fixture(scope="module")
def truth() -> list[Image]:
    studio: Studio = film("synth-a", SIZE, FRAMES / 25)
    return [studio.shoot(frame).image for frame in range(FRAMES)]


@pytest.fixture(scope="module")
def unchanged() -> list[Soft]:
    return imitation()


@pytest.fixture
def measure(truth: list[Image], write_case: WriteCase) -> Callable[..., Path]:
    def run(out: Path, frames: Iterable[Image], metrics: tuple[str, ...] = METRICS) -> Path:
        suite = MetricSuite(metrics, MetricContext(None, 25.0))
        for index, (prediction, target) in enumerate(zip(frames, truth, strict=True)):
            suite.update(index, prediction, target)
        table = suite.per_frame()
        records = metric_records(suite.results(), table)
        series = {name: as_series(values) for name, values in table.items() if name in records}
        write_case(out, series, edit=lambda result: result.model_copy(update={"metrics": records}))
        return out

    return run


@pytest.mark.slow
def test_planted_regressions_are_caught(
    gate: Gate, measure: Callable[..., Path], unchanged: list[Soft], tmp_path: Path
) -> None:
    pytest.importorskip("mediapipe", reason="MediaPipe is not installed")
    gate.update(measure(tmp_path / "before", grained(unchanged, 0)))
    for mouth in (wrong_sign, two_frames_late):
        code, printed = gate(measure(tmp_path / mouth.__name__, grained(imitation(mouth), 1)))
        assert code == 1, printed
        lines = printed.splitlines()
        caught = {line.split()[0] for line in lines if line.rstrip().endswith("regression")}
        assert {"LMD", "SSIM", "PSNR"} <= caught


@pytest.mark.slow
def test_no_false_alarm_over_twenty_repeats(
    gate: Gate, measure: Callable[..., Path], unchanged: list[Soft], tmp_path: Path
) -> None:
    """Not even where tolerances are 0, so that interval and noise floor stand alone."""
    runs = [measure(tmp_path / f"run{i}", grained(unchanged, i), UNSEEN) for i in range(26)]
    gate.update(runs[0], "--tolerance=psnr=0", "--tolerance=ssim=0")
    repeats = [read_results(run) for run in runs[1:6]]
    path = gate.baseline
    write_baseline(path, with_floors(read_baseline(path), repeats, range(1, 6), path))
    for run in runs[6:]:
        code, printed = gate(run)
        assert code == 0, printed
