"""Mel-frequency cepstra as `python_speech_features` computes them, in blocks.

That package holds all frames of a sound at once, which for an hour are gigabytes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct

from ..arrays import scratch
from ..audio import SAMPLE_RATE

Floats = NDArray[np.float64]

COEFFICIENTS = 26
"""Cepstral coefficients; the first is the logarithm of the energy."""

_WINDOW, _HOP, _FFT = 400, 160, 512
_EMPHASIS = 0.97
_LIFTER = 22
_LEAST = np.finfo(float).eps
_BLOCK = 4096


def every_second_mfcc(samples: NDArray[np.float32]) -> Floats:
    """Return the cepstra of every second step of 10 ms, as DeepSpeech takes them.

    Args:
        samples: float32 [T] at 16 kHz in [-1, 1]; they are taken as 16-bit integers.

    Returns:
        float64 [ceil(n / 2), 26] where n = 1 + ceil((T - 400) / 160) are the steps of 10 ms.
        Step k covers the 25 ms from k * 10 ms on; after the sound there are zeros.
    """
    steps = 1 + max(0, -(-(len(samples) - _WINDOW) // _HOP))
    count = -(-steps // 2)
    filters, lift = _mel_filters().T, _lift()
    result: Floats = scratch((count, COEFFICIENTS), float)
    for first in range(0, count, _BLOCK):
        last = min(first + _BLOCK, count)
        heard = _emphasised(samples, 2 * _HOP * first, 2 * _HOP * (last - 1) + _WINDOW)
        frames = np.lib.stride_tricks.sliding_window_view(heard, _WINDOW)[:: 2 * _HOP]
        power = np.square(np.abs(np.fft.rfft(frames, _FFT))) / _FFT
        energy = power.sum(1)
        bands = power @ filters
        cepstra = dct(np.log(np.where(bands == 0, _LEAST, bands)), type=2, axis=1, norm="ortho")
        cepstra *= lift
        cepstra[:, 0] = np.log(np.where(energy == 0, _LEAST, energy))
        result[first:last] = cepstra
    return result


def _emphasised(samples: NDArray[np.float32], start: int, stop: int) -> Floats:
    """Return x[t] - 0.97 x[t - 1] from start to stop, zero after the sound."""
    result = np.zeros(stop - start)
    heard = _as_16_bit(samples[start:stop])
    before = float(_as_16_bit(samples[start - 1 : start])[0]) if start else 0.0
    result[: len(heard)] = heard
    result[: len(heard)] -= _EMPHASIS * np.concatenate([[before], heard[:-1]])
    return result


def _as_16_bit(samples: NDArray[np.float32]) -> Floats:
    return np.clip(np.round(samples * np.float64(1 << 15)), -(1 << 15), (1 << 15) - 1)


def _mel_filters() -> Floats:
    """Triangles [26, 257] between whole bins of the transform, from 0 to 8000 Hz."""
    top = 2595.0 * np.log10(1.0 + SAMPLE_RATE / 2 / 700.0)
    hertz = 700.0 * (10.0 ** (np.linspace(0.0, top, COEFFICIENTS + 2) / 2595.0) - 1.0)
    edges = np.floor((_FFT + 1) * hertz / SAMPLE_RATE)
    bins = np.arange(_FFT // 2 + 1)
    low, centre, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising = np.where((bins >= low) & (bins < centre), (bins - low) / (centre - low), 0.0)
    falling = np.where((bins >= centre) & (bins < high), (high - bins) / (high - centre), 0.0)
    return rising + falling


def _lift() -> Floats:
    return 1.0 + _LIFTER / 2.0 * np.sin(np.pi * np.arange(COEFFICIENTS) / _LIFTER)
