"""From a drive to frames."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeVar

import numpy as np
import torch
from torch import Tensor

from tgbench.interfaces import Drive, Image, Layers

from ..shared.conditions import Conditions
from ..shared.malloc import keep_freed_memory
from ..shared.threads import frame_threads
from .config import ErNerfConfig
from .network import expression_units
from .rays import Pinhole
from .torso import TorsoField
from .volume import Head, render_colours, render_distances

T = TypeVar("T")

_RAYS = {"cpu": 1 << 13, "cuda": 1 << 17}
"""Rays at a time: what a CPU's cache, or a GPU's memory, holds."""


class Torso(NamedTuple):
    """What stands behind the head, where it is not the true one.

    Attributes:
        field: of the torso.
        plate: uint8 [H, W, 3], behind both.
    """

    field: TorsoField
    plate: Image


class Renderer:
    """Renders frames of a trained head over torso and background."""

    def __init__(self, head: Head, torso: Torso | None, config: ErNerfConfig) -> None:
        """Take a trained head, its torso or None for the drive's, and their settings."""
        keep_freed_memory()
        self._head, self._torso, self._config = head, torso, config
        self._device = head.occupied.device

    def frames(self, drive: Drive) -> Iterator[Image]:
        """Yield the frames of a drive in order, uint8 RGB [H, W, 3].

        Raises:
            TgbenchError: a driving value is NaN or infinite, or an action unit is missing.
        """
        return self._by_threads(self._frame, drive)

    def layers(self, drive: Drive) -> Iterator[Layers]:
        """Yield where the head is in each frame of a drive.

        Raises:
            TgbenchError: as of `frames`.
        """
        return self._by_threads(self._layers, drive)

    def _by_threads(self, draw: Callable[[Drive, Conditions, int], T], drive: Drive) -> Iterator[T]:
        units = expression_units(self._config.head)
        driving = Conditions.of_drive(drive, units, device=self._device)
        return frame_threads(lambda index: draw(drive, driving, index), drive, self._device)

    @torch.inference_mode()
    def _frame(self, drive: Drive, driving: Conditions, index: int) -> Image:
        given = self._head.field.conditions(driving.audio(index), driving.expression(index))
        behind = drive.background(index) if self._torso is None else self._torso.plate
        back = torch.from_numpy(np.array(behind)).to(self._device).view(-1, 3) / 255.0
        lens, camera = drive.intrinsics, self._camera(drive, index)
        parts: list[Tensor] = []
        for columns, rows in self._pixels(drive):
            here = back[rows * lens.width + columns]
            if self._torso is not None:
                here = self._torso.field.over(here, columns, rows, camera)
            parts.append(render_colours(self._head, camera.rays(columns, rows), here, given))
        image = (torch.cat(parts).clamp(0.0, 1.0) * 255.0).round().to(torch.uint8)
        return image.view(lens.height, lens.width, 3).cpu().numpy()

    @torch.inference_mode()
    def _layers(self, drive: Drive, driving: Conditions, index: int) -> Layers:
        given = self._head.field.conditions(driving.audio(index), driving.expression(index))
        lens, camera = drive.intrinsics, self._camera(drive, index)
        axis = torch.from_numpy(-drive.poses[index][:3, 2]).to(self._device)
        opacities, depths = [], []
        for columns, rows in self._pixels(drive):
            rays = camera.rays(columns, rows)
            opacity, distance = render_distances(self._head, rays, given)
            opacities.append(opacity)
            # From along the ray to along the camera's axis.
            depths.append(distance * (rays[1] @ axis) / self._config.head.scale)
        alpha, depth = (
            torch.cat(parts).view(lens.height, lens.width).cpu().numpy()
            for parts in (opacities, depths)
        )
        return Layers(alpha, depth)

    def _camera(self, drive: Drive, index: int) -> Pinhole:
        scale = self._config.head.scale
        return Pinhole.of_pose(drive.poses[index], drive.intrinsics, scale, self._device)

    def _pixels(self, drive: Drive) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield columns and rows of all pixels of a frame, some at a time."""
        width = drive.intrinsics.width
        pixels = torch.arange(width * drive.intrinsics.height, device=self._device)
        for part in pixels.split(_RAYS[self._device.type]):
            yield part % width, part // width
