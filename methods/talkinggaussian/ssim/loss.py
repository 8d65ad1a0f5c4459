"""The photometric loss of 3D Gaussian Splatting: L1 and SSIM."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

BackendName = Literal["torch", "numba"]


def l1_ssim_loss(
    prediction: Tensor,
    target: Tensor,
    ssim_weight: float = 0.2,
    *,
    backend: BackendName = "numba",
) -> Tensor:
    """``(1 - w) mean|x - y| + w (1 - mean SSIM)`` (Kerbl et al. 2023, equation 7).

    SSIM per channel, 11x11 Gaussian window of sigma 1.5, zero padding, data range 1.

    Args:
        prediction: ``[H, W, C]`` in [0, 1]; the only input that gets a gradient.
        target: ``[H, W, C]`` in [0, 1].
        ssim_weight: w.
        backend: ``numba`` (float32, CPU) or ``torch`` (any float type).

    Returns:
        A scalar.

    Raises:
        ValueError: The images differ in shape, or the backend cannot take them.
    """
    if prediction.ndim != 3 or prediction.shape != target.shape:
        raise ValueError(
            f"need two [H, W, C] images of one shape, got {tuple(prediction.shape)} and "
            f"{tuple(target.shape)}"
        )
    if backend == "torch":
        l1 = (prediction - target).abs().mean()
        return (1.0 - ssim_weight) * l1 + ssim_weight * (1.0 - ssim_map(prediction, target).mean())
    if backend != "numba":
        raise ValueError(f"no SSIM backend {backend!r}; there are torch, numba")
    if prediction.dtype != torch.float32 or prediction.device.type != "cpu":
        raise ValueError("the numba SSIM needs float32 images on the CPU")
    return _L1SSIM.apply(prediction, target.to(torch.float32), ssim_weight)


def ssim_map(prediction: Tensor, target: Tensor) -> Tensor:
    """SSIM of every pixel and channel, ``[H, W, C]``, by plain convolutions."""
    offsets = torch.arange(-5, 6).to(prediction)
    window = torch.exp(-0.5 * (offsets / 1.5) ** 2)
    window = window / window.sum()
    kernel = torch.outer(window, window)[None, None]

    def blur(image: Tensor) -> Tensor:
        return functional.conv2d(image.movedim(-1, 0)[:, None], kernel, padding=5)[:, 0]

    mean_x, mean_y = blur(prediction), blur(target)
    variance_x = blur(prediction * prediction) - mean_x * mean_x
    variance_y = blur(target * target) - mean_y * mean_y
    covariance = blur(prediction * target) - mean_x * mean_y
    c1, c2 = 0.01**2, 0.03**2
    numerator = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    denominator = (mean_x**2 + mean_y**2 + c1) * (variance_x + variance_y + c2)
    return (numerator / denominator).movedim(0, -1)


class _L1SSIM(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, prediction: Tensor, target: Tensor, ssim_weight: float) -> Tensor:
        from .kernels import l1_ssim

        height, width, channels = prediction.shape
        x, y = (t.contiguous().view(height, -1).numpy() for t in (prediction, target))
        wanted = ctx.needs_input_grad[0]
        gradient = np.empty((height if wanted else 0, width * channels), np.float32)
        loss = l1_ssim(x, y, channels, ssim_weight, gradient)
        if wanted:
            ctx.save_for_backward(torch.from_numpy(gradient).view(prediction.shape))
        return torch.tensor(loss, dtype=torch.float32)

    @staticmethod
    def backward(ctx: Any, d_loss: Tensor) -> tuple[Tensor, None, None]:
        (gradient,) = ctx.saved_tensors
        return gradient * d_loss, None, None
