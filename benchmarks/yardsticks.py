"""What the compiled kernels are measured against: the same in plain torch, as fast as it gets."""

from __future__ import annotations

import torch
from torch import Tensor

from tgbench.methods.shared.rasterizer import Camera, Gaussians, Limits
from tgbench.methods.shared.rasterizer.reference import (
    ALPHA_MAX,
    ALPHA_MIN,
    TRANSMITTANCE_MIN,
    project,
)


def rasterize_pairs(
    means: Tensor, quats: Tensor, scales: Tensor, opacities: Tensor, colors: Tensor, camera: Camera
) -> tuple[Tensor, Tensor]:
    """Draw ``[H, W, C]`` and ``[H, W]`` by autograd over a list of (Gaussian, pixel) pairs.

    Pairs are those of each Gaussian's bounding box, sorted by pixel, front to back; a pixel's
    transmittance is a running sum of logarithms that starts anew at each pixel.
    """
    means2d, covariances, depths = project(
        Gaussians(means, quats, scales, opacities, colors), camera, Limits()
    )
    with torch.no_grad():
        gaussian, pixel = _pairs(means2d, covariances, depths, opacities, camera)
    conics = torch.linalg.inv(covariances)
    features = torch.cat(
        [means2d, conics.flatten(1)[:, [0, 1, 3]], opacities[:, None], colors], dim=1
    )
    x, y, xx, xy, yy, opacity, *channels = features[gaussian].unbind(1)
    x = (pixel % camera.width).to(x) + 0.5 - x
    y = torch.div(pixel, camera.width, rounding_mode="floor").to(y) + 0.5 - y
    alpha = opacity * torch.exp(-0.5 * (xx * x * x + yy * y * y) - xy * x * y)
    alpha = torch.where(alpha < ALPHA_MAX, alpha, ALPHA_MAX)
    alpha = torch.where(alpha >= ALPHA_MIN, alpha, 0.0)
    # In float64, because sums of later pixels must not swallow those of a new one.
    passed = torch.cumsum(torch.log1p(-alpha.double()), dim=0)
    starts = torch.searchsorted(pixel, pixel)
    before_pixel = torch.where(starts > 0, passed[starts - 1], 0.0)
    after = torch.exp(passed - before_pixel).to(alpha)
    weights = torch.where(after > TRANSMITTANCE_MIN, after / (1.0 - alpha) * alpha, 0.0)
    drawn = torch.stack([weights, *(weights * channel for channel in channels)], dim=1)
    image = torch.zeros(camera.height * camera.width, drawn.shape[1]).index_add(0, pixel, drawn)
    image = image.view(camera.height, camera.width, -1)
    return image[..., 1:], image[..., 0]


def l1_ssim_by_convolution(prediction: Tensor, target: Tensor, weight: float = 0.2) -> Tensor:
    """Return the loss of two ``[H, W, 3]`` as 3D Gaussian Splatting ships it: five convolutions."""
    offsets = torch.arange(-5, 6)
    window = torch.exp(-0.5 * (offsets / 1.5) ** 2)
    window = window / window.sum()
    kernel = torch.outer(window, window).expand(3, 1, 11, 11).contiguous()
    x, y = (image.movedim(-1, 0)[None].contiguous() for image in (prediction, target))

    def blur(image: Tensor) -> Tensor:
        return torch.nn.functional.conv2d(image, kernel, padding=5, groups=3)

    mean_x, mean_y = blur(x), blur(y)
    variances = blur(x * x) - mean_x**2, blur(y * y) - mean_y**2
    covariance = blur(x * y) - mean_x * mean_y
    c1, c2 = 0.01**2, 0.03**2
    similarity = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    similarity = similarity / ((mean_x**2 + mean_y**2 + c1) * (sum(variances) + c2))
    return (1.0 - weight) * (x - y).abs().mean() + weight * (1.0 - similarity.mean())


def _pairs(
    means2d: Tensor, covariances: Tensor, depths: Tensor, opacities: Tensor, camera: Camera
) -> tuple[Tensor, Tensor]:
    order = torch.argsort(depths)
    order = order[(depths[order] > Limits().near) & (opacities[order] >= ALPHA_MIN)]
    centre, covariance = means2d[order], covariances[order]
    extent = torch.sqrt(2.0 * torch.log(255.0 * opacities[order]))[:, None]
    spread = extent * torch.sqrt(torch.stack([covariance[:, 0, 0], covariance[:, 1, 1]], dim=1))
    limits = torch.tensor([camera.width, camera.height])
    low = torch.minimum((centre - spread - 0.5).ceil().long().clamp_min(0), limits)
    high = torch.minimum((centre + spread + 0.5).floor().long().clamp_min(0), limits)
    width, height = (high - low).unbind(1)
    count = width * height
    entry = torch.repeat_interleave(torch.arange(len(order)), count)
    inside = torch.arange(len(entry)) - (torch.cumsum(count, 0) - count)[entry]
    column = low[entry, 0] + inside % width[entry]
    row = low[entry, 1] + torch.div(inside, width[entry], rounding_mode="floor")
    pixel, by_pixel = torch.sort(row * camera.width + column, stable=True)
    return order[entry[by_pixel]], pixel
