"""Image metrics as scripts of the field compute them: frame by frame, float by float.

The yardstick of `test_metrics.py`, written from the definitions; slow on purpose nowhere.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def psnr_and_ssim(prediction: Path, target: Path) -> tuple[float, float]:
    """Return PSNR and the SSIM of 3D Gaussian Splatting, each a mean over the shorter video."""
    captures = [cv2.VideoCapture(str(path)) for path in (prediction, target)]
    ratios, similarities = [], []
    while True:
        pairs = [capture.read() for capture in captures]
        if not all(found for found, _ in pairs):
            return float(np.mean(ratios)), float(np.mean(similarities))
        first, second = (_as_tensor(frame) for _, frame in pairs)
        error = (first.numpy() - second.numpy()) ** 2
        ratios.append(-10.0 * np.log10(error.mean()))
        similarities.append(_ssim(first, second))


def _as_tensor(frame: NDArray[np.uint8]) -> Tensor:
    rgb = frame[..., ::-1].astype(np.float32) / 255.0
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
