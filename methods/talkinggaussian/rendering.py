"""From a drive to frames: both branches, deformed, rasterized, fused over torso and plate."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import torch
from numpy.typing import NDArray

from tgbench.interfaces import Drive, Image

from .branch import Branch
from .conditions import Conditions
from .fusion import fuse
from .objectives import unit_image
from .rasterizer import available_cores
from .windows import window_camera


class Renderer:
    """Draws frames of trained branches; what no frame changes is computed once."""

    def __init__(self, branches: Sequence[Branch], units: tuple[str, ...]) -> None:
        """Take trained branches, the face first, and the action units that drive them."""
        self._branches = list(branches)
        self._units = units
        with torch.inference_mode():
            self._places = [
                branch.motion.places(branch.field.parameters["means"]) for branch in branches
            ]

    def frames(self, drive: Drive) -> Iterator[Image]:
        """Yield the frames of a drive in order, uint8 RGB [H, W, 3]."""
        conditions = Conditions.of_drive(drive, self._units)
        workers = available_cores()
        # One thread a frame scales better than threads inside a frame, and holds few in memory.
        with ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            waiting: deque[Future[Image]] = deque()
            try:
                for index in range(len(drive)):
                    waiting.append(pool.submit(self._frame, drive, conditions, index))
                    if len(waiting) > workers:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                for future in waiting:
                    future.cancel()

    def _frame(self, drive: Drive, conditions: Conditions, index: int) -> Image:
        with torch.inference_mode():
            camera = window_camera(drive.poses[index], drive.intrinsics)
            windows, units = conditions.audio(index), conditions.expression(index)
            drawn = []
            for branch, places in zip(self._branches, self._places, strict=True):
                motion = branch.motion
                deformation = motion.deform(places, motion.drivers(windows, units))
                drawn.append(branch.draw(camera, deformation))
            behind = unit_image(drive.background(index))
            fused = fuse(drawn[0], drawn[1] if len(drawn) > 1 else None, behind)
            return rounded(fused.numpy())


def rounded(image: NDArray[np.float32]) -> Image:
    """Return an image in [0, 1] as uint8, rounded to the nearest value."""
    return np.rint(np.clip(image, 0.0, 1.0) * 255.0).astype(np.uint8)
