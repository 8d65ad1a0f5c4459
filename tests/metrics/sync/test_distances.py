from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from tgbench.metrics.sync.distances import ShiftedDistances, TrackScore, compare_shifts

from .reference import literal_distances, original


def _features(windows: int, seed: int = 0, channels: int = 16) -> Tensor:
    return torch.from_numpy(
        np.random.default_rng(seed).normal(size=(windows, channels)).astype(np.float32)
    )


def _score(lips: Tensor, sound: Tensor, batch: int = 20) -> TrackScore:
    distances = ShiftedDistances()
    for first in range(0, len(lips), batch):
        distances.add(lips[first : first + batch], sound[first : first + batch])
    return distances.finish()


@pytest.mark.parametrize("windows", [1, 2, 14, 16, 31, 45])
def test_equals_the_formula(windows: int) -> None:
    lips, sound = _features(windows, 1), _features(windows, 2)
    expected = literal_distances(lips.numpy(), sound.numpy())
    means = expected.mean(0)
    got = _score(lips, sound)
    np.testing.assert_allclose(got.by_shift, means, rtol=1e-6)
    assert got.distance == pytest.approx(means.min(), rel=1e-6)
    assert got.confidence == pytest.approx(np.median(means) - means.min(), abs=2e-6)
    assert got.offset == 15 - means.argmin()
    assert got.windows == windows
    np.testing.assert_allclose(got.per_window, expected[:, means.argmin()], rtol=1e-6)


@pytest.mark.parametrize("windows", [1, 20, 47])
def test_equals_the_original_to_the_last_bit(windows: int) -> None:
    lips, sound = _features(windows, 1, 1024), _features(windows, 2, 1024)
    dists = original("SyncNetInstance").calc_pdist(lips, sound, vshift=15)
    mean = torch.mean(torch.stack(dists, 1), 1)
    got = _score(lips, sound)
    np.testing.assert_array_equal(got.by_shift, mean.numpy())
    assert got.confidence == float(torch.median(mean) - mean.min())
    assert got.distance == float(mean.min())


@settings(max_examples=25)
@given(st.integers(-12, 12), st.integers(0, 100))
def test_a_known_delay_is_the_offset(late: int, seed: int) -> None:
    """A picture that shows what was said `late` windows ago has that offset."""
    said = _features(80, seed)
    lips, sound = said[20 - late : 60 - late], said[20:60]
    got = _score(lips, sound)
    assert got.offset == late
    inside = got.per_window[max(late, 0) : 40 + min(late, 0)]
    np.testing.assert_allclose(inside, 0.0, atol=1e-4)


@settings(max_examples=20)
@given(st.integers(1, 60), st.lists(st.integers(1, 25), min_size=1, max_size=5))
def test_how_windows_come_in_does_not_show(windows: int, sizes: list[int]) -> None:
    lips, sound = _features(windows, 3), _features(windows, 4)
    pieces = ShiftedDistances()
    first = 0
    while first < windows:
        size = sizes[first % len(sizes)]
        pieces.add(lips[first : first + size], sound[first : first + size])
        first += size
    whole = _score(lips, sound, batch=windows)
    np.testing.assert_array_equal(pieces.finish().by_shift, whole.by_shift)


def test_what_lies_beyond_the_ends_counts() -> None:
    """Lips and sound all alike: shifting by s leaves s windows without sound."""
    alike = torch.ones(40, 16)
    got = _score(alike, alike)
    shifts = np.abs(np.arange(31) - 15)
    np.testing.assert_allclose(got.by_shift, shifts * 4.0 / 40, atol=1e-5)
    assert got.offset == 0
    assert got.confidence == pytest.approx(8 * 4.0 / 40, abs=1e-5)


def test_an_earlier_column_wins_a_tie() -> None:
    assert compare_shifts(np.ones((3, 31), np.float32)).offset == 15


def test_memory_does_not_grow_with_features() -> None:
    distances = ShiftedDistances()
    for seed in range(10):
        distances.add(_features(20, seed), _features(20, seed + 50))
    assert len(distances._lips) <= 31
    assert len(distances._sound) <= 31


def test_no_window_is_an_error() -> None:
    with pytest.raises(ValueError, match="no window"):
        ShiftedDistances().finish()
