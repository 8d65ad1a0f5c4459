from __future__ import annotations

import numpy as np
import pytest

from tgbench.metrics.detector import error_of_landmarks


@pytest.fixture
def exact() -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.normal(0, 20, (200, 68, 2)) + 128


def test_exact_landmarks_have_no_error(exact: np.ndarray) -> None:
    found = error_of_landmarks(exact + np.array([3.0, -2.0]), exact, total=210)
    assert (found.found, found.total) == (200, 210)
    assert found.lmd == pytest.approx(0.0, abs=1e-9)


def test_a_constant_offset_counts_in_lmd_and_cancels_in_its_random_part(exact: np.ndarray) -> None:
    offset = np.zeros((68, 2))
    offset[48:58, 0], offset[58:68, 0] = 2.0, -2.0
    found = error_of_landmarks(exact + offset, exact, total=200)
    assert found.lmd == pytest.approx(2.0)
    assert found.random_lmd == pytest.approx(0.0, abs=1e-9)


def test_noise_counts_in_both(exact: np.ndarray) -> None:
    """The mean length of 2-D Gaussian noise of deviation s is s * sqrt(pi / 2); centring 20
    points takes 1/20 of the variance."""
    noise = np.random.default_rng(1).normal(0, 0.5, exact.shape)
    expected = 0.5 * np.sqrt(np.pi / 2) * np.sqrt(19 / 20)
    found = error_of_landmarks(exact + noise, exact, total=200)
    assert found.lmd == pytest.approx(expected, rel=0.03)
    assert found.random_lmd == pytest.approx(expected, rel=0.03)
