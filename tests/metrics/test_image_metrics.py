from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from skimage.metrics import structural_similarity
from torchmetrics.functional.image import (
    peak_signal_noise_ratio,
    structural_similarity_index_measure,
)

from tgbench.errors import TgbenchError, Unavailable
from tgbench.interfaces import MetricContext, MetricOptions
from tgbench.metrics.frames import FaceFinders, LazyFrame
from tgbench.metrics.image.face_region import Box
from tgbench.metrics.image.psnr import Psnr, psnr
from tgbench.metrics.image.ssim import (
    GAUSSIAN,
    UNIFORM,
    SsimFace,
    SsimFaceGaussian,
    SsimFaceSkimage,
    SsimWhole,
    ssim,
    ssim_of_crops,
)
from tgbench.metrics.image.ssim_aligned import SsimFaceAligned, aligned_files

Image = NDArray[np.uint8]
Pair = tuple[Image, Image]
CONTEXT = MetricContext(audio=None, fps=25.0)
FACES = FaceFinders("mediapipe")


def random_image(seed: int, height: int, width: int) -> Image:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def splatting_ssim_map(first: Image, second: Image) -> NDArray[np.float64]:
    """The 3DGS recipe in float64 torch: five dense 2-D convolutions with zero padding."""
    position = np.arange(11) - 5
    line = np.exp(-(position**2) / (2 * 1.5**2))
    window = torch.tensor(np.outer(line, line) / line.sum() ** 2)[None, None]

    def blur(image: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.conv2d(image[:, None], window, padding=5)[:, 0]

    a, b = (torch.tensor(x.transpose(2, 0, 1) / 255.0) for x in (first, second))
    mu_a, mu_b = blur(a), blur(b)
    var_a, var_b = blur(a * a) - mu_a**2, blur(b * b) - mu_b**2
    covariance = blur(a * b) - mu_a * mu_b
    c1, c2 = 0.01**2, 0.03**2
    values = ((2 * mu_a * mu_b + c1) * (2 * covariance + c2)) / (
        (mu_a**2 + mu_b**2 + c1) * (var_a + var_b + c2)
    )
    return values.numpy().transpose(1, 2, 0)


@given(st.integers(0, 1000), st.integers(1, 40), st.integers(1, 40))
def test_psnr_is_the_formula_in_float64(seed: int, height: int, width: int) -> None:
    first, second = random_image(seed, height, width), random_image(seed + 1, height, width)
    error = ((first.astype(np.float64) - second.astype(np.float64)) ** 2).mean()
    assert psnr(first, second) == pytest.approx(10 * math.log10(255**2 / error), abs=1e-10)
    assert psnr(first, second) == psnr(second, first)


def test_psnr_agrees_with_torchmetrics(pair: Pair) -> None:
    tensors = [torch.tensor(image, dtype=torch.float64) for image in pair]
    expected = float(peak_signal_noise_ratio(*tensors, data_range=255.0))
    assert psnr(*pair) == pytest.approx(expected, abs=1e-6)


def test_psnr_is_exact_for_a_large_image() -> None:
    black = np.zeros((2000, 2000, 3), np.uint8)
    white = np.full_like(black, 255)
    assert psnr(black, white) == pytest.approx(0.0, abs=1e-12)


def test_psnr_is_the_mean_over_frames_and_counts_identical_ones(pair: Pair) -> None:
    prediction, target = pair
    metric = Psnr(CONTEXT)
    values = [
        metric.update(LazyFrame(0, prediction, target, FACES)),
        metric.update(LazyFrame(1, target, target, FACES)),
        metric.update(LazyFrame(2, np.zeros_like(target), target, FACES)),
    ]
    assert values[1] is None
    found = metric.compute()
    assert found.value == pytest.approx((values[0] + values[2]) / 2)
    assert (found.scored, found.total) == (2, 3)
    assert found.details["identical_frames"] == 1


def test_psnr_of_identical_clips_is_no_number(pair: Pair) -> None:
    metric = Psnr(CONTEXT)
    metric.update(LazyFrame(0, pair[1], pair[1], FACES))
    assert metric.compute().value is None
    assert "infinite" in metric.compute().reason


@pytest.mark.parametrize("measure", [psnr, ssim])
def test_images_that_cannot_be_compared_are_refused(measure) -> None:
    image = random_image(0, 20, 30)
    with pytest.raises(TgbenchError, match="30x20 and 20x30"):
        measure(image, random_image(1, 30, 20))
    with pytest.raises(TgbenchError, match="uint8 RGB"):
        measure(image[..., 0], image[..., 0])
    with pytest.raises(TgbenchError, match="float32"):
        measure(image.astype(np.float32), image)
    with pytest.raises(TgbenchError, match="target"):
        measure(image, np.dstack([image, image[..., :1]]))


def test_ssim_equals_the_splatting_code(pair: Pair) -> None:
    assert ssim(*pair) == pytest.approx(splatting_ssim_map(*pair).mean(), abs=1e-7)


@pytest.mark.parametrize(
    "box", [Box(20, 15, 80, 70), Box(0, 0, 30, 30), Box(3, 60, 110, 90), Box(50, 40, 51, 41)]
)
def test_ssim_in_a_box_is_the_whole_map_averaged_there(pair: Pair, box: Box) -> None:
    expected = splatting_ssim_map(*pair)[box.top : box.bottom, box.left : box.right].mean()
    assert ssim(*pair, box) == pytest.approx(expected, abs=2e-6)


def test_ssim_away_from_borders_equals_skimage(pair: Pair) -> None:
    _, values = structural_similarity(
        *pair,
        channel_axis=2,
        data_range=255,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        full=True,
    )
    assert ssim(*pair, Box(5, 5, 105, 85)) == pytest.approx(values[5:85, 5:105].mean(), abs=1e-5)


def test_ssim_of_identical_images_is_one(pair: Pair) -> None:
    assert ssim(pair[0], pair[0]) == pytest.approx(1.0, abs=1e-7)


class Fixed:
    """Landmarks that are always the same; none for an all-black image."""

    def __init__(self, points: NDArray[np.float32]) -> None:
        self.points = points

    def find(self, image: Image) -> NDArray[np.float32] | None:
        return self.points if image.any() else None

    def describe(self) -> str:
        return "fixed"


def test_ssim_face_takes_the_targets_box_for_both(pair: Pair) -> None:
    prediction, target = pair
    finder = Fixed(np.array([[30.2, 20.0], [71.5, 60.9]], np.float32))
    metric = SsimFace(CONTEXT)
    value = metric.update(LazyFrame(0, prediction, target, FaceFinders(finder)))
    assert value == ssim(prediction, target, Box(30, 20, 72, 61))
    assert (
        metric.update(LazyFrame(1, prediction, np.zeros_like(target), FaceFinders(finder))) is None
    )
    found = metric.compute()
    assert found.value == value
    assert (found.scored, found.total) == (1, 2)


def test_ssim_face_with_a_face_outside_the_image_is_unscored(pair: Pair) -> None:
    finder = Fixed(np.array([[200.0, 200.0], [220.0, 230.0]], np.float32))
    metric = SsimFace(CONTEXT)
    assert metric.update(LazyFrame(0, *pair, FaceFinders(finder))) is None
    assert metric.compute().value is None


def smooth_pair(seed: int, height: int, width: int) -> Pair:
    """A picture with structure, and a noisy copy."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    waves = [np.sin(x / rng.uniform(2, 20) + k) * np.cos(y / rng.uniform(2, 20)) for k in range(3)]
    first = np.clip(128 + 90 * np.stack(waves, axis=-1), 0, 255)
    second = np.clip(first + rng.normal(0, rng.uniform(0, 30), first.shape), 0, 255)
    return first.astype(np.uint8), second.astype(np.uint8)


@settings(max_examples=25)
@given(st.integers(0, 500), st.integers(11, 150), st.integers(11, 60))
def test_crops_equal_skimage(seed: int, height: int, width: int) -> None:
    pair = smooth_pair(seed, height, width)
    gaussian = structural_similarity(
        *pair, channel_axis=2, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )
    assert ssim_of_crops(*pair, GAUSSIAN) == pytest.approx(gaussian, abs=1e-5)
    defaults = structural_similarity(*pair, channel_axis=2)
    assert ssim_of_crops(*pair, UNIFORM) == pytest.approx(defaults, abs=1e-5)


@settings(max_examples=25)
@given(st.integers(0, 500), st.integers(1, 150), st.integers(1, 60))
def test_ssim_of_any_size_equals_the_splatting_code(seed: int, height: int, width: int) -> None:
    pair = smooth_pair(seed, height, width)
    expected = splatting_ssim_map(*pair).mean()
    assert ssim(*pair) == pytest.approx(expected, abs=1e-6)
    assert ssim(*pair) == pytest.approx(ssim(pair[1], pair[0]), abs=1e-6)


def test_gaussian_windows_equal_torchmetrics(pair: Pair) -> None:
    tensors = [torch.tensor(x.transpose(2, 0, 1)[None].astype(np.float64)) for x in pair]
    expected = structural_similarity_index_measure(*tensors, sigma=1.5, data_range=255.0)
    # torchmetrics mirrors the image at its border, where we look at no window that crosses it.
    mirrored = [cv2.copyMakeBorder(x, 5, 5, 5, 5, cv2.BORDER_REFLECT_101) for x in pair]
    assert ssim_of_crops(*mirrored, GAUSSIAN) == pytest.approx(float(expected), abs=1e-5)


def test_a_crop_smaller_than_the_window_is_refused() -> None:
    image = random_image(0, 10, 40)
    with pytest.raises(TgbenchError, match="40x10 pixels"):
        ssim_of_crops(image, image, GAUSSIAN)


@pytest.mark.parametrize(
    ("metric", "arguments"),
    [
        (SsimFaceGaussian, {"gaussian_weights": True, "use_sample_covariance": False}),
        (SsimFaceSkimage, {}),
    ],
)
def test_a_given_face_box_is_used_and_named(pair: Pair, metric, arguments) -> None:
    options = MetricOptions(face_box=(10, 20, 90, 80))
    measure = metric(MetricContext(audio=None, fps=25.0, options=options))
    value = measure.update(LazyFrame(0, *pair, FaceFinders("mediapipe")))
    crops = [image[20:80, 10:90] for image in pair]
    assert value == pytest.approx(
        structural_similarity(*crops, channel_axis=2, **arguments), abs=1e-5
    )
    assert "10,20,90,80" in measure.compute().measured_by


def test_each_meaning_of_ssim_says_what_it_is(pair: Pair) -> None:
    finder = FaceFinders(Fixed(np.array([[10.0, 10.0], [100.0, 80.0]], np.float32)))
    told = set()
    for kind in (SsimFace, SsimFaceGaussian, SsimFaceSkimage, SsimWhole):
        metric = kind(CONTEXT)
        metric.update(LazyFrame(0, *pair, finder))
        told.add((metric.spec.title, metric.compute().measured_by))
    assert len(told) == 4


def test_aligned_faces_are_matched_by_number(tmp_path: Path, pair: Pair) -> None:
    folders = tmp_path / "prediction", tmp_path / "target"
    for folder, image in zip(folders, pair, strict=True):
        folder.mkdir()
        for number in (1, 2, 4):
            cv2.imwrite(str(folder / f"frame_det_00_{number:06d}.bmp"), image[..., ::-1])
    (folders[0] / "frame_det_00_000002.bmp").unlink()
    (folders[1] / "frame_det_01_000001.bmp").write_bytes(b"a second face")
    context = MetricContext(None, 25.0, options=MetricOptions(aligned_faces=folders))
    metric = SsimFaceAligned(context)
    values = [metric.update(LazyFrame(index, *pair, FACES)) for index in range(4)]
    expected = structural_similarity(
        *pair, channel_axis=2, gaussian_weights=True, use_sample_covariance=False
    )
    assert values[1] is None
    assert values[2] is None
    assert values[0] == values[3] == pytest.approx(expected, abs=1e-5)


def test_folders_without_aligned_faces_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TgbenchError, match="simalign"):
        aligned_files(tmp_path)
    with pytest.raises(TgbenchError, match="no such folder"):
        aligned_files(tmp_path / "gone")
    with pytest.raises(Unavailable, match="--aligned-faces"):
        SsimFaceAligned(CONTEXT)
