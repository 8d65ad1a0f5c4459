"""How fast a method renders, measured apart from scoring and writing."""

from __future__ import annotations

import dataclasses
import itertools
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ..interfaces import Drive, Image, Method

WARM_UP = 10
TIMED = 100

PROTOCOL = (
    f"batch 1, {{device}}, {{size}}; {WARM_UP} warm-up frames, then {{timed}} frames in one block; "
    "wall clock from audio window to composited uint8 frame; audio features, torso and plate "
    "already in memory; encoding not included"
)


class _HeldBackdrop:
    """Backdrops read before the clock starts."""

    def __init__(self, backdrops: dict[int, Image]) -> None:
        self._backdrops = backdrops

    def torso_over_background(self, frame: int) -> Image:
        return self._backdrops[frame]


def time_rendering(method: Method, drive: Drive, device: str) -> tuple[NDArray[np.float64], str]:
    """Time the rendering of up to 100 frames after 10 of warm-up.

    A drive too short for that is rendered twice, the first time as warm-up.

    Returns:
        Wall seconds of each timed frame, float64 [K], and how they were measured.
    """
    frames = min(len(drive), WARM_UP + TIMED)
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
    warm_up = WARM_UP if frames >= 4 * WARM_UP else 0
    if not warm_up:
        _seconds_of_frames(method, shortened, wait)
    seconds = _seconds_of_frames(method, shortened, wait)[warm_up:]
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
