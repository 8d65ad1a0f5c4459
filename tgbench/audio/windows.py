"""Windows of audio steps around video frames, as AD-NeRF and its successors cut them.

Steps come at 50 a second, two a video frame. A frame's window holds the 16 steps from 8 before
its start to 7 after it.
"""

from __future__ import annotations

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


def sliding_windows(steps: NDArray[np.float32], outside: float = 0.0) -> NDArray[np.float32]:
    """Cut steps into one window for each video frame.

    Args:
        steps: float32 [2 N, channels], from the start of the sound.
        outside: what the steps before and after the sound hold.

    Returns:
        float32 [N, 16, channels]; window i holds the steps 2 i - 8 to 2 i + 7.
    """
    frames = len(steps) // STEPS_PER_FRAME
    edge = np.full((WINDOW // 2, steps.shape[1]), outside, np.float32)
    padded = np.concatenate([edge, steps, edge])
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW, axis=0)
    chosen = windows[: frames * STEPS_PER_FRAME : STEPS_PER_FRAME]
    return np.ascontiguousarray(chosen.transpose(0, 2, 1), dtype=np.float32)
