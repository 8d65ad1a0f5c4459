from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from tgbench.methods.talkinggaussian.motion_scores import normalised
from tgbench.methods.talkinggaussian.sampling import (
    FrameSampler,
    SlidingWindow,
    Strongest,
)

metrics = st.lists(st.floats(0, 1, width=32), min_size=1, max_size=40).map(
    lambda values: np.array(values, np.float32)
)


@given(metrics, st.floats(0.05, 1.0), st.integers(0, 50), st.integers(1, 200))
def test_window_slides_from_least_to_greatest(metric, width, first, length):
    window = SlidingWindow(metric, width, first, first + length, every=3)
    bounds = [window.bounds(k) for k in range(first, first + length + 1)]
    lower = np.array([low for low, _ in bounds])
    steps = np.diff(lower)
    # Equation 6: B + k T with one T.
    np.testing.assert_allclose(steps, (1 - width) / length, atol=1e-9)
    np.testing.assert_allclose([high - low for low, high in bounds], width)
    assert bounds[0][0] == 0.0
    np.testing.assert_allclose(bounds[-1][1], 1.0)
    assert window.bounds(first + 10 * length) == bounds[-1]


@given(metrics, st.floats(0.05, 1.0), st.integers(0, 300))
def test_candidates_lie_inside_or_are_the_nearest(metric, width, iteration):
    window = SlidingWindow(metric, width, 0, 200, every=1)
    low, high = window.bounds(iteration)
    chosen = metric[window.candidates(iteration)]
    inside = (metric >= low) & (metric <= high)
    if inside.any():
        assert len(chosen) == inside.sum()
        assert ((chosen >= low) & (chosen <= high)).all()
    else:
        distance = np.abs(metric - 0.5 * (low + high))
        assert (np.abs(chosen - 0.5 * (low + high)) <= distance.min() + 1e-6).all()
        # All frames that are alike, not the first of them.
        assert len(chosen) == np.isin(metric, chosen).sum()


@given(metrics, st.floats(0.0, 1.0))
def test_strongest_are_the_strongest(metric, share):
    chosen = Strongest(metric, share, until=10, every=1).candidates(0)
    rest = np.setdiff1d(np.arange(len(metric)), chosen)
    assert len(chosen) == max(round(share * len(metric)), 1)
    assert len(rest) == 0 or metric[chosen].min() >= metric[rest].max()


def test_normalised_ignores_outliers_and_constant_metrics():
    metric = normalised(np.append(np.linspace(2, 4, 99), 1000.0))
    assert metric.min() == 0.0
    assert metric.max() == 1.0
    assert metric[50] > 0.4
    assert (normalised(np.full(7, 3.0)) == 0).all()


def test_every_frame_comes_once_a_round():
    sampler = FrameSampler(np.arange(10, 17), (), torch.Generator().manual_seed(0))
    for _ in range(3):
        assert sorted(sampler.draw(k) for k in range(7)) == list(range(10, 17))


def test_rules_take_turns_and_never_leave_the_frames():
    metric = np.linspace(0, 1, 20).astype(np.float32)
    rules = [
        Strongest(metric, 0.1, until=10, every=2),
        SlidingWindow(metric, 0.3, 10, 50, every=4, phase=0),
        SlidingWindow(1 - metric, 0.3, 10, 50, every=4, phase=2),
    ]
    frames = np.arange(0, 20, 1)
    sampler = FrameSampler(frames, rules, torch.Generator().manual_seed(0))
    drawn = [sampler.draw(k) for k in range(60)]
    assert all(drawn[k] >= 18 for k in range(0, 10, 2))
    assert metric[drawn[12]] <= 0.35
    assert metric[drawn[14]] >= 0.6
    few = FrameSampler(np.array([3, 4]), rules, torch.Generator().manual_seed(0))
    assert {few.draw(k) for k in range(60)} == {3, 4}


def test_a_restored_sampler_goes_on_alike():
    generator = torch.Generator().manual_seed(5)
    sampler = FrameSampler(np.arange(9), (), generator)
    [sampler.draw(k) for k in range(4)]
    state, numbers = sampler.state(), generator.get_state()
    rest = [sampler.draw(k) for k in range(4, 30)]
    other = FrameSampler(np.arange(9), (), torch.Generator())
    other.restore(state)
    other._generator.set_state(numbers)
    assert [other.draw(k) for k in range(4, 30)] == rest
