"""The ``numba`` backend: compiled kernels behind one autograd function."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..njit import Floats, Indices, Ints, Longs
from ..not_finite import NotFinite
from ..threads import halves, in_halves
from .binning import TILE_HEIGHT, TILE_WIDTH, bin_by_tile
from .blending import blend, blend_backward
from .camera import Camera, CameraNumbers
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
    """One frame's inputs and outputs, and what its backward pass reuses."""

    inputs: list[Floats]
    camera: CameraNumbers
    image: Floats
    alpha: Floats
    radii: Ints
    records: Floats
    starts: Longs
    entries: Indices
    tiles_x: int

    @property
    def channels(self) -> tuple[int, ...]:
        """C numbers, which tell the kernels C at compile time."""
        return (0,) * self.image.shape[2]

    @property
    def parts(self) -> tuple[slice, slice]:
        """Two ranges of tiles with about as many entries, which cores can blend at once."""
        tiles = len(self.starts) - 1
        middle = int(np.searchsorted(self.starts, self.starts[-1] // 2)) if tiles else 0
        return slice(0, middle), slice(middle, tiles)


def _forward(
    inputs: list[Floats], view: Camera, limits: Limits, image: Floats, alpha: Floats, radii: Ints
) -> _Frame:
    count = len(radii)
    tiles_x, tiles_y = -(-view.width // TILE_WIDTH), -(-view.height // TILE_HEIGHT)
    channels = (0,) * image.shape[2]
    camera = view.numbers()
    records = np.empty((count, RECORD_SIZE), np.float32)
    depths = np.empty(count, np.float32)
    boxes = np.empty((count, 4), np.int32)

    def place(some: slice) -> None:
        project(
            *(array[some] for array in inputs), channels, camera, view.width, view.height,
            limits.near, limits.dilation, records[some], depths[some], radii[some], boxes[some],
        )  # fmt: skip

    in_halves(place, count, cost=30)
    starts, entries = bin_by_tile(depths, radii, boxes, tiles_x, tiles_y)
    frame = _Frame(inputs, camera, image, alpha, radii, records, starts, entries, tiles_x)

    def work(tiles: slice) -> None:
        blend(records, starts, entries, tiles.start, tiles.stop, tiles_x, channels, image, alpha)

    halves(work, frame.parts, slice(0, len(starts) - 1))
    return frame


def _backward(frame: _Frame, d_image: Floats, d_alpha: Floats, outputs: list[Floats]) -> None:
    # A sum for each half, whatever the threads, so that its order is always the same.
    sums, parts = np.zeros((2, *frame.records.shape), np.float32), frame.parts

    def work(tiles: slice) -> None:
        blend_backward(
            frame.records, frame.starts, frame.entries, tiles.start, tiles.stop, frame.tiles_x,
            frame.channels, frame.image, frame.alpha, d_image, d_alpha, sums[parts.index(tiles)],
        )  # fmt: skip

    def pull(some: slice) -> None:
        gradients = sums[0, some] + sums[1, some]
        project_backward(
            *(array[some] for array in frame.inputs[:4]), frame.channels, frame.camera,
            frame.records[some], frame.radii[some], gradients, *(array[some] for array in outputs),
        )  # fmt: skip

    halves(work, parts)
    in_halves(pull, len(frame.radii), cost=35)


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
        raise NotFinite(f"{name} holds NaN or infinity, so the frame cannot be drawn")
    return tensor.detach().contiguous().numpy()


class _Render(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, cameras: Sequence[Camera], limits: Limits, *tensors: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        arrays = [_to_array(t, name) for t, name in zip(tensors, _NAMES, strict=True)]
        per_frame = [a.ndim > rank for a, rank in zip(arrays, _RANKS, strict=True)]
        size = (len(cameras), cameras[0].height, cameras[0].width)
        images = np.zeros((*size, arrays[4].shape[-1]), np.float32)
        alphas = np.zeros(size, np.float32)
        radii = np.empty((len(cameras), arrays[0].shape[-2]), np.int32)

        def draw(b: int) -> _Frame:
            inputs = [a[b] if own else a for a, own in zip(arrays, per_frame, strict=True)]
            return _forward(inputs, cameras[b], limits, images[b], alphas[b], radii[b])

        ctx.frames = map_frames(draw, range(len(cameras)))
        ctx.per_frame = per_frame
        outputs = torch.from_numpy(images), torch.from_numpy(alphas), torch.from_numpy(radii)
        ctx.mark_non_differentiable(outputs[2])
        ctx.save_for_backward(*tensors, *outputs[:2])
        return outputs

    @staticmethod
    def backward(ctx: Any, d_image: Tensor, d_alpha: Tensor, _d_radii: Tensor) -> Any:
        # The frames hold arrays of the same memory; torch knows whether it was changed in place.
        _ = ctx.saved_tensors
        d_images, d_alphas = d_image.contiguous().numpy(), d_alpha.contiguous().numpy()
        gradients = [
            np.empty((len(ctx.frames), *array.shape), np.float32) for array in ctx.frames[0].inputs
        ]

        def pull_back(b: int) -> None:
            _backward(ctx.frames[b], d_images[b], d_alphas[b], [g[b] for g in gradients])

        map_frames(pull_back, range(len(ctx.frames)))
        wanted = zip(gradients, ctx.per_frame, ctx.needs_input_grad[2:], strict=True)
        return (None, None, *(_collect(g, own) if needed else None for g, own, needed in wanted))


def _collect(gradient: Floats, per_frame: bool) -> Tensor:
    """What an input gets from its gradients by frame; all of them if the frames shared it."""
    if per_frame:
        return torch.from_numpy(gradient)
    return torch.from_numpy(gradient[0] if len(gradient) == 1 else gradient.sum(axis=0))
