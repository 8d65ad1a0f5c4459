"""From a drive to frames: both branches, deformed, rasterized, fused over torso and plate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from tgbench.interfaces import Drive, Image, Layers

from ..shared.conditions import Conditions
from ..shared.crop_window import window_camera
from ..shared.fusion import fuse, fused_image, fused_layers
from ..shared.malloc import keep_freed_memory
from ..shared.threads import frame_threads, one_thread
from .branch import Branch
from .config import TalkingGaussianConfig
from .motion import Drivers, Places, expression_units

_BATCH = 16
"""Frames that a GPU draws together; at 512 x 512 they take about 200 MB."""


class Renderer:
    """Draws frames of trained branches; what does not depend on the frame is computed once."""

    def __init__(self, branches: Sequence[Branch], config: TalkingGaussianConfig) -> None:
        """Take trained branches, the face first, and the settings that they were trained with."""
        keep_freed_memory()
        self._branches = list(branches)
        self._config = config
        self._cut = config.frame_rounding == "down"
        self._device = branches[0].field.device
        self._places = self._undeformed()

    def frames(self, drive: Drive) -> Iterator[Image]:
        """Yield the frames of a drive in order, uint8 RGB [H, W, 3]."""
        drivers = self._drivers(drive)
        if self._device.type == "cpu":
            return frame_threads(
                lambda index: self._frame(drive, drivers, index), drive, self._device
            )
        return self._by_batches(drive, drivers)

    def layers(self, drive: Drive) -> Iterator[Layers]:
        """Yield where both branches together are in each frame of a drive."""
        drivers = self._drivers(drive)
        return frame_threads(lambda index: self._layers(drive, drivers, index), drive, self._device)

    def _by_batches(self, drive: Drive, drivers: Sequence[Drivers]) -> Iterator[Image]:
        """Draw several frames in each call, which keeps a GPU busy, and fetch them together."""
        for first in range(0, len(drive), _BATCH):
            yield from self._batch(drive, drivers, range(first, min(first + _BATCH, len(drive))))

    def _batch(self, drive: Drive, drivers: Sequence[Drivers], indices: range) -> Iterator[Image]:
        with torch.inference_mode():
            cameras = [window_camera(drive.poses[index], drive.intrinsics) for index in indices]
            drawn = [
                branch.draw_batch(
                    cameras,
                    [branch.motion.deform(places, driving.at(index)) for index in indices],
                )
                for branch, places, driving in zip(
                    self._branches, self._places, drivers, strict=True
                )
            ]
            behind = np.stack([drive.background(index) for index in indices])
            fused = fuse(
                drawn[0],
                drawn[1] if len(drawn) > 1 else None,
                torch.from_numpy(behind).to(self._device) / 255.0,
            )
            images = fused.clamp(0.0, 1.0) * 255.0
            images = (images if self._cut else images.round()).to(torch.uint8)
        return iter(images.cpu().numpy())

    def _undeformed(self) -> list[Places]:
        """Return where each branch's Gaussians stand in its grid."""
        with torch.inference_mode(), one_thread():
            return [
                branch.motion.places(branch.field.parameters["means"]) for branch in self._branches
            ]

    def _drivers(self, drive: Drive) -> list[Drivers]:
        """Return what drives each branch, of all frames: a few hundred bytes a frame."""
        with torch.inference_mode(), one_thread():
            conditions = conditions_of(drive, self._config, self._device)
            features, windows = conditions.features, conditions.windows
            units = conditions.expressions
            return [branch.motion.sequence(features, windows, units) for branch in self._branches]

    def _layers(self, drive: Drive, drivers: Sequence[Drivers], index: int) -> Layers:
        with torch.inference_mode():
            camera = window_camera(drive.poses[index], drive.intrinsics)
            drawn = [
                branch.draw_depth(camera, branch.motion.deform(places, driving.at(index)))
                for branch, places, driving in zip(
                    self._branches, self._places, drivers, strict=True
                )
            ]
            return fused_layers(drawn[0], drawn[1] if len(drawn) > 1 else None)

    def _frame(self, drive: Drive, drivers: Sequence[Drivers], index: int) -> Image:
        with torch.inference_mode():
            camera = window_camera(drive.poses[index], drive.intrinsics)
            drawn = [
                branch.draw(camera, branch.motion.deform(places, driving.at(index)))
                for branch, places, driving in zip(
                    self._branches, self._places, drivers, strict=True
                )
            ]
            return fused_image(
                drawn[0], drawn[1] if len(drawn) > 1 else None, drive.background(index), self._cut
            )


def conditions_of(drive: Drive, config: TalkingGaussianConfig, device: torch.device) -> Conditions:
    """Return what drives the frames to render."""
    return Conditions.of_drive(
        drive,
        expression_units(config),
        device=device,
        silent_outside=config.audio.outside == "zeros",
    )
