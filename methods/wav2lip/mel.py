"""The mel spectrogram that the published checkpoints were trained on.

16 kHz, pre-emphasis 0.97, magnitudes of a transform of 800 samples every 200, 80 of Slaney's
filters from 55 to 7600 Hz, decibels from -100 to 0 below a reference of 20, mapped to -4 to 4.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.signal import get_window

from tgbench.audio.waveform import SAMPLE_RATE, Waveform
from tgbench.errors import TgbenchError

from .generator import MEL_BANDS, MEL_STEPS

STEPS_PER_SECOND = 80
_LENGTH, _HOP = 800, 200
_EMPHASIS = 0.97
_LOWEST, _HIGHEST = 55.0, 7600.0
_REFERENCE_DB, _FLOOR_DB = 20.0, -100.0
_SPAN = 4.0

_LINEAR_HERTZ, _LINEAR_MELS = 1000.0, 15.0
"""Slaney's scale is linear up to here, and logarithmic above."""

_OCTAVE_MELS = 27.0 / np.log(6.4)


class Speech:
    """The spectrogram of a sound, of which a part at a time is computed."""

    def __init__(self, sound: Waveform) -> None:
        """Take a sound.

        Raises:
            TgbenchError: it is not at 16 kHz, or holds samples that are no numbers.
        """
        if sound.rate != SAMPLE_RATE:
            raise TgbenchError(f"the driving sound is at {sound.rate} Hz; give {SAMPLE_RATE} Hz")
        if not np.isfinite(sound.samples).all():
            raise TgbenchError(
                "the driving sound holds samples that are NaN or infinity; write the sound again"
            )
        # A sound shorter than a window of the network goes on as silence.
        lacking = max(0, (MEL_STEPS - 1) * _HOP - len(sound.samples))
        self._samples = np.pad(sound.samples, (0, lacking)) if lacking else sound.samples

    def __len__(self) -> int:
        """Return the number of steps, 80 a second; step k is centred on sample 200 k."""
        return 1 + len(self._samples) // _HOP

    def windows(self, frames: Sequence[int], fps: float) -> NDArray[np.float32]:
        """Return what is heard from the starts of video frames on, float32 [B, 80, 16].

        The last windows are those of the end of the sound.

        Args:
            frames: numbers of the video frames, ascending.
            fps: frames a second.
        """
        last = len(self) - MEL_STEPS
        starts = [min(int(frame * STEPS_PER_SECOND / fps), last) for frame in frames]
        steps = self.steps(starts[0], starts[-1] + MEL_STEPS)
        return np.stack([steps[:, s - starts[0] :][:, :MEL_STEPS] for s in starts])

    def steps(self, first: int, end: int) -> NDArray[np.float32]:
        """Return the steps from `first` to before `end`, float32 [80, end - first], -4 to 4."""
        heard = _emphasised(self._samples, first * _HOP - _LENGTH // 2, end * _HOP + _LENGTH // 2)
        frames = np.lib.stride_tricks.sliding_window_view(heard, _LENGTH)[::_HOP][: end - first]
        window = get_window("hann", _LENGTH)
        magnitudes = np.abs(np.fft.rfft(frames * window, axis=1))
        energy = magnitudes @ mel_filters().T
        floor = 10.0 ** (_FLOOR_DB / 20.0)
        decibels = 20.0 * np.log10(np.maximum(energy, floor)) - _REFERENCE_DB
        scaled = 2.0 * _SPAN * (decibels - _FLOOR_DB) / -_FLOOR_DB - _SPAN
        return np.clip(scaled, -_SPAN, _SPAN).astype(np.float32).T


def _emphasised(samples: NDArray[np.float32], start: int, stop: int) -> NDArray[np.float64]:
    """Return x[t] - 0.97 x[t - 1] for t from `start` to `stop`, mirrored at the ends of the sound.

    The sample before the first one is 0. Mirroring comes after the emphasis.
    """
    last = len(samples) - 1
    times = np.abs(np.arange(start, stop))
    times = np.minimum(last - np.abs(last - times), last)
    before = np.where(times > 0, samples[times - 1], 0.0)
    emphasised: NDArray[np.float64] = samples[times].astype(np.float64) - _EMPHASIS * before
    return emphasised


@functools.cache
def mel_filters() -> NDArray[np.float64]:
    """Return triangles of equal area [80, 401], equally spaced on Slaney's mel scale."""
    lowest, highest = _to_mel(np.array([_LOWEST, _HIGHEST]))
    hertz = _to_hertz(np.linspace(lowest, highest, MEL_BANDS + 2))
    bins = np.fft.rfftfreq(_LENGTH, 1.0 / SAMPLE_RATE)
    low, centre, high = hertz[:-2, None], hertz[1:-1, None], hertz[2:, None]
    rising, falling = (bins - low) / (centre - low), (high - bins) / (high - centre)
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    filters: NDArray[np.float64] = triangles * 2.0 / (high - low)
    return filters


def _to_mel(hertz: NDArray[np.float64]) -> NDArray[np.float64]:
    linear = hertz * _LINEAR_MELS / _LINEAR_HERTZ
    above = np.maximum(hertz, _LINEAR_HERTZ) / _LINEAR_HERTZ
    return np.where(hertz < _LINEAR_HERTZ, linear, _LINEAR_MELS + np.log(above) * _OCTAVE_MELS)


def _to_hertz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    linear = mel * _LINEAR_HERTZ / _LINEAR_MELS
    above = _LINEAR_HERTZ * np.exp((mel - _LINEAR_MELS) / _OCTAVE_MELS)
    return np.where(mel < _LINEAR_MELS, linear, above)
