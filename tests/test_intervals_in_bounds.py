"""Intervals of numbers with bounds: errors from 0 on, correlations and similarities up to 1."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tgbench import plugins
from tgbench.interfaces import Measurement
from tgbench.running.metric_records import metric_records
from tgbench.scales import Scale, scale_between
from tgbench.statistics import Series, mean_interval

FROM_ZERO = (0.0, math.inf)
OF_ONE = (-1.0, 1.0)
UP_TO_ONE = (-math.inf, 1.0)


def wander(rng: np.random.Generator, frames: int, rho: float) -> Series:
    """An AR(1) series of mean 0 and variance 1 in its stationary state."""
    values = rng.normal(size=frames)
    for t in range(1, frames):
        values[t] = rho * values[t - 1] + math.sqrt(1 - rho**2) * values[t]
    return values


@given(st.sampled_from([FROM_ZERO, OF_ONE, UP_TO_ONE]), st.floats(0.001, 0.999))
def test_a_scale_rises_and_leads_back(bounds: tuple[float, float], share: float) -> None:
    scale = Scale(*bounds)
    width = 2.0 if math.isfinite(sum(bounds)) else 50.0
    number = bounds[0] + share * width if math.isfinite(bounds[0]) else bounds[1] - share * width
    assert scale.backward(scale.forward(number)) == pytest.approx(number, rel=1e-9, abs=1e-9)
    assert scale.forward(number + 1e-6) > scale.forward(number)


def test_scales_are_the_functions_that_books_name() -> None:
    values = np.array([0.1, 0.5, 0.9])
    np.testing.assert_allclose(Scale(*FROM_ZERO).forward(values), np.log(values))
    np.testing.assert_allclose(Scale(*OF_ONE).forward(values), 2 * np.arctanh(values))
    np.testing.assert_allclose(Scale(*UP_TO_ONE).forward(values), -np.log(1 - values))
    assert Scale(*FROM_ZERO).forward(-1e-17) == -math.inf
    assert scale_between((-math.inf, math.inf), 0.0) is None
    assert scale_between(FROM_ZERO, 0.0) is None
    assert scale_between(OF_ONE, 1.5) is None


@given(
    st.integers(0, 2**32 - 1),
    st.integers(20, 80),
    st.floats(0.1, 3.0),
    st.sampled_from(["error", "similarity", "share"]),
)
def test_no_interval_leaves_the_bounds_and_each_holds_its_own_mean(
    seed: int, frames: int, spread: float, kind: str
) -> None:
    error = np.exp(spread * wander(np.random.default_rng(seed), frames, 0.7))
    clip, bounds = {
        "error": (error, FROM_ZERO),
        "similarity": (1.0 - error, UP_TO_ONE),
        "share": (np.tanh(error), OF_ONE),
    }[kind]
    interval = mean_interval([clip], bounds=bounds, resamples=200)
    if interval is None:
        return
    assert bounds[0] <= interval.low <= interval.high <= bounds[1]
    assert interval.low <= clip.mean() <= interval.high
    assert math.isfinite(interval.high - interval.low)


def test_the_interval_of_few_frames_of_a_skewed_error_was_negative() -> None:
    """31 frames, of which a stretch is far off, as of the AUE of a short clip."""
    clip = np.full(31, 0.4)
    clip[12:17] = [3.0, 8.0, 12.0, 8.0, 3.0]
    plain = mean_interval([clip])
    assert plain.low < 0
    bounded = mean_interval([clip], bounds=FROM_ZERO)
    assert 0 < bounded.low < clip.mean() < bounded.high
    assert "logarithmic" in bounded.method
    assert "logarithmic" not in plain.method


@pytest.mark.parametrize(
    ("kind", "frames", "rho", "least"),
    [
        ("squares", 28, 0.6, 0.91),
        ("squares", 60, 0.6, 0.91),
        ("similarity", 28, 0.6, 0.90),
        ("gaussian", 28, 0.6, 0.89),
    ],
)
def test_intervals_hold_the_true_mean_about_as_often_as_they_say(
    kind: str, frames: int, rho: float, least: float
) -> None:
    rng = np.random.default_rng(17)
    trials, held = 200, 0
    for trial in range(trials):
        z = wander(rng, frames, rho)
        clip, true, bounds = {
            "squares": (z**2, 1.0, FROM_ZERO),
            "similarity": (1 - 0.03 * np.exp(0.7 * z), 1 - 0.03 * math.exp(0.245), OF_ONE),
            "gaussian": (5 + z, 5.0, FROM_ZERO),
        }[kind]
        interval = mean_interval([clip], bounds=bounds, seed=trial, resamples=300)
        held += interval.low <= true <= interval.high
    assert held / trials >= least


def test_far_from_its_bound_a_mean_has_the_textbook_interval() -> None:
    clip = np.random.default_rng(0).normal(35.0, 2.0, 4000)
    interval = mean_interval([clip], bounds=FROM_ZERO)
    low, high = stats.t.interval(0.95, len(clip) - 1, clip.mean(), stats.sem(clip))
    assert interval.low == pytest.approx(low, abs=0.15 * (high - low))
    assert interval.high == pytest.approx(high, abs=0.15 * (high - low))


def test_a_unit_changes_nothing_and_a_similarity_is_one_minus_its_error() -> None:
    error = np.exp(wander(np.random.default_rng(3), 60, 0.5)) / 50
    metres = mean_interval([error], bounds=FROM_ZERO)
    millimetres = mean_interval([1000 * error], bounds=FROM_ZERO)
    assert millimetres.low == pytest.approx(1000 * metres.low)
    assert millimetres.high == pytest.approx(1000 * metres.high)
    similarity = mean_interval([1 - error], bounds=UP_TO_ONE)
    # Quantiles from above and from below lie between other draws.
    assert similarity.low == pytest.approx(1 - metres.high, rel=1e-3)
    assert similarity.high == pytest.approx(1 - metres.low, rel=1e-3)


def test_a_single_frame_off_the_bound_tells_no_interval() -> None:
    """Of 60 frames one is not 0: many resamples have none of it, so that nothing is known."""
    clip = np.zeros(60)
    clip[20] = 5.0
    assert mean_interval([clip], bounds=FROM_ZERO) is None


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_frames_that_are_all_alike_have_an_interval_of_no_width(value: float) -> None:
    interval = mean_interval([np.full(40, value)], bounds=FROM_ZERO)
    assert (interval.low, interval.high) == (value, value)


def test_several_clips_stay_in_bounds_too() -> None:
    rng = np.random.default_rng(4)
    clips = [np.exp(offset + wander(rng, 60, 0.5)) for offset in (-3.0, -2.0, 0.0, 2.0)]
    assert mean_interval(clips).low < 0
    together = mean_interval(clips, bounds=FROM_ZERO)
    assert 0 < together.low < np.mean([clip.mean() for clip in clips]) < together.high


def test_what_a_run_writes_of_an_error_is_not_negative_and_of_a_lag_there_is_none() -> None:
    clip = np.full(31, 0.4)
    clip[12:17] = [3.0, 8.0, 12.0, 8.0, 3.0]
    per_frame = {"aue_l_geometry": clip.tolist(), "lip_lag": clip.tolist()}
    found = {name: Measurement(float(clip.mean()), scored=31, total=31) for name in per_frame}
    records = metric_records(found, per_frame)
    assert records["aue_l_geometry"].interval.low > 0
    assert records["lip_lag"].interval is None


@pytest.mark.parametrize(
    ("names", "bounds"),
    [
        (("psnr", "psnr_face", "lpips", "lmd", "lmd_face", "aue_l", "aue_u_geometry"), FROM_ZERO),
        (("ssim", "ssim_face", "ssim_face_skimage", "lip_agreement"), OF_ONE),
        (("lip_lag", "no such metric"), (-math.inf, math.inf)),
    ],
)
def test_metrics_say_their_bounds(names: tuple[str, ...], bounds: tuple[float, float]) -> None:
    assert {plugins.bounds_of(name) for name in names} == {bounds}
