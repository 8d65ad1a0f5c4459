"""The ``torch`` backend: every Gaussian against every pixel, in any float type, by autograd.

Slow and memory-hungry (N x H x W), and short enough to be checked by eye: what the other backends
are tested against.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..not_finite import NotFinite
from .camera import Camera
from .interface import Gaussians, Limits

ALPHA_MIN = 1.0 / 255.0
ALPHA_MAX = 0.999
TRANSMITTANCE_MIN = 1e-4


def render(
    gaussians: Gaussians, cameras: Sequence[Camera], limits: Limits
) -> tuple[Tensor, Tensor, Tensor]:
    """Draw one frame per camera; see :class:`.interface.Backend`."""
    frames = [
        _render_frame(_frame(gaussians, b), camera, limits) for b, camera in enumerate(cameras)
    ]
    images, alphas, radii = zip(*frames, strict=True)
    return torch.stack(images), torch.stack(alphas), torch.stack(radii)


def _frame(gaussians: Gaussians, b: int) -> Gaussians:
    def pick(name: str, rank: int) -> Tensor:
        tensor: Tensor = getattr(gaussians, name)
        if not torch.isfinite(tensor).all():
            raise NotFinite(f"{name} holds NaN or infinity, so the frame cannot be drawn")
        return tensor[b] if tensor.ndim > rank else tensor

    return Gaussians(
        pick("means", 2),
        pick("quats", 2),
        pick("scales", 2),
        pick("opacities", 1),
        pick("colors", 2),
        None if gaussians.means2d_offset is None else pick("means2d_offset", 2),
    )


def _render_frame(
    gaussians: Gaussians, camera: Camera, limits: Limits
) -> tuple[Tensor, Tensor, Tensor]:
    means2d, covariances, depths = project(gaussians, camera, limits)
    visible, radii = _visibility(means2d, covariances, depths, gaussians.opacities, camera, limits)
    order = torch.argsort(depths, stable=True)
    order = order[visible[order]]
    alpha = pixel_alphas(
        means2d[order], covariances[order], gaussians.opacities[order], camera.width, camera.height
    )
    after = torch.cumprod(1.0 - alpha, dim=0)
    before = torch.cat([torch.ones_like(after[:1]), after[:-1]])
    weights = torch.where(after > TRANSMITTANCE_MIN, before * alpha, torch.zeros_like(alpha))
    image = torch.einsum("nhw,nc->hwc", weights, gaussians.colors[order])
    return image, weights.sum(0), radii


def rotation_matrices(quats: Tensor) -> Tensor:
    """Rotation matrices ``[N, 3, 3]`` of wxyz quaternions of any norm ``[N, 4]``."""
    w, x, y, z = torch.nn.functional.normalize(quats, dim=-1).unbind(-1)
    return torch.stack(
        [
            1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y),
            2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
            2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y),
        ],
        dim=-1,
    ).reshape(-1, 3, 3)  # fmt: skip


def project(gaussians: Gaussians, camera: Camera, limits: Limits) -> tuple[Tensor, Tensor, Tensor]:
    """Project to the image: means ``[N, 2]``, covariances ``[N, 2, 2]`` and depths ``[N]``."""
    pose = torch.as_tensor(camera.world_to_camera).to(gaussians.means)
    rotation, translation = pose[:3, :3], pose[:3, 3]
    x, y, z = (gaussians.means @ rotation.T + translation).unbind(-1)
    means2d = torch.stack([camera.fx * x / z + camera.cx, camera.fy * y / z + camera.cy], dim=-1)
    if gaussians.means2d_offset is not None:
        means2d = means2d + gaussians.means2d_offset
    x_min, x_max, y_min, y_max = camera.slope_limits
    zero = torch.zeros_like(z)
    jacobian = torch.stack(
        [
            camera.fx / z, zero, -camera.fx * (x / z).clamp(x_min, x_max) / z,
            zero, camera.fy / z, -camera.fy * (y / z).clamp(y_min, y_max) / z,
        ],
        dim=-1,
    ).reshape(-1, 2, 3)  # fmt: skip
    factor = rotation_matrices(gaussians.quats) * gaussians.scales[:, None, :]
    covariances = factor @ factor.mT
    transform = jacobian @ rotation
    dilation = limits.dilation * torch.eye(2).to(covariances)
    return means2d, transform @ covariances @ transform.mT + dilation, z


def pixel_alphas(
    means2d: Tensor, covariances: Tensor, opacities: Tensor, width: int, height: int
) -> Tensor:
    """Alpha of every Gaussian at every pixel centre, ``[N, H, W]``."""
    columns = torch.arange(width).to(means2d) + 0.5 - means2d[:, :1]
    rows = torch.arange(height).to(means2d) + 0.5 - means2d[:, 1:]
    conics = torch.linalg.inv(covariances)
    exponent = (
        0.5 * conics[:, 0, 0, None, None] * columns[:, None, :] ** 2
        + 0.5 * conics[:, 1, 1, None, None] * rows[:, :, None] ** 2
        + conics[:, 0, 1, None, None] * columns[:, None, :] * rows[:, :, None]
    )
    alpha = opacities[:, None, None] * torch.exp(-exponent)
    # A ceiling that lets no gradient through, as in gsplat.
    alpha = torch.where(alpha < ALPHA_MAX, alpha, torch.full_like(alpha, ALPHA_MAX))
    return torch.where(alpha >= ALPHA_MIN, alpha, torch.zeros_like(alpha))


@torch.no_grad()
def _visibility(
    means2d: Tensor,
    covariances: Tensor,
    depths: Tensor,
    opacities: Tensor,
    camera: Camera,
    limits: Limits,
) -> tuple[Tensor, Tensor]:
    extent = torch.sqrt(2.0 * torch.log((255.0 * opacities).clamp(min=1.0)))[:, None]
    spread = extent * torch.sqrt(torch.stack([covariances[:, 0, 0], covariances[:, 1, 1]], dim=-1))
    size = torch.tensor([camera.width, camera.height]).to(means2d)
    inside = ((means2d + spread > 0) & (means2d - spread < size)).all(-1)
    visible = inside & (depths >= limits.near) & (opacities >= ALPHA_MIN)
    radii = torch.ceil(spread.amax(-1)).to(torch.int32)
    return visible, torch.where(visible, radii, torch.zeros_like(radii))
