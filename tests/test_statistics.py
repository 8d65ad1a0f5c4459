from __future__ import annotations

import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from tgbench.statistics import (
    FEWEST_FRAMES,
    Series,
    as_series,
    block_length,
    mean_interval,
    paired_difference,
    samples_differ,
)

seeds = st.integers(0, 10_000)


def autoregressive(rng: np.random.Generator, frames: int, rho: float) -> Series:
    """An AR(1) series of mean zero in its stationary state."""
    values = np.empty(frames)
    values[0] = rng.normal() / math.sqrt(1 - rho**2)
    for t in range(1, frames):
        values[t] = rho * values[t - 1] + rng.normal()
    return values


@pytest.mark.parametrize(
    ("frames", "rho", "least"),
    [(28, 0.0, 0.90), (28, 0.6, 0.88), (150, 0.6, 0.88), (300, 0.9, 0.78), (600, 0.6, 0.89)],
)
def test_intervals_hold_the_true_mean_about_as_often_as_they_say(
    frames: int, rho: float, least: float
) -> None:
    rng = np.random.default_rng(11)
    trials = 200
    held = 0
    for trial in range(trials):
        interval = mean_interval([autoregressive(rng, frames, rho)], seed=trial, resamples=300)
        held += interval.low <= 0.0 <= interval.high
    assert held / trials >= least


def test_intervals_that_ignore_the_correlation_would_hold_it_half_as_often() -> None:
    rng = np.random.default_rng(3)
    held = {"blocks": 0, "single frames": 0}
    for _ in range(100):
        clip = autoregressive(rng, 300, 0.9)
        interval = mean_interval([clip], resamples=300)
        held["blocks"] += interval.low <= 0.0 <= interval.high
        half = 1.96 * clip.std(ddof=1) / math.sqrt(len(clip))
        held["single frames"] += abs(clip.mean()) <= half
    assert held["blocks"] > 1.5 * held["single frames"]


def test_independent_frames_give_the_textbook_interval() -> None:
    clip = np.random.default_rng(0).normal(5.0, 2.0, 4000)
    interval = mean_interval([clip])
    low, high = stats.t.interval(0.95, len(clip) - 1, clip.mean(), stats.sem(clip))
    assert interval.low == pytest.approx(low, abs=0.15 * (high - low))
    assert interval.high == pytest.approx(high, abs=0.15 * (high - low))


def test_the_bootstrap_is_the_loop_written_out() -> None:
    """Spread of resampled means against drawing the blocks one by one."""
    rng = np.random.default_rng(1)
    clip = autoregressive(rng, 200, 0.7)
    length = block_length(clip)
    means = []
    for _ in range(4000):
        drawn: list[float] = []
        while len(drawn) < len(clip):
            start = int(rng.integers(len(clip)))
            drawn += [float(clip[(start + k) % len(clip)]) for k in range(length)]
        means.append(np.mean(drawn[: len(clip)]))
    interval = mean_interval([clip], resamples=8000)
    widened = stats.t.ppf(0.975, len(clip) / length - 1) / stats.norm.ppf(0.975)
    widened /= math.sqrt(1 - length / len(clip))
    low, high = np.quantile(np.array(means) - clip.mean(), [0.025, 0.975]) * widened
    assert interval.low == pytest.approx(clip.mean() - high, abs=0.06 * (high - low))
    assert interval.high == pytest.approx(clip.mean() - low, abs=0.06 * (high - low))


def test_the_more_frames_agree_with_their_neighbours_the_longer_the_blocks() -> None:
    rng = np.random.default_rng(2)
    lengths = [block_length(autoregressive(rng, 2000, rho)) for rho in (0.0, 0.8, 0.97)]
    assert lengths == sorted(lengths)
    assert lengths[0] == 13
    # 3.1 n^(1/3) is the theory's value for rho = 0.8.
    assert 20 <= lengths[1] <= 70


@settings(max_examples=25)
@given(seeds, st.floats(-50, 50), st.floats(0.01, 20))
def test_shift_and_scale_go_through(seed: int, shift: float, scale: float) -> None:
    clip = autoregressive(np.random.default_rng(seed), 60, 0.5)
    plain = mean_interval([clip], resamples=200)
    moved = mean_interval([scale * clip + shift], resamples=200)
    assert moved.low == pytest.approx(scale * plain.low + shift, abs=1e-6 * (1 + abs(shift)))
    assert moved.high == pytest.approx(scale * plain.high + shift, abs=1e-6 * (1 + abs(shift)))


@settings(max_examples=25)
@given(seeds)
def test_swapping_the_two_turns_the_difference_round(seed: int) -> None:
    rng = np.random.default_rng(seed)
    first, second = autoregressive(rng, 60, 0.5), autoregressive(rng, 60, 0.5)
    there = paired_difference([(first, second)], resamples=200)
    back = paired_difference([(second, first)], resamples=200)
    assert there.mean == pytest.approx(-back.mean)
    assert there.interval.low == pytest.approx(-back.interval.high)
    assert there.p_value == back.p_value


def test_identical_results_do_not_differ() -> None:
    clip = autoregressive(np.random.default_rng(4), 100, 0.5)
    found = paired_difference([(clip, clip)])
    assert (found.mean, found.interval.low, found.interval.high) == (0.0, 0.0, 0.0)
    assert found.p_value == 1.0
    assert not found.beyond()


def test_a_small_steady_difference_is_told_though_the_frames_vary_much() -> None:
    rng = np.random.default_rng(5)
    shared = 10 * autoregressive(rng, 200, 0.9)
    first, second = shared + rng.normal(0, 0.1, 200), shared + 0.2 + rng.normal(0, 0.1, 200)
    found = paired_difference([(first, second)])
    assert found.beyond()
    assert found.beyond(0.1)
    assert not found.beyond(0.3)
    assert found.p_value < 0.01
    alone = [mean_interval([clip]) for clip in (first, second)]
    assert alone[0].high > alone[1].low


def test_no_difference_is_found_about_as_often_as_it_should_be() -> None:
    rng = np.random.default_rng(6)
    low = sum(
        paired_difference(
            [(autoregressive(rng, 120, 0.4), autoregressive(rng, 120, 0.4))], resamples=300
        ).p_value
        < 0.05
        for _ in range(200)
    )
    assert low <= 24


def test_frames_without_a_score_keep_their_place_and_do_not_count() -> None:
    clip = autoregressive(np.random.default_rng(7), 100, 0.5)
    holes = clip.copy()
    holes[10:30] = math.nan
    interval = mean_interval([holes])
    assert interval.low < np.nanmean(holes) < interval.high
    assert paired_difference([(clip, holes)]).frames == 80
    assert as_series([1.0, None, 2.5])[1] != as_series([1.0, None, 2.5])[1]


def test_too_few_frames_have_no_interval() -> None:
    clip = np.full(100, math.nan)
    clip[: FEWEST_FRAMES - 1] = 1.0
    assert mean_interval([clip]) is None
    assert mean_interval([]) is None
    assert paired_difference([(clip, clip)]) is None


def test_clips_that_differ_make_a_wider_interval_than_their_frames_alone() -> None:
    rng = np.random.default_rng(8)
    clips = [offset + autoregressive(rng, 200, 0.3) for offset in (-6.0, -2.0, 2.0, 6.0)]
    together = mean_interval(clips)
    within = mean_interval([clips[0]])
    assert together.high - together.low > 3 * (within.high - within.low)
    mean = np.mean([clip.mean() for clip in clips])
    # With four clips, what their means alone say (Student's t) is most of it.
    low, high = stats.t.interval(0.95, 3, mean, stats.sem([clip.mean() for clip in clips]))
    assert together.low == pytest.approx(low, abs=0.25 * (high - low))
    assert together.high == pytest.approx(high, abs=0.25 * (high - low))


def test_each_clip_counts_alike_whatever_its_length() -> None:
    clips = [np.zeros(50) + 1.0, np.zeros(500) + 3.0, np.zeros(100) + 5.0]
    interval = mean_interval(clips)
    assert (interval.low + interval.high) / 2 == pytest.approx(3.0, abs=0.1)


def test_the_same_seed_gives_the_same_interval() -> None:
    clip = autoregressive(np.random.default_rng(9), 100, 0.5)
    assert mean_interval([clip], seed=1) == mean_interval([clip], seed=1)
    assert mean_interval([clip], seed=1) != mean_interval([clip], seed=2)


def test_unlike_frames_are_refused() -> None:
    with pytest.raises(ValueError, match="unlike frames"):
        paired_difference([(np.zeros(30), np.zeros(31))])


def test_memory_does_not_grow_with_the_clip() -> None:
    clip: NDArray[np.float64] = autoregressive(np.random.default_rng(10), 20_000, 0.5)
    tracemalloc.start()
    mean_interval([clip])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 60e6


def test_infinite_values_count_as_not_scored() -> None:
    """No metric gives them; a table that was written by others may."""
    clip = np.random.default_rng(5).normal(3.0, 1.0, 60)
    unscored, infinite = clip.copy(), clip.copy()
    unscored[[4, 30]], infinite[[4, 30]] = np.nan, [np.inf, -np.inf]
    assert mean_interval([infinite]) == mean_interval([unscored])
    assert paired_difference([(infinite, clip + 1)]) == paired_difference([(unscored, clip + 1)])


SAMPLE = st.lists(st.floats(-10, 10), min_size=2, max_size=6).filter(lambda s: np.ptp(s) > 1e-3)


@given(SAMPLE, SAMPLE)
def test_samples_differ_as_scipy_says(first: list[float], second: list[float]) -> None:
    found = stats.ttest_ind(first, second, equal_var=False)
    assume(abs(found.pvalue - 0.05) > 1e-6)
    assert samples_differ(first, second) == (found.pvalue < 0.05)
    assert samples_differ(second, first) == samples_differ(first, second)


def test_samples_that_do_not_vary_differ_if_their_values_do() -> None:
    assert samples_differ([1.0, 1.0], [2.0, 2.0])
    assert not samples_differ([2.0, 2.0, 2.0], [2.0, 2.0])
    assert samples_differ([30.0] * 3, [31.0, 31.2, 31.1])
    assert not samples_differ([31.1] * 3, [31.0, 31.2, 31.15])
    with pytest.raises(ValueError, match="nothing about how it varies"):
        samples_differ([1.0], [2.0, 2.0])


def test_two_clips_tell_no_interval_of_their_mean() -> None:
    clips = [np.random.default_rng(seed).normal(size=100) for seed in range(3)]
    assert mean_interval(clips[:1]) is not None
    assert mean_interval(clips[:2]) is None
    assert mean_interval(clips) is not None
