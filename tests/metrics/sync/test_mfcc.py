from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tgbench.metrics.sync import mfcc as module
from tgbench.metrics.sync.mfcc import mfcc

from .reference import literal_mfcc


def _noise(length: int, seed: int = 0, level: float = 3000.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, level, length).astype(np.int16)


def _expected(samples: np.ndarray) -> np.ndarray:
    package = pytest.importorskip("python_speech_features")
    return package.mfcc(samples, 16_000).astype(np.float32)


@settings(max_examples=40)
@given(st.integers(1, 6000), st.integers(0, 1000), st.sampled_from([1.0, 200.0, 9000.0]))
def test_equals_the_package_to_the_last_bit(length: int, seed: int, level: float) -> None:
    samples = _noise(length, seed, level)
    np.testing.assert_array_equal(mfcc(samples), _expected(samples))


@pytest.mark.parametrize("length", [1, 400, 401, 560, 561, 16_000])
def test_equals_the_package_where_frames_begin_and_end(length: int) -> None:
    samples = _noise(length)
    np.testing.assert_array_equal(mfcc(samples), _expected(samples))


def test_equals_the_package_on_silence_and_on_clipped_sound() -> None:
    silence = np.zeros(4000, np.int16)
    np.testing.assert_array_equal(mfcc(silence), _expected(silence))
    square = np.tile(np.repeat(np.array([-32768, 32767], np.int16), 40), 60)
    np.testing.assert_array_equal(mfcc(square), _expected(square))


def test_equals_plain_sums() -> None:
    samples = _noise(1700)
    np.testing.assert_allclose(mfcc(samples), literal_mfcc(samples), rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize("block", [1, 7, 64])
def test_blocks_do_not_show(monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    samples = _noise(16_000)
    whole = mfcc(samples)
    monkeypatch.setattr(module, "_BLOCK", block)
    np.testing.assert_allclose(mfcc(samples), whole, rtol=1e-6, atol=1e-6)


@settings(max_examples=20)
@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 90)), min_size=1, max_size=12))
def test_parts_equal_the_whole(asked: list[tuple[int, int]]) -> None:
    samples = _noise(200_000)
    parts, whole = module.Cepstra(samples), mfcc(samples)
    first = 0
    for further, count in asked:
        first += further
        np.testing.assert_array_equal(parts.steps(first, count), whole[first : first + count])


def test_a_long_sound_equals_the_package() -> None:
    samples = _noise(3 * 1024 * 160 + 77)
    np.testing.assert_array_equal(mfcc(samples), _expected(samples))


def test_there_are_four_steps_a_frame() -> None:
    """So that a window of twenty steps spans five frames."""
    assert mfcc(_noise(25 * 640)).shape == (99, 13)
