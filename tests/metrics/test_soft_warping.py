"""Soft time warping against all paths written out, and as a divergence."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from tgbench import plugins
from tgbench.errors import TgbenchError
from tgbench.metrics.lips.warping import band_costs, soft_warping

from .faces import face, measured, speech

DELANNOY = {2: 3, 3: 13, 4: 63, 5: 321}


def paths(i: int, j: int) -> Iterator[list[tuple[int, int]]]:
    """All monotone paths from (0, 0) to (i, j)."""
    if (i, j) == (0, 0):
        yield [(0, 0)]
        return
    for before in ((i - 1, j - 1), (i - 1, j), (i, j - 1)):
        if min(before) >= 0:
            yield from ([*path, (i, j)] for path in paths(*before))


@pytest.mark.parametrize("frames", DELANNOY)
def test_equal_constants_have_minus_gamma_times_the_log_of_the_number_of_paths(frames: int) -> None:
    same = np.zeros((frames, 1))
    found = soft_warping(band_costs(same, same, frames), 0.05)
    assert found == pytest.approx(-0.05 * np.log(DELANNOY[frames]))


def test_it_is_the_soft_minimum_over_all_paths() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=(2, 4, 3))
    costs = np.square(one[:, None] - other[None]).sum(axis=-1)
    sums = np.array([sum(costs[pair] for pair in path) for path in paths(3, 3)])
    for gamma in (0.1, 1.0):
        expected = -gamma * np.log(np.exp(-sums / gamma).sum())
        assert soft_warping(band_costs(one, other, 4), gamma) == pytest.approx(expected)
    assert soft_warping(band_costs(one, other, 4), 1e-6) == pytest.approx(sums.min())


def test_as_a_divergence_it_is_zero_of_the_same_and_grows_with_the_error() -> None:
    spec = plugins.library_metric("softdtw:mouth(gamma=0.001)")

    truth = [face(opening) for opening in speech(100)]
    frozen = [face(0.1)] * 100
    late = truth[:1] * 2 + truth[:-2]
    same, moved, still = (
        measured(spec.load(), clip, truth).value for clip in (truth, late, frozen)
    )
    assert moved is not None
    assert still is not None
    assert same == pytest.approx(0.0, abs=1e-12)
    assert 0.0 < moved < still
    tiny = plugins.library_metric("softdtw:mouth(gamma=1e-9)").load()
    hard = plugins.metrics()["lmd_dtw"].load()
    assert measured(tiny, frozen, truth).value == pytest.approx(
        measured(hard, frozen, truth).value, rel=1e-3
    )


@pytest.mark.parametrize(
    "name",
    [
        "softdtw:mouth",
        "softdtw:mouth(gamma=0)",
        "softdtw:mouth(gamma='x')",
        "softdtw:face(gamma=1)",
    ],
)
def test_what_is_no_such_metric_is_refused(name: str) -> None:
    with pytest.raises(TgbenchError, match="gamma"):
        plugins.library_metric(name)
