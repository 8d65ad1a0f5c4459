"""The ``gsplat`` backend: CUDA, all frames of a batch in one go.

Steps of ``gsplat.rasterization`` (1.5.3, classic, not packed), taken one by one so that the offsets
can be added where the means have been projected: an offset's gradient is then autograd's.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tgbench.errors import Unavailable
from tgbench.extras import install_extra

from .camera import Camera
from .interface import Gaussians, Limits

DEVICE = "cuda"
"""Type of the devices that gsplat's kernels run on."""

_TILE_SIZE = 16
_RANKS = {
    "means": 2, "quats": 2, "scales": 2, "opacities": 1, "colors": 2, "means2d_offset": 2
}  # fmt: skip


def render(
    gaussians: Gaussians, cameras: Sequence[Camera], limits: Limits
) -> tuple[Tensor, Tensor, Tensor]:
    """Draw one frame per camera; see :class:`.interface.Backend`.

    Nothing is read back to look for NaN or infinity: that would be to wait for the device. A
    radius is positive up to a pixel farther outside the image than with the other backends.

    Raises:
        Unavailable: gsplat is not installed, or has no CUDA kernels here.
        ValueError: A tensor is not float32 on a CUDA device.
    """
    inputs = {
        name: _by_frame(getattr(gaussians, name), name, len(cameras))
        for name in _RANKS
        if getattr(gaussians, name) is not None
    }
    if gaussians.means.shape[-2] == 0:
        return _nothing(inputs, cameras)
    gsplat = _gsplat()
    means, opacities = inputs["means"], inputs["opacities"]
    poses, lenses = _matrices(cameras, means.device)
    width, height = cameras[0].width, cameras[0].height
    # Everything below has the axes [B, 1, ...]: B heads, each before one camera.
    radii, means2d, depths, conics, _ = gsplat.fully_fused_projection(
        means, None, inputs["quats"], inputs["scales"], poses, lenses, width, height,
        eps2d=limits.dilation, near_plane=limits.near, opacities=opacities,
    )  # fmt: skip
    if "means2d_offset" in inputs:
        means2d = means2d + inputs["means2d_offset"][:, None]
    tiles_x, tiles_y = -(-width // _TILE_SIZE), -(-height // _TILE_SIZE)
    _, keys, entries = gsplat.isect_tiles(means2d, radii, depths, _TILE_SIZE, tiles_x, tiles_y)
    starts = gsplat.isect_offset_encode(keys, len(cameras), tiles_x, tiles_y)
    image, alpha = gsplat.rasterize_to_pixels(
        means2d, conics, inputs["colors"][:, None], opacities[:, None], width, height,
        _TILE_SIZE, starts[:, None], entries,
    )  # fmt: skip
    # gsplat returns one radius per axis.
    return image.squeeze(1), alpha.squeeze(-1).squeeze(1), radii.amax(dim=-1).squeeze(1)


def _gsplat() -> ModuleType:
    remedy = f"{install_extra('cuda')}; it needs a PyTorch with CUDA and its toolkit (nvcc)"
    try:
        import gsplat

        # Builds the kernels the first time; without a toolkit there are none.
        from gsplat.cuda._backend import _C
    except (ImportError, OSError, RuntimeError) as error:
        reason = str(error).partition("\n")[0]
        raise Unavailable(f"gsplat cannot draw on the GPU: {reason}; {remedy}") from error
    if _C is None:
        raise Unavailable(f"gsplat found no CUDA toolkit to build its kernels with; {remedy}")
    return cast(ModuleType, gsplat)


def _by_frame(tensor: Tensor, name: str, frames: int) -> Tensor:
    """The tensor with a batch dimension, checked by what is known without the device."""
    if tensor.dtype != torch.float32 or tensor.device.type != DEVICE:
        raise ValueError(
            f"the gsplat rasterizer needs float32 on {DEVICE}, {name} is {tensor.dtype} on "
            f"{tensor.device}"
        )
    return tensor if tensor.ndim > _RANKS[name] else tensor.expand(frames, *tensor.shape)


def _nothing(inputs: dict[str, Tensor], cameras: Sequence[Camera]) -> tuple[Tensor, Tensor, Tensor]:
    """Empty frames, as gsplat divides by the number of Gaussians."""
    colors = inputs["colors"]
    size = (len(cameras), cameras[0].height, cameras[0].width)
    radii = torch.zeros(len(cameras), 0, dtype=torch.int32, device=colors.device)
    return colors.new_zeros(*size, colors.shape[-1]), colors.new_zeros(size), radii


def _matrices(cameras: Sequence[Camera], device: torch.device) -> tuple[Tensor, Tensor]:
    """World to camera ``[B, 1, 4, 4]`` and camera to image ``[B, 1, 3, 3]``."""
    poses = np.stack([camera.world_to_camera for camera in cameras])
    lenses = np.array(
        [
            [[camera.fx, 0.0, camera.cx], [0.0, camera.fy, camera.cy], [0.0, 0.0, 1.0]]
            for camera in cameras
        ]
    )
    return _upload(poses, device), _upload(lenses, device)


def _upload(matrices: NDArray[np.float64], device: torch.device) -> Tensor:
    single = torch.from_numpy(matrices.astype(np.float32))
    return single[:, None].to(device, non_blocking=True)
