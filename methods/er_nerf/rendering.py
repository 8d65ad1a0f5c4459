"""From a drive to frames."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import torch
from torch import Tensor

from tgbench.interfaces import Drive, Image, Layers
from tgbench.machine import cores

from ..shared.conditions import Conditions
from ..shared.malloc import keep_freed_memory
from .config import ErNerfConfig
from .network import expression_units
from .rays import Pinhole
from .volume import Head, Rays, render_colours, render_distances

T = TypeVar("T")

_RAYS = {"cpu": 1 << 13, "cuda": 1 << 17}
"""Rays at a time: what a CPU's cache, or a GPU's memory, holds."""


class Renderer:
    """Renders frames of a trained head over the torso and the background of the drive."""

    def __init__(self, head: Head, config: ErNerfConfig) -> None:
        """Take a trained head and the settings that it was trained with."""
        keep_freed_memory()
        self._head, self._config = head, config
        self._device = head.occupied.device
        # Threads inside a frame wait for each other; threads of one frame each do not.
        self._workers = cores() if self._device.type == "cpu" else 1
        self._pool = ThreadPoolExecutor(
            self._workers, initializer=torch.set_num_threads, initargs=(1,)
        )

    def frames(self, drive: Drive) -> Iterator[Image]:
        """Yield the frames of a drive in order, uint8 RGB [H, W, 3]."""
        return self._by_threads(self._frame, drive)

    def layers(self, drive: Drive) -> Iterator[Layers]:
        """Yield where the head is in each frame of a drive."""
        return self._by_threads(self._layers, drive)

    def _by_threads(self, draw: Callable[[Drive, Conditions, int], T], drive: Drive) -> Iterator[T]:
        units = expression_units(self._config.head)
        driving = Conditions.of_drive(drive, units, device=self._device)
        waiting: deque[Future[T]] = deque()
        try:
            for index in range(len(drive)):
                waiting.append(self._pool.submit(draw, drive, driving, index))
                if len(waiting) > self._workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()

    @torch.inference_mode()
    def _frame(self, drive: Drive, driving: Conditions, index: int) -> Image:
        given = self._head.field.conditions(driving.audio(index), driving.expression(index))
        behind = torch.from_numpy(drive.background(index)).to(self._device).view(-1, 3) / 255.0
        parts = [
            render_colours(self._head, rays, behind[part], given)
            for part, rays in self._rays(drive, index)
        ]
        lens = drive.intrinsics
        image = (torch.cat(parts).clamp(0.0, 1.0) * 255.0).round().to(torch.uint8)
        return image.view(lens.height, lens.width, 3).cpu().numpy()

    @torch.inference_mode()
    def _layers(self, drive: Drive, driving: Conditions, index: int) -> Layers:
        given = self._head.field.conditions(driving.audio(index), driving.expression(index))
        lens, scale = drive.intrinsics, self._config.head.scale
        axis = torch.from_numpy(-drive.poses[index][:3, 2]).to(self._device)
        opacities, depths = [], []
        for _, rays in self._rays(drive, index):
            opacity, distance = render_distances(self._head, rays, given)
            opacities.append(opacity)
            # From along the ray to along the camera's axis.
            depths.append(distance * (rays[1] @ axis) / scale)
        alpha, depth = (
            torch.cat(parts).view(lens.height, lens.width).cpu().numpy()
            for parts in (opacities, depths)
        )
        return Layers(alpha, depth)

    def _rays(self, drive: Drive, index: int) -> Iterator[tuple[Tensor, Rays]]:
        """Yield the pixels of a frame, and their rays, some at a time."""
        lens = drive.intrinsics
        camera = Pinhole.of_pose(drive.poses[index], lens, self._config.head.scale, self._device)
        pixels = torch.arange(lens.width * lens.height, device=self._device)
        for part in pixels.split(_RAYS[self._device.type]):
            yield part, camera.rays(part % lens.width, part // lens.width)
