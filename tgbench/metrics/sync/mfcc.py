"""Mel-frequency cepstra as SyncNet was trained on: those of python_speech_features' defaults.

Every step is that package's, in its order and precision, for many frames at once, so that the
result is the same to the last bit: 25 ms frames every 10 ms without a window, pre-emphasis 0.97,
a 512-point power spectrum, 26 triangular mel filters, an orthonormal DCT of which 13 coefficients
are kept, a lifter of 22, and the log energy of the frame in place of the first coefficient.
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct

COEFFICIENTS = 13

_RATE = 16_000
_LENGTH, _STEP = 400, 160
_FFT = 512
_FILTERS = 26
_EMPHASIS = 0.97
_LIFTER = 22
_SMALLEST = np.finfo(float).eps
_BLOCK = 1024
"""Frames whose spectra are held at once: those of an hour would take gigabytes."""


def mfcc(samples: NDArray[np.int16]) -> NDArray[np.float32]:
    """Compute the cepstra of a whole sound, in float64 and rounded once.

    Args:
        samples: int16 [T] at 16 kHz, T > 0. The scale matters: samples in [-1, 1] give other
            values.

    Returns:
        float32 [N, 13], one row each 10 ms; the last frames are padded with zeros.
    """
    count = 1 if len(samples) <= _LENGTH else 1 + -(-(len(samples) - _LENGTH) // _STEP)
    return Cepstra(samples).steps(0, count)


class Cepstra:
    """The same for a sound that is gone through once: a part at a time is worked out and kept."""

    def __init__(self, samples: NDArray[np.int16]) -> None:
        self._samples = samples
        self._first = self._end = 0
        self._kept = np.empty((0, COEFFICIENTS), np.float32)

    def steps(self, first: int, count: int) -> NDArray[np.float32]:
        """Return float32 [count, 13] from step `first` on, which must not go back."""
        parts = [self._kept]
        while self._end < first + count:
            frames = _frames(self._samples, self._end, _BLOCK)
            parts.append(_cepstra(frames).astype(np.float32))
            self._end += _BLOCK
        self._kept = np.concatenate(parts)[first - self._first :]
        self._first = first
        return self._kept[:count]


def _frames(samples: NDArray[np.int16], first: int, count: int) -> NDArray[np.float64]:
    """Return float64 [count, 400] of the emphasised sound, from frame `first` on."""
    start, length = first * _STEP, (count - 1) * _STEP + _LENGTH
    heard = samples[start : start + length]
    emphasised = np.zeros(length)
    emphasised[: len(heard)] = heard
    before = samples[max(start - 1, 0) : start + len(heard) - 1]
    emphasised[len(heard) - len(before) : len(heard)] -= _EMPHASIS * before
    return np.lib.stride_tricks.sliding_window_view(emphasised, _LENGTH)[::_STEP]


def _cepstra(frames: NDArray[np.float64]) -> NDArray[np.float64]:
    power = 1.0 / _FFT * np.square(np.absolute(np.fft.rfft(frames, _FFT)))
    energy = _positive(np.sum(power, 1))
    mel = _positive(np.dot(power, _mel_filters().T))
    cepstra = dct(np.log(mel), type=2, axis=1, norm="ortho")[:, :COEFFICIENTS]
    cepstra = _lifter() * cepstra
    cepstra[:, 0] = np.log(energy)
    return cepstra


def _positive(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Let digital silence have a logarithm."""
    return np.where(values == 0, _SMALLEST, values)


def _lifter() -> NDArray[np.float64]:
    return 1 + (_LIFTER / 2.0) * np.sin(np.pi * np.arange(COEFFICIENTS) / _LIFTER)


@functools.cache
def _mel_filters() -> NDArray[np.float64]:
    """Triangles [26, 257], equally spaced in mel from 0 to 8 kHz, with their corners on bins."""
    top = 2595 * np.log10(1 + _RATE / 2 / 700.0)
    hertz = 700 * (10 ** (np.linspace(0.0, top, _FILTERS + 2) / 2595.0) - 1)
    corners = np.floor((_FFT + 1) * hertz / _RATE)
    bins = np.arange(_FFT // 2 + 1)
    filters = np.zeros((_FILTERS, len(bins)))
    for row, (low, centre, high) in enumerate(zip(corners, corners[1:], corners[2:], strict=False)):
        rising, falling = (low <= bins) & (bins < centre), (centre <= bins) & (bins < high)
        filters[row, rising] = (bins[rising] - low) / (centre - low)
        filters[row, falling] = (high - bins[falling]) / (high - centre)
    return filters
