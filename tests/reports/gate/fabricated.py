"""Values at single frames as a talking head gives them: alike from frame to frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Series = NDArray[np.float64]

FRAMES = 150


def wander(frames: int, deviation: float, generator: np.random.Generator, memory: float) -> Series:
    """A stationary autoregressive series of order one, mean 0."""
    values = np.empty(frames)
    values[0] = generator.normal()
    for i in range(1, frames):
        values[i] = memory * values[i - 1] + np.sqrt(1 - memory**2) * generator.normal()
    return deviation * values


def clip(generator: np.random.Generator, frames: int = FRAMES) -> dict[str, Series]:
    """What a method gets on a clip: hard stretches of it are hard for any version of the method."""
    hard = wander(frames, 1.0, generator, 0.95)
    speech = np.abs(wander(frames, 1.0, generator, 0.8))
    return {
        "psnr": 33.0 - 1.5 * hard + wander(frames, 0.3, generator, 0.5),
        "ssim_face": 0.93 - 0.01 * hard + wander(frames, 0.004, generator, 0.5),
        "lmd": 0.6 + 0.5 * speech + wander(frames, 0.1, generator, 0.5),
        "aue_l_geometry": 0.5 + 1.5 * speech**2,
    }


NOISE = {"psnr": 0.08, "ssim_face": 0.002, "lmd": 0.05, "aue_l_geometry": 0.25}
"""Deviation at a frame between two runs of the same thing on a GPU, or of two seeds."""


def again(before: dict[str, Series], generator: np.random.Generator) -> dict[str, Series]:
    """The same method once more: rounding led the fit elsewhere."""
    return {
        name: values
        + wander(len(values), NOISE[name], generator, 0.9)
        + generator.normal(0.0, NOISE[name] / 4)
        for name, values in before.items()
    }
