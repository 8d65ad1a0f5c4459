"""How fast a method renders, measured apart from scoring and writing."""

from __future__ import annotations

import dataclasses
import itertools
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ..interfaces import Drive, Image, Method

TIMED = 100

PROTOCOL = (
    "one drive in order, {device}, {size}; the same frames rendered once as warm-up, then {timed} "
    "frames in one block, first request to last frame; from audio window to composited uint8 "
    "frame; a method may work on several frames at once; audio features, torso and plate already "
    "in memory; encoding not included"
)


class _HeldBackdrop:
    """Backdrops read before the clock starts."""

    def __init__(self, backdrops: dict[int, Image]) -> None:
        self._backdrops = backdrops

    def torso_over_background(self, frame: int) -> Image:
        return self._backdrops[frame]


def time_rendering(method: Method, drive: Drive, device: str) -> tuple[NDArray[np.float64], str]:
    """Time the rendering of up to 100 frames, after rendering the same frames once as warm-up.

    Returns:
        Wall seconds of each timed frame, float64 [K], and how they were measured.
    """
    frames = min(len(drive), TIMED)
    sources = {int(frame) for frame in drive.source_frames[:frames]}
    held = _HeldBackdrop({i: drive.backdrop.torso_over_background(i) for i in sources})
    shortened = dataclasses.replace(
        drive,
        poses=drive.poses[:frames],
        feature_index=drive.feature_index[:frames],
        source_frames=drive.source_frames[:frames],
        action_units=dataclasses.replace(
            drive.action_units,
            values={name: row[:frames] for name, row in drive.action_units.values.items()},
        ),
        backdrop=held,
    )
    wait = _waiter(device)
    # All of it once before: a method may work ahead, so a clock started in mid-stream would be
    # given frames that were rendered before it started.
    _seconds_of_frames(method, shortened, wait)
    seconds = _seconds_of_frames(method, shortened, wait)
    intrinsics = drive.intrinsics
    size = f"{intrinsics.width}x{intrinsics.height}"
    return seconds, PROTOCOL.format(device=device, size=size, timed=len(seconds))


def _seconds_of_frames(
    method: Method, drive: Drive, wait: Callable[[], None]
) -> NDArray[np.float64]:
    stamps = [time.perf_counter()]
    for _ in method.render(drive):
        wait()
        stamps.append(time.perf_counter())
    return np.array([later - sooner for sooner, later in itertools.pairwise(stamps)])


def _waiter(device: str) -> Callable[[], None]:
    if device != "cuda":
        return lambda: None
    import torch

    return torch.cuda.synchronize
