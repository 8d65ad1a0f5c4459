"""The spectrogram against one computed by its definition, in double precision."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tgbench.audio import Waveform
from tgbench.errors import TgbenchError
from tgbench.methods.wav2lip.mel import Speech

SOUND = (np.random.default_rng(5).standard_normal(6_317) * 0.1).astype(np.float32)


def by_definition(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the spectrogram [80, steps] with a transform and filters written out."""
    x = samples.astype(np.float64)
    x = np.array([x[0], *(x[1:] - 0.97 * x[:-1])])
    x = np.pad(x, 400, mode="reflect")
    steps = 1 + len(samples) // 200
    n = np.arange(800)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * n / 800)
    waves = np.exp(-2j * np.pi * np.outer(np.arange(401), n) / 800)
    spectra = np.stack([np.abs(waves @ (hann * x[200 * k : 200 * k + 800])) for k in range(steps)])
    energy = filters() @ spectra.T
    decibels = 20 * np.log10(np.maximum(1e-5, energy)) - 20
    return np.clip(8 * (decibels + 100) / 100 - 4, -4, 4)


def filters() -> NDArray[np.float64]:
    """Return Slaney's filters [80, 401], one bin at a time."""
    to_mel = lambda f: f / (200 / 3) if f < 1000 else 15 + math.log(f / 1000) / (math.log(6.4) / 27)  # noqa: E731
    to_hertz = lambda m: m * 200 / 3 if m < 15 else 1000 * math.exp((m - 15) * math.log(6.4) / 27)  # noqa: E731
    low, high = to_mel(55), to_mel(7600)
    ends = [to_hertz(low + (high - low) * i / 81) for i in range(82)]
    found = np.zeros((80, 401))
    for band in range(80):
        left, centre, right = ends[band : band + 3]
        for k in range(401):
            f = 20.0 * k
            if left < f <= centre:
                found[band, k] = (f - left) / (centre - left)
            elif centre < f < right:
                found[band, k] = (right - f) / (right - centre)
        found[band] *= 2 / (right - left)
    return found


def test_the_spectrogram_is_its_definition() -> None:
    speech = Speech(Waveform(SOUND))
    expected = by_definition(SOUND)
    assert len(speech) == expected.shape[1]
    assert expected.std() > 0.1
    np.testing.assert_allclose(speech.steps(0, len(speech)), expected, atol=2e-6)


def test_silence_is_the_floor_and_noise_at_full_scale_is_the_ceiling() -> None:
    silent = Speech(Waveform(np.zeros(8_000, np.float32)))
    assert (silent.steps(0, 40) == -4.0).all()
    loud = np.random.default_rng(0).choice([-1.0, 1.0], 8_000).astype(np.float32) * 100
    assert Speech(Waveform(loud)).steps(0, 40).max() == 4.0


@settings(max_examples=15)
@given(st.integers(0, 30), st.integers(1, 10))
def test_a_part_is_that_part_of_the_whole(first: int, count: int) -> None:
    speech = Speech(Waveform(SOUND))
    end = min(first + count, len(speech))
    whole = speech.steps(0, len(speech))
    np.testing.assert_array_equal(speech.steps(first, end), whole[:, first:end])


@settings(max_examples=15)
@given(
    st.lists(st.integers(0, 60), min_size=1, max_size=5).map(sorted),
    st.sampled_from([25.0, 30.0, 50.0]),
)
def test_windows_begin_at_their_frame_and_stop_at_the_end(frames: list[int], fps: float) -> None:
    speech = Speech(Waveform(SOUND))
    whole = speech.steps(0, len(speech))
    for frame, window in zip(frames, speech.windows(frames, fps), strict=True):
        start = min(math.floor(frame * 80 / fps), len(speech) - 16)
        np.testing.assert_array_equal(window, whole[:, start : start + 16])


@pytest.mark.parametrize("samples", [0, 1, 640])
def test_a_sound_shorter_than_a_window_goes_on_as_silence(samples: int) -> None:
    speech = Speech(Waveform(SOUND[:samples]))
    expected = by_definition(np.pad(SOUND[:samples], (0, 3_000 - samples)))
    np.testing.assert_allclose(speech.windows([0], 25.0)[0], expected[:, :16], atol=2e-6)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_samples_that_are_no_numbers_are_refused(value: float) -> None:
    broken = SOUND.copy()
    broken[100] = value
    with pytest.raises(TgbenchError, match="NaN"):
        Speech(Waveform(broken))


def test_another_rate_is_refused() -> None:
    with pytest.raises(TgbenchError, match="44100 Hz"):
        Speech(Waveform(SOUND, 44_100))
