"""Metrics of other libraries: the library's own numbers, frame by frame."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tgbench import plugins
from tgbench.errors import TgbenchError, Unavailable
from tgbench.interfaces import MetricContext
from tgbench.metrics.libraries.naming import read_name
from tgbench.metrics.naming import metric_named, metrics_named
from tgbench.specs import Direction, Needs, Region

from .faces import face

Image = NDArray[np.uint8]

PSNR = "torchmetrics:PeakSignalNoiseRatio"
MS_SSIM = "torchmetrics:MultiScaleStructuralSimilarityIndexMeasure"


@pytest.fixture
def frames(pair: tuple[Image, Image]) -> list[tuple[Image, Image]]:
    """Two pairs of frames that differ by unlike amounts."""
    prediction, target = pair
    return [
        (prediction, target),
        (np.asarray((prediction + target.astype(int)) // 2, np.uint8), target),
    ]


def scored(name: str, frames: list[tuple[Image, Image]], **views: object):
    metric = plugins.metrics()[name].load()(MetricContext())
    values = [
        metric.update(SimpleNamespace(prediction=prediction, target=target, **views))
        for prediction, target in frames
    ]
    return values, metric.compute()


def test_values_are_those_of_the_library(frames: list[tuple[Image, Image]]) -> None:
    from torchmetrics import __version__
    from torchmetrics.functional.image import peak_signal_noise_ratio

    values, found = scored(PSNR, frames)
    tensors = [[torch.from_numpy(each) / 255.0 for each in pair] for pair in frames]
    expected = [float(peak_signal_noise_ratio(*each, data_range=1.0)) for each in tensors]
    assert values == pytest.approx(expected, abs=1e-4)
    assert found.value == pytest.approx(np.mean(expected), abs=1e-4)
    assert found.measured_by.startswith(f"torchmetrics {__version__} PeakSignalNoiseRatio, ")
    base, _ = scored(f"{PSNR}(base=100.0)", frames)
    assert base == pytest.approx(np.array(expected) / 2, abs=1e-4), "arguments reach the class"


def test_what_a_class_says_of_itself_is_declared() -> None:
    ssim = plugins.metrics()["torchmetrics:StructuralSimilarityIndexMeasure"]
    assert (ssim.direction, ssim.bounds) == (Direction.HIGHER, (0.0, 1.0))
    assert ssim.needs == {Needs.TARGET}
    total = plugins.metrics()["torchmetrics:TotalVariation"]
    assert (total.direction, total.needs) == (Direction.LOWER, frozenset())
    mouth = plugins.metrics()["torchmetrics:TotalVariation@mouth"]
    assert mouth.region is Region.MOUTH
    assert mouth.needs == {Needs.TARGET, Needs.LANDMARKS}


def test_a_part_is_cut_out(pair: tuple[Image, Image]) -> None:
    prediction, target = pair
    marks = face()[:, :] * 0.5
    inside = target.copy()
    left, top = np.floor(marks[48:68].min(axis=0)).astype(int)
    inside[top + 2, left + 2] ^= 64
    outside = target.copy()
    outside[-1, -1] ^= 64
    views = {"target_landmarks": marks}
    changed, _ = scored(f"{PSNR}@mouth", [(inside, target), (outside, target)], **views)
    assert changed[0] is not None
    assert np.isfinite(changed[0])
    assert np.isinf(changed[1] or 0.0)
    faceless, found = scored(f"{PSNR}@face", [(prediction, target)], target_landmarks=None)
    assert faceless == [None]
    assert found.value is None


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        (PSNR, PSNR),
        (f"{PSNR}( base = 2.0,data_range=1.0 )", f"{PSNR}(base=2.0, data_range=1.0)"),
        ("torchmetrics:TotalVariation@face", "torchmetrics:TotalVariation@face"),
    ],
)
def test_spellings_are_one_name(typed: str, name: str) -> None:
    assert metric_named(typed) == name
    assert read_name(name).name == name
    assert metrics_named(["psnr,", *typed.split(), "lmd"]) == ("psnr", name, "lmd")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("torchmetrics:PeakSignalNoiseRation", "PeakSignalNoiseRatio"),
        ("torchmetrics:MemorizationInformedFrechetInceptionDistance", "imgs, real"),
        (f"{PSNR}(peak=1)", "data_range"),
        (f"{PSNR}(__import__('os'))", "NAME=VALUE"),
        (f"{PSNR}(base=open('x'))", "NAME=VALUE"),
        (f"{PSNR}(**{{}})", "NAME=VALUE"),
        (f"{PSNR}@nose", "@mouth"),
        ("torchmetrics:os.path", "torchmetrics"),
        ("elsewhere:Psnr", "torchmetrics"),
    ],
)
def test_a_wrong_name_says_what_is_wrong(typed: str, said: str) -> None:
    with pytest.raises(TgbenchError, match=said):
        metric_named(typed)
    assert typed not in plugins.metrics()
    assert plugins.metrics().get(typed) is None


def test_without_the_library_its_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    plugins.library_metric.cache_clear()
    monkeypatch.setitem(sys.modules, "torchmetrics", None)
    with pytest.raises(TgbenchError, match=r"\[torchmetrics\]"):
        metric_named(PSNR)
    monkeypatch.setitem(sys.modules, "pyiqa", None)
    with pytest.raises(TgbenchError, match=r"\[pyiqa\]"):
        metric_named("pyiqa:musiq")


def test_what_the_library_refuses_is_a_status() -> None:
    spec = plugins.metrics()[f"{MS_SSIM}(betas=1)"]
    with pytest.raises(Unavailable, match="betas"):
        spec.load()(MetricContext())


@pytest.fixture
def pyiqa(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in with the interface of pyiqa 0.1.16: it is large, and its weights are fetched."""
    package, configs = ModuleType("pyiqa"), ModuleType("pyiqa.default_model_configs")
    vars(configs)["DEFAULT_CONFIGS"] = {
        "mad": {"metric_mode": "FR", "lower_better": True},
        "mean": {"metric_mode": "NR"},
    }

    def create_metric(name: str, device: str, scale: float = 1.0):
        one = {"mad": lambda a, b: (a - b).abs().mean(), "mean": lambda a: a.mean()}[name]
        return lambda *images: scale * one(*images)[None]

    vars(package).update(__version__="0.1.16", create_metric=create_metric)
    monkeypatch.setitem(sys.modules, "pyiqa", package)
    monkeypatch.setitem(sys.modules, "pyiqa.default_model_configs", configs)
    plugins.library_metric.cache_clear()


@pytest.mark.usefixtures("pyiqa")
def test_pyiqa_is_asked_for_the_prediction_beside_the_target(
    frames: list[tuple[Image, Image]],
) -> None:
    values, found = scored("pyiqa:mad(scale=2.0)", frames)
    expected = [2 * np.abs(a / 255.0 - b / 255.0).mean() for a, b in frames]
    assert values == pytest.approx(expected, rel=1e-4)
    assert found.measured_by.startswith("pyiqa 0.1.16 mad(scale=2.0)")
    assert plugins.metrics()["pyiqa:mad"].direction is Direction.LOWER
    (first, _), _ = scored("pyiqa:mean", frames)
    assert first == pytest.approx(frames[0][0].mean() / 255.0, rel=1e-4)
    assert plugins.metrics()["pyiqa:mean"].needs == frozenset()
    with pytest.raises(TgbenchError, match="mean"):
        metric_named("pyiqa:mea")


def test_arguments_may_come_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "arguments.toml"
    path.write_text("kernel_size = 7\nbetas = [0.5, 0.5]\n")
    inline = f"{MS_SSIM}(kernel_size=7, betas=(0.5, 0.5))"
    assert plugins.library_metric(f"{MS_SSIM}({path})").name == plugins.library_metric(inline).name
    path.write_text("kernel_size = ")
    with pytest.raises(TgbenchError, match=r"arguments\.toml"):
        read_name(f"{MS_SSIM}({path})")
