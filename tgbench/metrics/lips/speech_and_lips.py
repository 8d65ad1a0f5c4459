"""How loud speech is at each frame, and how the opening of a mouth correlates with it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfiltfilt

from ...audio import Waveform
from ...statistics import Series
from .specs import SHORTEST_SPEECH

MAX_LAG_SECONDS = 0.4
"""How far lips and sound may be apart and still be looked for."""

_SPEECH_BAND = (300.0, 3400.0)
_LEVEL_WINDOW_SECONDS = 0.08
_FRAMES_AT_ONCE = 1500
_MARGIN_SECONDS = 1.0
_TREND_SECONDS = 0.5
_CHANCE_QUANTILE = 0.95
_UNRELATED_SOUNDS = 200
"""Of each kind, at most."""


@dataclass(frozen=True)
class Agreement:
    """How lips and sound agree.

    Attributes:
        correlation: Pearson's r at the best lag, in [-1, 1].
        lag: frames by which the lips are behind the sound there; negative: ahead of it.
        at_zero: r without any lag.
        chance: the best r that only 5 % of unrelated sounds reach over the same lags; below it
            `correlation` and `lag` mean nothing.
        is_peak: whether r was looked for on both sides of the lag, and is no higher there.
    """

    correlation: float
    lag: int
    at_zero: float
    chance: float
    is_peak: bool


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
        None where one of them never changes, or less than `SHORTEST_SPEECH` seconds are scored.
    """
    fewest = round(SHORTEST_SPEECH * fps)
    if min(np.isfinite(opening).sum(), np.isfinite(level).sum()) < fewest:
        return None
    window = max(3, round(_TREND_SECONDS * fps) | 1)
    opening, level = _without_trend(opening, window), _without_trend(level, window)
    reach = round(MAX_LAG_SECONDS * fps)
    lags = range(-reach, reach + 1)
    sounds = np.vstack([level, *_unrelated(level, reach)])
    found = {lag: _correlations(opening, sounds, lag, fewest) for lag in lags}
    known = {lag: values for lag, values in found.items() if values is not None}
    if 0 not in known:
        return None
    best = max(known, key=lambda lag: (known[lag][0], -abs(lag)))
    return Agreement(
        correlation=float(known[best][0]),
        lag=best,
        at_zero=float(known[0][0]),
        chance=_chance(np.max(list(known.values()), axis=0)[1:]),
        is_peak=best - 1 in known and best + 1 in known,
    )


def _without_trend(series: Series, window: int) -> Series:
    """Subtract the moving mean over the known values of a window."""
    known = np.isfinite(series)
    kernel = np.ones(window)
    # A series shorter than the window would come back as long as the window.
    total = np.convolve(np.where(known, series, 0.0), kernel, "full")
    count = np.convolve(known.astype(np.float64), kernel, "full")
    middle = slice(window // 2, window // 2 + len(series))
    return series - total[middle] / np.maximum(count[middle], 1.0)


def _unrelated(level: Series, reach: int) -> tuple[Series, Series]:
    """Return sounds as smooth as the level that the lips cannot follow: two arrays [N, T].

    The first has the level's spectrum and random phases (Ebisuzaki 1997, J. Climate 10:2147). The
    second is the level shifted in a circle beyond any lag that is looked for, which keeps its
    pauses too, but holds few independent sounds if the clip is short.
    """
    length = len(level)
    unknown = ~np.isfinite(level)
    whole = np.where(unknown, 0.0, level)
    spectrum = np.fft.rfft(whole)
    # Seeded: the same clip always has the same chance.
    turns = np.random.default_rng(0).random((_UNRELATED_SOUNDS, len(spectrum)))
    scrambled = np.fft.irfft(spectrum * np.exp(2j * np.pi * turns), length, axis=1)
    far = range(2 * reach + 1, length - 2 * reach)
    shifts = far[:: len(far) // _UNRELATED_SOUNDS + 1]
    shifted = np.array([np.roll(whole, shift) for shift in shifts]).reshape(-1, length)
    scrambled[:, unknown] = np.nan
    shifted[:, unknown] = np.nan
    return scrambled, shifted


def _chance(best: Series) -> float:
    """Return what 5 % of unrelated sounds exceed, of the kind for which that is more."""
    kinds = best[:_UNRELATED_SOUNDS], best[_UNRELATED_SOUNDS:]
    return max(float(np.quantile(kind, _CHANCE_QUANTILE)) for kind in kinds if len(kind))


def _correlations(opening: Series, levels: Series, lag: int, fewest: int) -> Series | None:
    """Pearson's r of opening[i + lag] and each of levels[:, i], [N].

    None: too few pairs, or the lips or the first level are constant. The levels are known at the
    same frames.
    """
    length = len(opening)
    if abs(lag) >= length:
        return None
    lips = opening[max(0, lag) : length + min(0, lag)]
    sounds = levels[:, max(0, -lag) : length + min(0, -lag)]
    known = np.isfinite(lips) & np.isfinite(sounds[0])
    if known.sum() < fewest:
        return None
    lips, sounds = lips[known], sounds[:, known]
    lips = lips - lips.mean()
    sounds = sounds - sounds.mean(axis=1, keepdims=True)
    scale = np.linalg.norm(sounds, axis=1) * np.linalg.norm(lips)
    if scale[0] < 1e-9:
        return None
    # What was shifted may be constant where the level is not; it follows no lips.
    return np.divide(sounds @ lips, scale, out=np.zeros_like(scale), where=scale >= 1e-9)
