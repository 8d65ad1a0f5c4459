"""Videos of waves, in the length and with the sound that a test wants."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tgbench.audio import SAMPLE_RATE, Waveform
from tgbench.video.writer import VideoWriter


def frame(index: int, size: int, noise: float = 0.0) -> NDArray[np.uint8]:
    y, x = np.mgrid[:size, :size]
    picture = 128 + 60 * np.sin(x / 9.0 + index * 0.3) + 40 * np.cos(y / 7.0)
    rng = np.random.default_rng(index)
    picture = picture + noise * rng.normal(size=picture.shape)
    return np.repeat(np.clip(picture, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def video(
    path: Path,
    frames: int,
    *,
    size: int = 64,
    fps: float = 25.0,
    noise: float = 0.0,
    sound: float = 0,
) -> Path:
    audio = Waveform(np.zeros(int(sound * SAMPLE_RATE), np.float32)) if sound else None
    with VideoWriter(path, size, size, fps=fps, audio=audio) as writer:
        for index in range(frames):
            writer.write(frame(index, size, noise))
    return path
