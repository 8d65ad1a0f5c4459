"""From a drive to frames."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from tgbench.interfaces import Drive, Image, Layers

from ..shared.conditions import Conditions
from ..shared.crop_window import window_camera
from ..shared.fusion import fused_image, fused_layers
from ..shared.malloc import keep_freed_memory
from ..shared.threads import frame_threads
from .navigation import Coefficients, Navigation
from .person import Person


class Renderer:
    """Renders heads over what is behind them in the drive."""

    def __init__(self, person: Person, navigation: Navigation) -> None:
        """Take a fitted person and navigation."""
        keep_freed_memory()
        self._person, self._navigation = person, navigation
        self.device = navigation.anchor.device

    def frames(self, drive: Drive, driving: Conditions) -> Iterator[Image]:
        """Yield the frames of a drive in order, uint8 RGB [H, W, 3]."""
        return self.frames_of(drive, self.coefficients(driving))

    def frames_of(self, drive: Drive, found: Coefficients) -> Iterator[Image]:
        """Yield the frames of a drive whose blendshapes have these coefficients."""
        codes = self.codes(found)
        return frame_threads(lambda index: self._frame(drive, codes, index), drive, self.device)

    def parted(self, together: Tensor) -> Coefficients:
        """Return coefficients of all blendshapes [T, k_e + k_l] set by set."""
        return self._navigation.parted(together)

    def layers(self, drive: Drive, driving: Conditions) -> Iterator[Layers]:
        """Yield where the head is in each frame of a drive."""
        codes = self.codes(self.coefficients(driving))
        return frame_threads(lambda index: self._layers(drive, codes, index), drive, self.device)

    @torch.inference_mode()
    def coefficients(self, driving: Conditions) -> Coefficients:
        """Return the coefficients of all frames of a drive."""
        features, windows = driving.features, driving.windows
        return self._navigation.sequence(features, windows, driving.expressions)

    @torch.inference_mode()
    def codes(self, found: Coefficients) -> Tensor:
        """Return the codes of all frames, [T, C]."""
        expression, lips = self._navigation.displacements(found)
        return self._navigation.anchor + expression + lips

    @torch.inference_mode()
    def _frame(self, drive: Drive, codes: Tensor, index: int) -> Image:
        camera = window_camera(drive.poses[index], drive.intrinsics)
        drawn = self._person.heads(codes[index : index + 1]).draw([camera])
        return fused_image(drawn.frame(0), None, drive.background(index))

    @torch.inference_mode()
    def _layers(self, drive: Drive, codes: Tensor, index: int) -> Layers:
        camera = window_camera(drive.poses[index], drive.intrinsics)
        drawn = self._person.heads(codes[index : index + 1]).draw_depth([camera])
        return fused_layers(drawn.frame(0), None)
