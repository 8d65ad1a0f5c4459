"""Loudness of speech as ITU-R BS.1770-4 and EBU R128 define it, and sound brought to one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..arrays import scratch
from ..errors import TgbenchError
from .waveform import Waveform

RANGE = (-60.0, 0.0)
"""LUFS that can be asked for. Broadcasts in Europe have -23, most podcasts -16."""

# BS.1770-4 annex 1 gives its filters at 48 kHz; these are their analogue prototypes, as libebur128
# and pyloudnorm have them.
_SHELF_HERTZ, _SHELF_GAIN, _SHELF_Q = 1681.974450955533, 3.999843853973347, 0.7071752369554196
_SHELF_MIDDLE = 0.4996667741545416
_PASS_HERTZ, _PASS_Q = 38.13547087602444, 0.5003270373238773

_OFFSET = -0.691
_SILENCE, _GATE = -70.0, -10.0
_HOPS_A_SECOND, _HOPS_A_BLOCK = 10, 4
_AT_ONCE = 600
"""Hops of 0.1 s that are filtered at once."""


def loudness_of(waveform: Waveform) -> float:
    """Return the integrated loudness of mono sound in LUFS, -inf where it is silent.

    Of sound that is shorter than a block of 0.4 s the whole tenths of a second count.
    """
    energy = _energy(waveform)
    if len(energy) >= _HOPS_A_BLOCK:
        energy = np.lib.stride_tricks.sliding_window_view(energy, _HOPS_A_BLOCK).mean(1)
    heard = energy[_lufs(energy) > _SILENCE]
    if not len(heard):
        return -np.inf
    heard = heard[_lufs(heard) > _lufs(heard.mean()) + _GATE]
    return float(_lufs(heard.mean()))


def at_loudness(waveform: Waveform, wanted: float) -> Waveform:
    """Return sound of another loudness; nothing is cut off where samples then exceed 1.

    Args:
        waveform: to change.
        wanted: in LUFS.

    Raises:
        TgbenchError: the sound is silent.
    """
    found = loudness_of(waveform)
    if not np.isfinite(found):
        raise TgbenchError("the sound is silent, so that it cannot be brought to a loudness")
    samples: NDArray[np.float32] = scratch(waveform.samples.shape, np.float32)
    np.multiply(waveform.samples, np.float32(10 ** ((wanted - found) / 20)), out=samples)
    return Waveform(samples, waveform.rate)


def _energy(waveform: Waveform) -> NDArray[np.float64]:
    """Return the mean square of each 0.1 s of sound after the filter of the ear, [hops]."""
    from scipy.signal import sosfilt

    sections = _ear(waveform.rate)
    state = np.zeros((len(sections), 2))
    hop = waveform.rate // _HOPS_A_SECOND
    found = []
    for first in range(0, len(waveform.samples), hop * _AT_ONCE):
        part = waveform.samples[first : first + hop * _AT_ONCE].astype(np.float64)
        part, state = sosfilt(sections, part, zi=state)
        found.append(np.square(part[: len(part) // hop * hop]).reshape(-1, hop).mean(1))
    return np.concatenate(found) if found else np.zeros(0)


def _ear(rate: int) -> NDArray[np.float64]:
    """Return the K-weighting at a sample rate: a high shelf and a high pass, [2, 6]."""
    k, gain = np.tan(np.pi * _SHELF_HERTZ / rate), 10 ** (_SHELF_GAIN / 20)
    middle, whole = gain**_SHELF_MIDDLE, 1 + k / _SHELF_Q + k * k
    shelf = [
        (gain + middle * k / _SHELF_Q + k * k) / whole,
        2 * (k * k - gain) / whole,
        (gain - middle * k / _SHELF_Q + k * k) / whole,
        1.0,
        2 * (k * k - 1) / whole,
        (1 - k / _SHELF_Q + k * k) / whole,
    ]
    k = np.tan(np.pi * _PASS_HERTZ / rate)
    whole = 1 + k / _PASS_Q + k * k
    high_pass = [1, -2, 1, 1, 2 * (k * k - 1) / whole, (1 - k / _PASS_Q + k * k) / whole]
    return np.array([shelf, high_pass])


def _lufs(energy: NDArray[np.float64] | np.float64) -> NDArray[np.float64]:
    with np.errstate(divide="ignore"):
        return np.asarray(_OFFSET + 10 * np.log10(energy))
