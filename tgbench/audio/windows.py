"""Windows of audio steps around video frames, as AD-NeRF and its successors cut them.

Steps come at 50 a second, two a video frame. A frame's window holds the 16 steps from 8 before
its start to 7 after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from ..errors import TgbenchError
from .waveform import Waveform

WINDOW = 16
"""Steps in a frame's window."""

STEPS_PER_FRAME = 2
VIDEO_FPS = 25.0


def whole_frames(waveform: Waveform) -> int:
    """Return how many video frames a sound lasts, the incomplete last one left out.

    Raises:
        TgbenchError: less than one.
    """
    frames = int(len(waveform.samples) * VIDEO_FPS // waveform.rate)
    if frames < 1:
        raise TgbenchError("the audio is shorter than one video frame (40 ms)")
    return frames


def windows_of_steps(
    blocks: Iterable[NDArray[np.float32]], outside: float = 0.0
) -> Iterator[NDArray[np.float32]]:
    """Cut a stream of steps into windows, holding no more than a block.

    Args:
        blocks: float32 [n, channels], M steps in all.
        outside: what the steps before and after the sound hold.

    Yields:
        float32 [n, 16, channels], ceil(M / 2) windows in all; window i holds the steps 2 i - 8 to
        2 i + 7.
    """
    held: NDArray[np.float32] | None = None
    for block in blocks:
        edge = np.full((WINDOW // 2, block.shape[1]), outside, np.float32)
        held = np.concatenate([edge if held is None else held, block])
        count = max(0, (len(held) - WINDOW) // STEPS_PER_FRAME + 1)
        if count:
            yield _cut(held, count)
            held = held[count * STEPS_PER_FRAME :]
    if held is not None:
        # Of what is held, the first half of a window lies before the next window's frame.
        left = -(-(len(held) - WINDOW // 2) // STEPS_PER_FRAME)
        if left > 0:
            after = np.full((WINDOW, held.shape[1]), outside, np.float32)
            yield _cut(np.concatenate([held, after]), left)


def _cut(steps: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    windows = np.lib.stride_tricks.sliding_window_view(steps, WINDOW, axis=0)
    chosen = windows[: count * STEPS_PER_FRAME : STEPS_PER_FRAME]
    return np.ascontiguousarray(chosen.transpose(0, 2, 1), dtype=np.float32)
