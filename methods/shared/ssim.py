"""The photometric loss of 3D Gaussian Splatting: L1 and SSIM."""

from __future__ import annotations

from typing import Any, Literal, cast

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from .backends import choose, extension, has_extension
from .threads import in_halves

BackendName = Literal["torch", "numba", "fused"]

FUSED_DEVICE = "cuda"

_RADIUS = 5
_SIGMA = 1.5


def l1_ssim_loss(
    prediction: Tensor,
    target: Tensor,
    ssim_weight: float = 0.2,
    *,
    backend: BackendName | None = None,
) -> Tensor:
    """``(1 - w) mean|x - y| + w (1 - mean SSIM)`` (Kerbl et al. 2023, equation 7).

    SSIM per channel, 11x11 Gaussian window of sigma 1.5, zero padding, data range 1.

    Args:
        prediction: ``[H, W, C]`` in [0, 1]; the only input that gets a gradient.
        target: ``[H, W, C]`` in [0, 1].
        ssim_weight: w.
        backend: ``numba`` (float32, CPU), ``fused`` (float32, CUDA, the package fused-ssim) or
            ``torch`` (any float type and device); by default the one for the device of the
            images, which on CUDA is ``torch`` where fused-ssim is not installed.

    Returns:
        A scalar.

    Raises:
        Unavailable: fused-ssim was named and is not installed.
        ValueError: The images differ in shape, or the backend cannot take them.
    """
    if prediction.ndim != 3 or prediction.shape != target.shape:
        raise ValueError(
            f"need two [H, W, C] images of one shape, got {tuple(prediction.shape)} and "
            f"{tuple(target.shape)}"
        )
    name = _backend(backend, prediction.device)
    if name == "numba":
        if prediction.dtype != torch.float32 or prediction.device.type != "cpu":
            raise ValueError("the numba SSIM needs float32 images on the CPU")
        return _L1SSIM.apply(prediction, target.to(torch.float32), ssim_weight)
    if name == "torch":
        ssim = ssim_map(prediction, target).mean()
    elif name == "fused":
        ssim = _fused_ssim(prediction, target)
    else:
        raise ValueError(f"no SSIM backend {name!r}; there are torch, numba, fused")
    l1 = (prediction - target).abs().mean()
    return (1.0 - ssim_weight) * l1 + ssim_weight * (1.0 - ssim)


def _backend(named: str | None, device: torch.device) -> str:
    on_cuda = "fused" if device.type == "cuda" and has_extension("fused_ssim") else "torch"
    return choose(named, device, {"cpu": "numba", "cuda": on_cuda})


def ssim_map(prediction: Tensor, target: Tensor) -> Tensor:
    """SSIM of every pixel and channel, ``[H, W, C]``, by plain convolutions."""
    x, y = prediction.movedim(-1, 0), target.movedim(-1, 0)
    mean_x, mean_y, square_x, square_y, product = _blur(torch.stack([x, y, x * x, y * y, x * y]))
    variance_x, variance_y = square_x - mean_x * mean_x, square_y - mean_y * mean_y
    covariance = product - mean_x * mean_y
    c1, c2 = 0.01**2, 0.03**2
    numerator = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    denominator = (mean_x**2 + mean_y**2 + c1) * (variance_x + variance_y + c2)
    return (numerator / denominator).movedim(0, -1)


def _blur(maps: Tensor) -> Tensor:
    """Blur maps ``[..., H, W]``, first along the rows, then along the columns."""
    offsets = torch.arange(-_RADIUS, _RADIUS + 1, dtype=maps.dtype, device=maps.device)
    window = torch.exp(-0.5 * (offsets / _SIGMA) ** 2)
    single = maps.reshape(1, -1, *maps.shape[-2:]).contiguous()
    count = single.shape[1]
    kernels = (window / window.sum()).repeat(count, 1, 1, 1)
    # A group for each map: other convolutions may be rounded to TF32 on a GPU, and a variance is
    # the small difference of two of these.
    rows = functional.conv2d(single, kernels, padding=(0, _RADIUS), groups=count)
    both = functional.conv2d(rows, kernels.mT, padding=(_RADIUS, 0), groups=count)
    return both.view(maps.shape)


def _fused_ssim(prediction: Tensor, target: Tensor) -> Tensor:
    for image in (prediction, target):
        if image.dtype != torch.float32 or image.device.type != FUSED_DEVICE:
            raise ValueError(f"the fused SSIM needs float32 images on {FUSED_DEVICE}")
    x, y = (image.movedim(-1, 0)[None].contiguous() for image in (prediction, target))
    wanted = torch.is_grad_enabled() and prediction.requires_grad
    fused_ssim = extension("fused_ssim").fused_ssim
    with torch.cuda.device_of(x):
        return cast(Tensor, fused_ssim(x, y, padding="same", train=wanted))


class _L1SSIM(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, prediction: Tensor, target: Tensor, ssim_weight: float) -> Tensor:
        from .ssim_kernels import l1_ssim

        height, width, channels = prediction.shape
        x, y = (t.contiguous().view(height, -1).numpy() for t in (prediction, target))
        wanted = ctx.needs_input_grad[0]
        gradient = np.empty((height if wanted else 0, width * channels), np.float32)
        sums = np.empty((height, 2))

        def work(rows: slice) -> None:
            l1_ssim(x, y, channels, ssim_weight, rows.start, rows.stop, gradient, sums)

        in_halves(work, height, cost=45 * width)
        l1, ssim = sums.sum(axis=0) / x.size
        loss = (1.0 - ssim_weight) * l1 + ssim_weight * (1.0 - ssim)
        if wanted:
            ctx.save_for_backward(torch.from_numpy(gradient).view(prediction.shape))
        return torch.tensor(loss, dtype=torch.float32)

    @staticmethod
    def backward(ctx: Any, d_loss: Tensor) -> tuple[Tensor, None, None]:
        (gradient,) = ctx.saved_tensors
        return gradient * d_loss, None, None
