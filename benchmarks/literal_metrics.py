"""Image metrics as scripts of the field compute them: frame by frame, float by float.

The yardstick of `test_metrics.py`, written from the definitions; slow on purpose nowhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def psnr_and_ssim(prediction: Path, target: Path) -> tuple[float, float]:
    """Return those of two videos as OpenCV decodes them, whose colours are rounded otherwise."""
    return psnr_and_ssim_of(zip(_frames(prediction), _frames(target), strict=True))


def psnr_and_ssim_of(
    pairs: Iterable[tuple[NDArray[np.uint8], NDArray[np.uint8]]],
) -> tuple[float, float]:
    """Return the mean PSNR and SSIM, as 3D Gaussian Splatting defines it, of pairs of images."""
    ratios, similarities = [], []
    for pair in pairs:
        first, second = map(_as_tensor, pair)
        error = (first.numpy() - second.numpy()) ** 2
        ratios.append(-10.0 * np.log10(error.mean()))
        similarities.append(_ssim(first, second))
    return float(np.mean(ratios)), float(np.mean(similarities))


def _frames(video: Path) -> Iterator[NDArray[np.uint8]]:
    capture = cv2.VideoCapture(str(video))
    while True:
        found, frame = capture.read()
        if not found:
            return
        yield np.asarray(frame[..., ::-1], np.uint8)


def _as_tensor(frame: NDArray[np.uint8]) -> Tensor:
    rgb = frame.astype(np.float32) / 255.0
    return torch.FloatTensor(np.ascontiguousarray(rgb)).permute(2, 0, 1)[None].contiguous()


def _ssim(first: Tensor, second: Tensor) -> float:
    line = torch.tensor([np.exp(-((x - 5) ** 2) / (2 * 1.5**2)) for x in range(11)])
    line = (line / line.sum()).float()
    window = torch.outer(line, line).expand(3, 1, 11, 11).contiguous()

    def blur(image: Tensor) -> Tensor:
        return torch.nn.functional.conv2d(image, window, padding=5, groups=3)

    mean_a, mean_b = blur(first), blur(second)
    variance_a = blur(first * first) - mean_a.pow(2)
    variance_b = blur(second * second) - mean_b.pow(2)
    covariance = blur(first * second) - mean_a * mean_b
    luminance = (2 * mean_a * mean_b + 0.01**2) / (mean_a.pow(2) + mean_b.pow(2) + 0.01**2)
    contrast = (2 * covariance + 0.03**2) / (variance_a + variance_b + 0.03**2)
    return float((luminance * contrast).mean().item())
