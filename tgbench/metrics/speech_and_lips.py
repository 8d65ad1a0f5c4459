"""How loud speech is at each frame, and how the opening of a mouth correlates with it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfiltfilt

from ..audio import Waveform

Series = NDArray[np.float64]

MAX_LAG_SECONDS = 0.4
"""How far lips and sound may be apart and still be looked for."""

SHORTEST_SECONDS = 2.0
"""Of frames with a face and a sound; less of them correlate by chance."""

_SPEECH_BAND = (300.0, 3400.0)
_LEVEL_WINDOW_SECONDS = 0.08
_FRAMES_AT_ONCE = 1500
_MARGIN_SECONDS = 1.0
_TREND_SECONDS = 0.5
_CHANCE_LAGS_SECONDS = (1.0, 1.8)


@dataclass(frozen=True)
class Agreement:
    """How lips and sound agree.

    Attributes:
        correlation: Pearson's r at the best lag, in [-1, 1].
        lag: frames by which the lips are behind the sound there; negative: ahead of it.
        at_zero: r without any lag.
        chance: the best r among as many lags far from any real one; None: the clip is too short.
    """

    correlation: float
    lag: int
    at_zero: float
    chance: float | None


def speech_level(audio: Waveform, frames: int, fps: float) -> Series:
    """Return how loud the speech is at each frame, float64 [frames].

    The square root of the RMS between 300 and 3400 Hz in the 80 ms centred on the frame's start:
    compressed, because loudness spans orders of magnitude and the lips do not.
    """
    band = butter(4, _SPEECH_BAND, "bandpass", fs=audio.rate, output="sos")
    half = round(_LEVEL_WINDOW_SECONDS / 2.0 * audio.rate)
    centres = np.round(np.arange(frames) / fps * audio.rate).astype(np.int64)
    energy = np.empty(frames)
    # In pieces, for the filter works in float64 on several copies; its response dies away long
    # before the end of the margin.
    margin = round(_MARGIN_SECONDS * audio.rate)
    last = max(int(centres[-1]) + half, len(audio.samples)) if frames else 0
    for first in range(0, frames, _FRAMES_AT_ONCE):
        near = centres[first : first + _FRAMES_AT_ONCE]
        start = max(int(near[0]) - half - margin, -half)
        stop = min(int(near[-1]) + half + margin, last)
        heard = sosfiltfilt(band, _between(audio.samples, start, stop))
        power = np.concatenate([[0.0], np.cumsum(heard**2)])
        energy[first : first + len(near)] = power[near - start + half] - power[near - start - half]
    return np.sqrt(np.sqrt(np.maximum(energy, 0.0) / (2 * half)))


def _between(samples: NDArray[np.float32], start: int, stop: int) -> NDArray[np.float64]:
    """Return samples from start to stop, silent outside the sound."""
    inside = samples[max(start, 0) : max(stop, 0)]
    before = max(-start, 0)
    return np.pad(inside.astype(np.float64), (before, stop - start - before - len(inside)))


def lip_agreement(opening: Series, level: Series, fps: float) -> Agreement | None:
    """Correlate the opening of the mouth with the level of the speech.

    What changes slower than half a second (a smile, a turn of the head, the distance to the
    microphone) is removed from both first.

    Args:
        opening: [T], NaN where there was no face.
        level: [T], NaN where there is no sound.
        fps: frames a second.

    Returns:
        None where one of them never changes, or less than two seconds are scored.
    """
    window = max(3, round(_TREND_SECONDS * fps) | 1)
    opening, level = _without_trend(opening, window), _without_trend(level, window)
    reach = round(MAX_LAG_SECONDS * fps)
    fewest = round(SHORTEST_SECONDS * fps)
    near = {lag: _correlation(opening, level, lag, fewest) for lag in range(-reach, reach + 1)}
    known = {lag: value for lag, value in near.items() if value is not None}
    at_zero = known.get(0)
    if at_zero is None:
        return None
    best = max(known, key=lambda lag: (known[lag], -abs(lag)))
    first, last = (round(seconds * fps) for seconds in _CHANCE_LAGS_SECONDS)
    away = [
        value
        for lag in range(first, last + 1)
        for value in (
            _correlation(opening, level, lag, fewest),
            _correlation(opening, level, -lag, fewest),
        )
        if value is not None
    ]
    return Agreement(known[best], best, at_zero, max(away, default=None))


def _without_trend(series: Series, window: int) -> Series:
    """Subtract the moving mean over the known values of a window."""
    known = np.isfinite(series)
    kernel = np.ones(window)
    # A series shorter than the window would come back as long as the window.
    total = np.convolve(np.where(known, series, 0.0), kernel, "full")
    count = np.convolve(known.astype(np.float64), kernel, "full")
    middle = slice(window // 2, window // 2 + len(series))
    return series - total[middle] / np.maximum(count[middle], 1.0)


def _correlation(opening: Series, level: Series, lag: int, fewest: int) -> float | None:
    """Pearson's r of opening[i + lag] and level[i]; None: too few pairs, or one is constant."""
    length = len(opening)
    if abs(lag) >= length:
        return None
    lips = opening[max(0, lag) : length + min(0, lag)]
    sound = level[max(0, -lag) : length + min(0, -lag)]
    known = np.isfinite(lips) & np.isfinite(sound)
    if known.sum() < fewest:
        return None
    lips, sound = lips[known] - lips[known].mean(), sound[known] - sound[known].mean()
    scale = float(np.linalg.norm(lips) * np.linalg.norm(sound))
    if scale < 1e-9:
        return None
    return float(lips @ sound) / scale
