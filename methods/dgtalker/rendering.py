"""From a drive to frames."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from tgbench.interfaces import Drive, Image
from tgbench.machine import cores

from ..shared.conditions import Conditions
from ..shared.crop_window import window_camera
from ..shared.malloc import keep_freed_memory
from ..shared.rasterizer import Rasterization
from .navigation import Navigation
from .person import Person

_Output = TypeVar("_Output")


class Renderer:
    """Renders heads over what is behind them in the drive."""

    def __init__(self, person: Person, navigation: Navigation) -> None:
        """Take a fitted person and navigation."""
        keep_freed_memory()
        self._person, self._navigation = person, navigation
        self._device = navigation.anchor.device
        # Threads inside a frame wait for each other; threads of one frame each do not.
        self._workers = cores() if self._device.type == "cpu" else 1
        self._pool = ThreadPoolExecutor(
            self._workers, initializer=torch.set_num_threads, initargs=(1,)
        )

    def frames(self, drive: Drive, driving: Conditions) -> Iterator[Image]:
        """Yield the frames of a drive in order, uint8 RGB [H, W, 3]."""
        codes = self.codes(driving)
        return self._each(len(drive), lambda index: self._frame(drive, codes, index))

    @torch.inference_mode()
    def codes(self, driving: Conditions) -> Tensor:
        """Return the codes of all frames of a drive, [T, C]."""
        navigation, expressions = self._navigation, driving.expressions
        features, windows = driving.features, driving.windows
        found = navigation.sequence(features, windows, expressions)
        expression, lips = navigation.displacements(found)
        return navigation.anchor + expression + lips

    def _frame(self, drive: Drive, codes: Tensor, index: int) -> Image:
        drawn = self._drawn(drive, codes, index)
        behind = drive.background(index).astype(np.float32)
        alpha = drawn.alpha[0, ..., None].cpu().numpy()
        image = 255.0 * drawn.colors[0].cpu().numpy() + (1.0 - alpha) * behind
        # Nothing of the head is drawn there: the background stays to the bit.
        return np.clip(np.rint(image), 0.0, 255.0).astype(np.uint8)

    @torch.inference_mode()
    def _drawn(self, drive: Drive, codes: Tensor, index: int) -> Rasterization:
        camera = window_camera(drive.poses[index], drive.intrinsics)
        return self._person.heads(codes[index : index + 1]).draw([camera])

    def _each(self, count: int, make: Callable[[int], _Output]) -> Iterator[_Output]:
        """Yield what is made of each frame, in order, a few ahead of the reader."""
        waiting: deque[Future[_Output]] = deque()
        try:
            for index in range(count):
                waiting.append(self._pool.submit(make, index))
                if len(waiting) > self._workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
