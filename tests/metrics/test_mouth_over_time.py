"""Lips over time: each metric sees the defect that it is for, by a known amount."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgbench.metrics.landmark_geometry import mouth_opening
from tgbench.metrics.lips.amount import MouthConcordance, MouthGain, MouthVelocity
from tgbench.metrics.lips.leak import LipLeak
from tgbench.metrics.lips.timing import MouthTiming, TimingShare, WarpedLmd
from tgbench.metrics.lips.warping import band_costs, warping_path

from .faces import EYES, face, measured, speech

TRUTH = [face(opening) for opening in speech()]
FROZEN = [face(0.1)] * len(TRUTH)


def late(frames: int) -> list[np.ndarray]:
    return TRUTH[:1] * frames + TRUTH[: len(TRUTH) - frames]


def test_the_opening_is_what_the_face_was_made_with() -> None:
    assert mouth_opening(face(0.2)) == pytest.approx(0.2)


@pytest.mark.parametrize("frames", [-8, -3, -1, 1, 2, 3, 5, 8])
def test_timing_is_exactly_the_delay(frames: int) -> None:
    prediction = late(frames) if frames > 0 else TRUTH[-frames:] + TRUTH[-1:] * -frames
    found = measured(MouthTiming, prediction, TRUTH)
    assert found.value == pytest.approx(40.0 * abs(frames))
    assert found.details["median_ms"] == 40.0 * frames
    assert found.details["matched_share"] > (0.8 if abs(frames) < 3 else 0.05)


@pytest.mark.parametrize("fps", [25.0, 30.0, 50.0])
def test_timing_does_not_depend_on_amount_rate_or_size(fps: float) -> None:
    times = np.arange(int(12 * fps)) / fps
    opening = np.interp(times, np.arange(300) / 25.0, speech())
    shown = [face(value) for value in opening]
    moved = [2.0 * face(0.5 * value) for value in np.interp(times - 0.2, times, opening)]
    found = measured(MouthTiming, moved, shown, fps=fps)
    assert found.value == pytest.approx(200.0, abs=500 / fps)
    assert measured(MouthTiming, [2.0 * each for each in shown], shown, fps=fps).value == 0.0


def test_what_never_moves_or_belongs_to_other_words_has_no_timing() -> None:
    frozen = measured(MouthTiming, FROZEN, TRUTH)
    assert frozen.value is None
    assert frozen.details["matched_share"] == 0.0
    assert measured(MouthTiming, TRUTH, FROZEN).value is None
    other = measured(MouthTiming, [face(value) for value in speech(seed=1)], TRUTH)
    assert other.details["matched_share"] < 0.7


def test_a_missing_face_is_counted_and_never_closed_up() -> None:
    """A gap of a second in a late mouth: were it closed up, all after it would be early."""
    prediction: list[np.ndarray | None] = list(late(2))
    prediction[100:125] = [None] * 25
    found = measured(MouthTiming, prediction, TRUTH)
    assert found.value == pytest.approx(80.0)
    assert found.details["faceless_predictions"] == 25
    assert found.scored == len(TRUTH) - 25


def test_amount_and_concordance_of_known_cases() -> None:
    mean = speech().mean()
    half = [face(mean + (value - mean) / 2) for value in speech()]
    assert measured(MouthGain, half, TRUTH).value == pytest.approx(0.5, abs=1e-5)
    assert measured(MouthGain, FROZEN, TRUTH).value == 0.0
    # 2 * (var / 2) / (var / 4 + var)
    assert measured(MouthConcordance, half, TRUTH).value == pytest.approx(0.8, abs=1e-5)
    assert measured(MouthConcordance, TRUTH, TRUTH).value == pytest.approx(1.0)
    assert measured(MouthConcordance, FROZEN, TRUTH).value == pytest.approx(0.0, abs=1e-6)
    assert measured(MouthConcordance, TRUTH, FROZEN).value is None


@given(st.lists(st.floats(0.0, 0.4), min_size=3, max_size=12), st.integers(0, 99))
def test_concordance_is_the_formula(openings: list[float], seed: int) -> None:
    other = np.random.default_rng(seed).uniform(0.0, 0.4, len(openings))
    found = measured(MouthConcordance, map(face, openings), map(face, other)).value
    x, y = np.array(openings), other
    expected = 2 * np.cov(x, y, bias=True)[0, 1] / (x.var() + y.var() + (x.mean() - y.mean()) ** 2)
    assert found == pytest.approx(expected, abs=1e-4)


def test_velocity_sees_no_offset_and_all_of_a_frozen_mouth() -> None:
    moved = [each + np.array([30.0, -7.0]) for each in TRUTH]
    assert measured(MouthVelocity, moved, TRUTH).value == pytest.approx(0.0, abs=1e-4)
    mouths = np.array(TRUTH)[:, 48:68] / EYES
    mouths = mouths - mouths.mean(axis=1, keepdims=True)
    speed = 25.0 * np.linalg.norm(np.diff(mouths, axis=0), axis=-1).mean()
    outer = measured(MouthVelocity, FROZEN, TRUTH).value
    # The face's eyes are 100 px apart at their outer corners.
    assert outer == pytest.approx(speed, rel=1e-4)


def test_warping_forgives_a_delay_within_its_band_only() -> None:
    straight = measured(WarpedLmd, late(2), TRUTH).details["without_warping"]
    within, beyond = (measured(WarpedLmd, late(n), TRUTH).value for n in (2, 8))
    assert within is not None
    assert beyond is not None
    assert within < 0.05 * straight
    assert beyond > 20 * within
    share = measured(TimingShare, late(2), TRUTH).value
    assert share is not None
    assert share > 0.95
    assert measured(TimingShare, FROZEN, TRUTH).value == pytest.approx(0.0, abs=1e-6)
    assert measured(TimingShare, TRUTH, TRUTH).value is None


@given(
    st.lists(st.floats(-3, 3), min_size=1, max_size=6),
    st.integers(0, 3),
    st.integers(0, 1000),
)
def test_the_path_is_the_cheapest_of_all(values: list[float], band: int, seed: int) -> None:
    one = np.array(values)
    other = np.random.default_rng(seed).normal(size=len(one))
    costs = band_costs(one, other, band)
    path = warping_path(costs)
    last = len(one) - 1

    def cheapest(i: int, j: int) -> float:
        if i < 0 or j < 0 or abs(i - j) > band:
            return np.inf
        here = (one[i] - other[j]) ** 2
        if i == j == 0:
            return here
        return here + min(cheapest(i - 1, j - 1), cheapest(i - 1, j), cheapest(i, j - 1))

    assert tuple(path[0]) == (0, 0)
    assert tuple(path[-1]) == (last, last)
    steps = {tuple(b - a) for a, b in itertools.pairwise(path)}
    assert steps <= {(1, 1), (1, 0), (0, 1)}
    cost = sum((one[i] - other[j]) ** 2 for i, j in path)
    assert cost == pytest.approx(cheapest(last, last))


@pytest.mark.parametrize(("opening", "share"), [(0.0, 0.0), (0.09, 0.0), (0.12, 1.0)])
def test_a_mouth_leaks_where_it_is_open_by_a_quarter_of_its_width(
    opening: float, share: float
) -> None:
    """The face's inner lips are 40 px wide and the gap is a share of 100 px."""
    found = measured(LipLeak, [*[face(opening)] * 9, None])
    assert found.value == share
    assert found.details["mean_ratio"] == pytest.approx(opening * EYES / 40.0)
    assert (found.scored, found.total) == (9, 10)


@pytest.mark.parametrize(
    "kind", [MouthTiming, MouthGain, MouthConcordance, MouthVelocity, WarpedLmd]
)
def test_parts_merge_to_the_whole(kind: type) -> None:
    prediction: list[np.ndarray | None] = list(late(1))
    prediction[40] = None
    whole = measured(kind, prediction, TRUTH)
    assert measured(kind, prediction, TRUTH, parts=(41, 150)) == whole
