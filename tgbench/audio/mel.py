"""Log-mel features, which need no pretrained network."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from .waveform import SAMPLE_RATE, Waveform
from .windows import STEPS_PER_FRAME, whole_frames, windows_of_steps

CHANNELS = 32
"""Filters on the mel scale."""

_FFT = 512
_HOP = SAMPLE_RATE // 50
_BLOCK = 4096
"""Steps whose spectra are held at once."""

_SPEECH_LEVEL = 0.05
_LOG_FLOOR = 1e-4
_LOG_CENTRE, _LOG_SPREAD = -3.0, 2.5


def log_mel_windows(waveform: Waveform) -> NDArray[np.float32]:
    """Compute the log-mel windows of every video frame of a waveform.

    Args:
        waveform: mono at 16 kHz.

    Returns:
        float32 [N, 16, 32], N = floor(seconds * 25). Window i spans the 320 ms centred on
        frame i's start; outside the sound there is silence. Loudness is normalised by the level
        of the clip's speech, so quiet and loud recordings of the same words agree.

    Raises:
        TgbenchError: the sound is shorter than one frame.
    """
    return np.concatenate(list(log_mel_stream(waveform)))


def log_mel_stream(waveform: Waveform) -> Iterator[NDArray[np.float32]]:
    """Yield the windows of `log_mel_windows` in blocks, float32 [n, 16, 32].

    Raises:
        TgbenchError: the sound is shorter than one frame.
    """
    steps = _log_mel(waveform.samples, whole_frames(waveform) * STEPS_PER_FRAME)
    return windows_of_steps(steps, outside=_silence())


def _silence() -> float:
    """Return the value that every mel channel has in digital silence."""
    return float((np.log(_LOG_FLOOR) - _LOG_CENTRE) / _LOG_SPREAD)


def _log_mel(samples: NDArray[np.float32], steps: int) -> Iterator[NDArray[np.float32]]:
    """Yield log-mel energies at 50 steps a second in blocks, step k centred on second k / 50."""
    level, filters = _speech_level(samples), _mel_filters(CHANNELS).T
    shape = np.hanning(_FFT).astype(np.float32)
    for first in range(0, steps, _BLOCK):
        last = min(first + _BLOCK, steps)
        heard = _emphasised(samples, first * _HOP - _FFT // 2, (last - 1) * _HOP + _FFT // 2)
        frames = np.lib.stride_tricks.sliding_window_view(heard / level, _FFT)[::_HOP]
        spectrum = np.abs(np.fft.rfft(frames * shape, axis=1)) ** 2
        energy = spectrum @ filters / _FFT
        yield ((np.log(energy + _LOG_FLOOR) - _LOG_CENTRE) / _LOG_SPREAD).astype(np.float32)


def _emphasised(samples: NDArray[np.float32], start: int, stop: int) -> NDArray[np.float32]:
    """Return x[t] - 0.97 x[t - 1] for t from start to stop, zero outside the sound."""
    result = np.zeros(stop - start, np.float32)
    first, last = max(start, 0), min(stop, len(samples))
    if first < last:
        inside = result[first - start : last - start]
        inside[:] = samples[first:last]
        later = max(first, 1)
        inside[later - first :] -= 0.97 * samples[later - 1 : last - 1]
    return result


def _speech_level(samples: NDArray[np.float32]) -> float:
    """RMS of the louder half of the 20 ms blocks: silence between words must not count."""
    blocks = len(samples) // _HOP
    if blocks == 0:
        return 1.0
    power = np.empty(blocks, np.float32)
    for first in range(0, blocks, _BLOCK):
        last = min(first + _BLOCK, blocks)
        heard = _emphasised(samples, first * _HOP, last * _HOP)
        power[first:last] = (heard.reshape(-1, _HOP) ** 2).mean(1)
    power.sort()
    level = float(np.sqrt(power[blocks // 2 :].mean()))
    return max(level, 1e-4) / _SPEECH_LEVEL


def _mel_filters(channels: int) -> NDArray[np.float32]:
    """Triangular filters [channels, bins], equally spaced on the mel scale from 60 to 7600 Hz."""
    mel_edges = np.linspace(_mel(60.0), _mel(7600.0), channels + 2)
    hertz_edges = 700.0 * (10.0 ** (mel_edges / 2595.0) - 1.0)
    bins = np.fft.rfftfreq(_FFT, 1.0 / SAMPLE_RATE)
    low, centre, high = hertz_edges[:-2, None], hertz_edges[1:-1, None], hertz_edges[2:, None]
    rising = (bins - low) / (centre - low)
    falling = (high - bins) / (high - centre)
    return np.maximum(0.0, np.minimum(rising, falling)).astype(np.float32)


def _mel(hertz: float) -> float:
    return float(2595.0 * np.log10(1.0 + hertz / 700.0))
