"""The ``numba`` backend: compiled kernels behind one autograd function."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..kernel import Doubles, Floats, Indices, Ints, Longs
from .binning import TILE_HEIGHT, TILE_WIDTH, bin_by_tile
from .blending import blend, blend_backward
from .camera import Camera
from .interface import Gaussians, Limits
from .projection import RECORD_SIZE, project, project_backward
from .workers import map_frames

_NAMES = ("means", "quats", "scales", "opacities", "colors", "means2d_offset")
_RANKS = (2, 2, 2, 1, 2, 2)
_NO_OFFSETS = np.empty((0, 2), np.float32)


def render(
    gaussians: Gaussians, cameras: Sequence[Camera], limits: Limits
) -> tuple[Tensor, Tensor, Tensor]:
    """Draw one frame per camera; see :class:`.interface.Backend`."""
    tensors = [getattr(gaussians, name) for name in _NAMES]
    return _Render.apply(cameras, limits, *tensors)


@dataclass
class _Frame:
    """One frame's inputs and what its backward pass reuses."""

    inputs: list[Floats]
    camera: Doubles
    records: Floats
    radii: Ints
    starts: Longs
    entries: Indices
    tiles_x: int
    image: Floats
    alpha: Floats


def _forward(inputs: list[Floats], camera: Camera, limits: Limits) -> _Frame:
    count, channels = inputs[4].shape
    width, height = camera.width, camera.height
    tiles_x, tiles_y = -(-width // TILE_WIDTH), -(-height // TILE_HEIGHT)
    vector = camera.as_vector()
    records = np.empty((count, RECORD_SIZE), np.float32)
    depths = np.empty(count, np.float32)
    radii = np.empty(count, np.int32)
    boxes = np.empty((count, 4), np.int32)
    constant = (0,) * channels
    project(
        *inputs, constant, vector, width, height, limits.near, limits.dilation,
        records, depths, radii, boxes,
    )  # fmt: skip
    starts, entries = bin_by_tile(depths, radii, boxes, tiles_x, tiles_y)
    image = np.zeros((height, width, channels), np.float32)
    alpha = np.zeros((height, width), np.float32)
    blend(records, starts, entries, tiles_x, constant, image, alpha)
    return _Frame(inputs, vector, records, radii, starts, entries, tiles_x, image, alpha)


def _backward(frame: _Frame, d_image: Floats, d_alpha: Floats) -> list[Floats]:
    gradients = np.zeros_like(frame.records)
    constant = (0,) * frame.image.shape[2]
    blend_backward(
        frame.records, frame.starts, frame.entries, frame.tiles_x, constant,
        frame.image, frame.alpha, d_image, d_alpha, gradients,
    )  # fmt: skip
    outputs = [np.empty_like(array) for array in frame.inputs]
    means, quats, scales, opacities = frame.inputs[:4]
    project_backward(
        means, quats, scales, opacities, constant, frame.camera, frame.records, frame.radii,
        gradients, *outputs,
    )  # fmt: skip
    return outputs


def _to_array(tensor: Tensor | None, name: str) -> Floats:
    if tensor is None:
        return _NO_OFFSETS
    if tensor.dtype != torch.float32 or tensor.device.type != "cpu":
        raise ValueError(
            f"the numba rasterizer needs float32 on the CPU, {name} is {tensor.dtype} on "
            f"{tensor.device}"
        )
    # A sum is finite only if its terms are; one pass, no temporary.
    if not math.isfinite(tensor.sum().item()):
        raise ValueError(f"{name} holds NaN or infinity, so the frame cannot be drawn")
    return tensor.detach().contiguous().numpy()


class _Render(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, cameras: Sequence[Camera], limits: Limits, *tensors: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        arrays = [_to_array(t, name) for t, name in zip(tensors, _NAMES, strict=True)]
        batched = [a.ndim > rank for a, rank in zip(arrays, _RANKS, strict=True)]

        def draw(b: int) -> _Frame:
            inputs = [a[b] if is_batch else a for a, is_batch in zip(arrays, batched, strict=True)]
            return _forward(inputs, cameras[b], limits)

        frames = map_frames(draw, range(len(cameras)))
        ctx.frames, ctx.batched = frames, batched
        radii = _stack([frame.radii for frame in frames])
        ctx.mark_non_differentiable(radii)
        return (
            _stack([frame.image for frame in frames]),
            _stack([frame.alpha for frame in frames]),
            radii,
        )

    @staticmethod
    def backward(ctx: Any, d_image: Tensor, d_alpha: Tensor, _d_radii: Tensor) -> Any:
        d_images, d_alphas = d_image.contiguous().numpy(), d_alpha.contiguous().numpy()

        def pull_back(b: int) -> list[Floats]:
            return _backward(ctx.frames[b], d_images[b], d_alphas[b])

        per_frame = map_frames(pull_back, range(len(ctx.frames)))
        gradients: list[Tensor | None] = []
        for k, (needed, is_batch) in enumerate(
            zip(ctx.needs_input_grad[2:], ctx.batched, strict=True)
        ):
            if not needed:
                gradients.append(None)
                continue
            stacked = _stack([gradient[k] for gradient in per_frame])
            shared_by_one = len(stacked) == 1 and not is_batch
            gradients.append(
                stacked if is_batch else stacked[0] if shared_by_one else stacked.sum(0)
            )
        return (None, None, *gradients)


def _stack(arrays: list[NDArray[Any]]) -> Tensor:
    """A batch; one frame, the usual case in training, is not copied."""
    if len(arrays) == 1:
        return torch.from_numpy(arrays[0])[None]
    return torch.from_numpy(np.stack(arrays))
