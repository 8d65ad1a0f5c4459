"""Metrics of arrays: each against an independent computation and against its streaming class."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from numpy.typing import NDArray

from tgbench.audio import Waveform
from tgbench.errors import TgbenchError, Unavailable
from tgbench.faces import LandmarkDetector, ibug68
from tgbench.metrics import (
    Lmd,
    MetricContext,
    Psnr,
    PsnrFace,
    SsimWhole,
    frame_pairs,
    lip_agreement,
    lmd,
    measure,
    psnr,
    psnr_face,
    ssim,
)
from tgbench.synthetic import film

Frames = NDArray[np.uint8]


@pytest.fixture(scope="module")
def speech() -> Frames:
    studio = film("synth-a", 256)
    return np.stack([studio.shoot(frame).image for frame in (0, 4, 8)])


@pytest.fixture(scope="module")
def noise() -> tuple[Frames, Frames]:
    rng = np.random.default_rng(0)
    target = rng.integers(0, 256, (3, 40, 48, 3))
    prediction = np.clip(target + rng.normal(0, 12, target.shape), 0, 255)
    return prediction.astype(np.uint8), target.astype(np.uint8)


def streamed(metric: object, prediction: Frames, target: Frames) -> float:
    for frame in frame_pairs(prediction, target):
        metric.update(frame)  # type: ignore[attr-defined]
    return metric.compute().value  # type: ignore[attr-defined]


def gaussian_ssim(first: Frames, second: Frames) -> float:
    """The 3DGS code's in plain NumPy: weights of 11 x 11 pixels, zeros outside the image."""
    line = np.exp(-((np.arange(11) - 5.0) ** 2) / (2 * 1.5**2))
    weights = np.outer(line, line) / line.sum() ** 2

    def mean(image: NDArray[np.float64]) -> NDArray[np.float64]:
        padded = np.pad(image, ((5, 5), (5, 5), (0, 0)))
        height, width, _ = image.shape
        shifted = (
            weights[y, x] * padded[y : y + height, x : x + width]
            for y in range(11)
            for x in range(11)
        )
        return sum(shifted, np.zeros_like(image))

    x, y = first.astype(np.float64), second.astype(np.float64)
    mx, my = mean(x), mean(y)
    vx, vy, cov = mean(x * x) - mx**2, mean(y * y) - my**2, mean(x * y) - mx * my
    c1, c2 = 2.55**2, 7.65**2
    found = (2 * mx * my + c1) * (2 * cov + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))
    return float(found.mean())


def mean_psnr(prediction: Frames, target: Frames) -> float:
    error = (prediction.astype(np.float64) - target) ** 2
    return float(np.mean(10 * np.log10(255**2 / error.mean(axis=(1, 2, 3)))))


def test_psnr(noise: tuple[Frames, Frames]) -> None:
    assert psnr(*noise) == pytest.approx(mean_psnr(*noise), rel=1e-12)
    assert psnr(*noise) == streamed(Psnr(MetricContext()), *noise)
    assert psnr(iter(noise[0]), list(noise[1])) == psnr(*noise), "any iterable of images"


def test_psnr_in_a_box(noise: tuple[Frames, Frames]) -> None:
    cut = [frames[:, 8:30, 5:41] for frames in noise]
    assert psnr_face(*noise, face_box=(5, 8, 41, 30)) == pytest.approx(mean_psnr(*cut), rel=1e-12)


def test_ssim(noise: tuple[Frames, Frames]) -> None:
    expected = np.mean([gaussian_ssim(*pair) for pair in zip(*noise, strict=True)])
    assert ssim(*noise) == pytest.approx(expected, abs=1e-5)
    assert ssim(*noise) == streamed(SsimWhole(MetricContext()), *noise)


def test_lmd(speech: Frames) -> None:
    with LandmarkDetector() as detector:
        faces = [ibug68(detector.detect(frame))[:, :2] for frame in speech]
    mouths = [face[48:68] - face[48:68].mean(axis=0) for face in faces]
    pairs = list(zip(mouths[::-1], mouths, strict=True))
    expected = np.mean([np.hypot(*(first - second).T).mean() for first, second in pairs])
    assert expected > 0.5
    assert lmd(speech[::-1], speech) == pytest.approx(expected, rel=1e-5)
    assert lmd(speech[::-1], speech) == streamed(Lmd(MetricContext()), speech[::-1], speech)


def test_psnr_of_the_face_found_by_landmarks(speech: Frames) -> None:
    found = psnr_face(speech[::-1][:1], speech[:1])
    assert found == streamed(PsnrFace(MetricContext()), speech[::-1][:1], speech[:1])
    assert found != psnr(speech[::-1][:1], speech[:1])


def test_several_are_measured_in_one_pass(noise: tuple[Frames, Frames]) -> None:
    found = measure(*noise, ["ssim", "psnr", "lip_agreement"])
    assert list(found) == ["ssim", "psnr", "lip_agreement"]
    assert found["psnr"].value == psnr(*noise)
    assert found["psnr"].scored == 3
    assert "sound" in found["lip_agreement"].reason


@pytest.mark.parametrize(
    ("prediction", "target", "said"),
    [
        (np.zeros((2, 8, 8, 3), np.uint8), np.zeros((3, 8, 8, 3), np.uint8), "has 2 frames"),
        (np.zeros((3, 8, 8, 3), np.uint8), np.zeros((2, 8, 8, 3), np.uint8), "has 2 frames"),
        (np.zeros((1, 8, 8, 3), np.uint8), np.zeros((1, 8, 9, 3), np.uint8), "never resized"),
        (np.zeros((8, 8, 3), np.uint8), np.zeros((8, 8, 3), np.uint8), r"\[T, H, W, 3\]"),
        (np.zeros((1, 8, 8, 3)), np.zeros((1, 8, 8, 3)), "float64"),
    ],
)
def test_clips_that_cannot_be_compared_are_refused(
    prediction: Frames, target: Frames, said: str
) -> None:
    with pytest.raises(TgbenchError, match=said):
        psnr(prediction, target)


def test_what_has_no_value_says_why(noise: tuple[Frames, Frames]) -> None:
    with pytest.raises(Unavailable, match="equals its target"):
        psnr(noise[0], noise[0])
    with pytest.raises(Unavailable, match="lip_agreement: "):
        lip_agreement(noise[0], Waveform(np.zeros(1920, np.float32), 16000))
    with pytest.raises(TgbenchError, match="did you mean 'psnr'"):
        measure(*noise, "psnrr")


def test_importing_the_package_loads_no_numerical_library() -> None:
    code = (
        "import sys, tgbench.metrics as m; "
        "print({'numpy', 'torch', 'cv2'} & set(sys.modules)); "
        "print(m.psnr.__module__, set(m.__all__) <= set(dir(m)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["set()", "tgbench.metrics.functional True"]


def test_every_public_name_is_there() -> None:
    from tgbench import metrics

    assert all(callable(getattr(metrics, name)) for name in metrics.__all__)
