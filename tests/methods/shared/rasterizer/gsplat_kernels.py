"""gsplat's CUDA kernels written once more for the CPU, in float64 and slow.

They stand where ``gsplat.cuda._backend._C`` stands, so that gsplat's own Python (argument checks,
autograd functions, padding of channels) runs under our backend on any machine. Like the kernels,
they take contiguous float32 only and leave undefined what belongs to Gaussians that are not drawn;
here that is NaN. Projection and tiles are gsplat's PyTorch twins; blending is written tile by tile
from the kernel, and its gradients are autograd's.
"""

from __future__ import annotations

from types import SimpleNamespace

import torch
from gsplat.cuda._torch_impl import (
    _fully_fused_projection,
    _isect_offset_encode,
    _isect_tiles,
    _quat_scale_to_covar_preci,
)
from torch import Tensor

ALPHA_MIN, ALPHA_MAX, TRANSMITTANCE_MIN = 1 / 255, 0.999, 1e-4
_PINHOLE = object()


def _check(*tensors: Tensor) -> None:
    for tensor in tensors:
        assert tensor.is_contiguous()
        assert tensor.dtype in (torch.float32, torch.int32, torch.int64)


def _project(means, quats, scales, viewmats, lenses, width, height, dilation, near, far):
    covariances, _ = _quat_scale_to_covar_preci(quats, scales, compute_preci=False)
    _, means2d, depths, conics, _ = _fully_fused_projection(
        means, covariances, viewmats, lenses, width, height, dilation, near, far
    )
    return means2d, depths, conics


def projection_forward(
    means, covars, quats, scales, opacities, viewmats, lenses, width, height,
    dilation, near, far, smallest_radius, compensate, camera_model,
):  # fmt: skip
    _check(means, quats, scales, opacities, viewmats, lenses)
    assert covars is None
    assert not compensate
    assert camera_model is _PINHOLE
    doubles = [tensor.double() for tensor in (means, quats, scales, viewmats, lenses)]
    means2d, depths, conics = _project(*doubles, width, height, dilation, near, far)
    extent = torch.sqrt(2 * torch.log((255 * opacities.double()).clamp(min=1.0)))
    spread = torch.linalg.inv(_symmetric(conics)).diagonal(dim1=-2, dim2=-1).sqrt()
    radii = torch.ceil(extent.clamp(max=3.33)[..., None, :, None] * spread)
    size = torch.tensor([width, height])
    drawn = (
        ((means2d + radii > 0) & (means2d - radii < size) & (radii > smallest_radius)).all(-1)
        & (depths >= near)
        & (depths <= far)
        & (opacities >= ALPHA_MIN)[..., None, :]
    )
    return (
        torch.where(drawn[..., None], radii, 0).to(torch.int32),
        means2d.float().masked_fill(~drawn[..., None], torch.nan),
        depths.float().masked_fill(~drawn, torch.nan),
        conics.float().masked_fill(~drawn[..., None], torch.nan),
        None,
    )


def projection_backward(
    means, covars, quats, scales, viewmats, lenses, width, height, dilation, camera_model,
    radii, conics, compensations, d_means2d, d_depths, d_conics, d_compensations, to_viewmats,
):  # fmt: skip
    _check(means, quats, scales, viewmats, lenses, radii, conics, d_means2d, d_depths, d_conics)
    assert covars is compensations is d_compensations is None
    assert not to_viewmats
    drawn = (radii > 0).all(-1)
    leaves = [tensor.detach().double().requires_grad_() for tensor in (means, quats, scales)]
    with torch.enable_grad():
        outputs = _project(
            *leaves, viewmats.double(), lenses.double(), width, height, dilation, 0.0, 1e10
        )
        outputs = [output[drawn] for output in outputs]
    gradients = [gradient[drawn].double() for gradient in (d_means2d, d_depths, d_conics)]
    d_means, d_quats, d_scales = torch.autograd.grad(outputs, leaves, gradients)
    return d_means.float(), None, d_quats.float(), d_scales.float(), None


def intersect_tile(
    means2d, radii, depths, image_ids, gaussian_ids, images, tile, tiles_x, tiles_y, sort, segmented
):
    _check(means2d, radii, depths)
    assert image_ids is None
    assert gaussian_ids is None
    assert images == means2d[..., 0, 0].numel()
    return _isect_tiles(means2d, radii, depths, tile, tiles_x, tiles_y, sort)


def blending_forward(
    means2d, conics, colors, opacities, backgrounds, masks, width, height, tile, starts, entries
):
    _check(means2d, conics, colors, opacities, starts, entries)
    assert backgrounds is None
    assert masks is None
    doubles = [tensor.double() for tensor in (means2d, conics, colors, opacities)]
    image, alpha = _blend(*doubles, width, height, tile, starts, entries)
    return image.float(), alpha.float(), torch.zeros(alpha.shape[:-1], dtype=torch.int32)


def blending_backward(
    means2d, conics, colors, opacities, backgrounds, masks, width, height, tile, starts, entries,
    alpha, last_ids, d_image, d_alpha, absolute,
):  # fmt: skip
    _check(means2d, conics, colors, opacities, starts, entries, alpha, last_ids, d_image, d_alpha)
    assert not absolute
    tensors = (means2d, conics, colors, opacities)
    leaves = [tensor.detach().double().requires_grad_() for tensor in tensors]
    with torch.enable_grad():
        outputs = _blend(*leaves, width, height, tile, starts, entries)
    if len(entries):
        gradients = torch.autograd.grad(outputs, leaves, [d_image.double(), d_alpha.double()])
        return None, *(gradient.float() for gradient in gradients)
    return None, *(torch.zeros_like(tensor) for tensor in tensors)


def _blend(means2d, conics, colors, opacities, width, height, tile, starts, entries):
    dimensions, channels = means2d.shape[:-2], colors.shape[-1]
    images, (tiles_y, tiles_x) = means2d[..., 0, 0].numel(), starts.shape[-2:]
    ends = torch.cat([starts.flatten()[1:], torch.tensor([len(entries)])]).tolist()
    bounds = iter(zip(starts.flatten().tolist(), ends, strict=True))
    flat = (means2d.reshape(-1, 2), conics.reshape(-1, 3), colors.reshape(-1, channels))
    image = torch.zeros(images, tiles_y * tile, tiles_x * tile, channels, dtype=torch.float64)
    alpha = torch.zeros(*image.shape[:-1], 1, dtype=torch.float64)
    for i in range(images):
        for top in range(0, tiles_y * tile, tile):
            for left in range(0, tiles_x * tile, tile):
                ids = entries[slice(*next(bounds))].long()
                rows, columns = slice(top, top + tile), slice(left, left + tile)
                pixels = torch.cartesian_prod(
                    torch.arange(top, top + tile), torch.arange(left, left + tile)
                ).flip(-1)
                weights = _weights(
                    pixels + 0.5, flat[0][ids], flat[1][ids], opacities.reshape(-1)[ids]
                )
                image[i, rows, columns] = (weights.T @ flat[2][ids]).view(tile, tile, channels)
                alpha[i, rows, columns] = weights.sum(0).view(tile, tile, 1)
    return tuple(
        drawn[:, :height, :width].reshape(*dimensions, height, width, -1)
        for drawn in (image, alpha)
    )


def _weights(pixels: Tensor, means2d: Tensor, conics: Tensor, opacities: Tensor) -> Tensor:
    """What each Gaussian, front to back, adds to each pixel of a tile."""
    dx, dy = (means2d[:, None] - pixels).unbind(-1)
    xx, xy, yy = conics[:, None].unbind(-1)
    sigma = 0.5 * (xx * dx**2 + yy * dy**2) + xy * dx * dy
    alpha = (opacities[:, None] * torch.exp(-sigma)).clamp(max=ALPHA_MAX)
    alpha = torch.where((sigma < 0) | (alpha < ALPHA_MIN), 0.0, alpha)
    after = torch.cumprod(1 - alpha, dim=0)
    before = torch.cat([torch.ones_like(after[:1]), after])[:-1]
    return torch.where(after > TRANSMITTANCE_MIN, before * alpha, 0.0)


def _symmetric(upper: Tensor) -> Tensor:
    xx, xy, yy = upper.unbind(-1)
    return torch.stack([xx, xy, xy, yy], dim=-1).unflatten(-1, (2, 2))


KERNELS = SimpleNamespace(
    CameraModelType=_PINHOLE,
    # gsplat 1.5.3 looks up both halves of CameraModelType.PINHOLE in the module itself.
    PINHOLE=_PINHOLE,
    projection_ewa_3dgs_fused_fwd=projection_forward,
    projection_ewa_3dgs_fused_bwd=projection_backward,
    intersect_tile=intersect_tile,
    intersect_offset=_isect_offset_encode,
    rasterize_to_pixels_3dgs_fwd=blending_forward,
    rasterize_to_pixels_3dgs_bwd=blending_backward,
)
