"""The statistics, against textbooks, an independent likelihood, and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import pearsonr, spearmanr

from tgbench.reports.study.agreement import krippendorff_alpha
from tgbench.reports.study.correlation import pearson, spearman
from tgbench.reports.study.crossed import crossed_spread
from tgbench.reports.study.preference import NoEstimate, strength_influences, strengths

_ = np.nan
KRIPPENDORFF = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, _, _, _],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, _, 3],
        [_, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, _],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, _],
    ]
)
"""Section D of Krippendorff 2011: four observers, twelve units."""


@pytest.mark.parametrize(
    ("scale", "published"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)]
)
def test_alpha_is_that_of_the_textbook(scale: str, published: float) -> None:
    found = krippendorff_alpha(KRIPPENDORFF, scale)  # type: ignore[arg-type]
    assert found == pytest.approx(published, abs=5e-4)


def test_alpha_of_full_agreement_and_of_none() -> None:
    assert krippendorff_alpha(np.array([[1.0, 2, 5], [1, 2, 5]]), "ordinal") == 1.0
    random = np.random.default_rng(0).integers(1, 6, (6, 3000)).astype(float)
    assert krippendorff_alpha(random, "interval") == pytest.approx(0.0, abs=0.02)
    assert krippendorff_alpha(np.full((3, 4), 2.0), "ordinal") is None
    assert krippendorff_alpha(np.array([[1.0, _], [_, 2.0]]), "ordinal") is None


def choices(quality: np.ndarray, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    pairs = np.array([generator.permutation(len(quality))[:2] for _ in range(count)])
    ahead = quality[pairs[:, 0]] - quality[pairs[:, 1]]
    won = generator.random(count) < 1.0 / (1.0 + np.exp(-ahead))
    return np.where(won, pairs[:, 0], pairs[:, 1]), np.where(won, pairs[:, 1], pairs[:, 0])


@pytest.mark.parametrize("seed", range(3))
def test_strengths_are_those_of_the_greatest_likelihood(seed: int) -> None:
    winners, losers = choices(np.array([0.0, 0.5, 1.5, -1.0]), 120, seed)

    def unlikely(free: np.ndarray) -> float:
        every = np.append(free, -free.sum())
        return float(np.log1p(np.exp(every[losers] - every[winners])).sum())

    oracle = minimize(unlikely, np.zeros(3), method="BFGS", options={"gtol": 1e-9}).x
    found = strengths(winners, losers, 4)
    assert found == pytest.approx(np.append(oracle, -oracle.sum()), abs=1e-5)


def test_two_competitors_have_the_logarithm_of_their_odds() -> None:
    found = strengths(np.array([0, 0, 0, 1]), np.array([1, 1, 1, 0]), 2)
    assert found[0] - found[1] == pytest.approx(np.log(3.0))


@pytest.mark.parametrize(("winners", "losers"), [([0, 0], [1, 1]), ([0, 1], [1, 0])])
def test_no_strengths_where_one_never_lost_or_never_met(
    winners: list[int], losers: list[int]
) -> None:
    with pytest.raises(NoEstimate):
        strengths(np.array(winners), np.array(losers), 3 if winners == [0, 1] else 2)


def test_independent_choices_have_the_spread_of_a_binomial() -> None:
    """With each choice a cluster of its own, the log-odds have variance 1/won + 1/lost."""
    winners, losers = np.array([0] * 300 + [1] * 100), np.array([1] * 300 + [0] * 100)
    found = strengths(winners, losers, 2)
    each = np.arange(400)
    spread = crossed_spread(strength_influences(found, winners, losers), each, np.zeros(400, int))
    of_half = (1 / 300 + 1 / 100) / 4
    assert spread.variance[0] == pytest.approx(of_half, rel=0.01)


def test_one_rating_of_each_participant_has_the_usual_standard_error() -> None:
    values = np.random.default_rng(0).normal(size=30)
    influences = ((values - values.mean()) / 30)[:, None]
    spread = crossed_spread(influences, np.arange(30), np.zeros(30, int))
    assert spread.variance[0] == pytest.approx(values.var(ddof=1) / 30)
    assert spread.freedom[0] == 29


def test_a_single_participant_tells_nothing() -> None:
    assert np.isnan(crossed_spread(np.zeros((3, 1)), np.zeros(3, int), np.arange(3)).variance[0])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("people", "items", "of_people", "of_items", "noise", "seen"),
    [
        (16, 4, 0.4, 0.3, 0.7, 1.0),
        (16, 4, 0.1, 0.8, 0.3, 1.0),
        (24, 8, 0.4, 0.3, 0.7, 1.0),
        (30, 6, 0.5, 0.3, 0.8, 0.5),
    ],
)
def test_intervals_of_mean_ratings_hold_the_true_mean(
    people: int, items: int, of_people: float, of_items: float, noise: float, seen: float
) -> None:
    generator = np.random.default_rng(people)
    held, trials = 0, 1000
    for _trial in range(trials):
        table = (
            3.0
            + of_people * generator.normal(size=(people, 1))
            + of_items * generator.normal(size=(1, items))
            + noise * generator.normal(size=(people, items))
        )
        rated = np.clip(table.round(), 1, 5)
        who, what = np.nonzero(generator.random(rated.shape) < seen)
        values = rated[who, what]
        mean = values.mean()
        spread = crossed_spread(((values - mean) / len(values))[:, None], who, what)
        held += abs(mean - 3.0) <= spread.half_width()[0]
    assert 0.925 <= held / trials <= 0.985


def test_correlations_are_those_of_scipy() -> None:
    generator = np.random.default_rng(1)
    first = generator.normal(size=20).round(1)
    second = first + generator.normal(size=20)
    linear, ranked = pearson(first, second), spearman(first, second)
    oracle = pearsonr(first, second)
    assert linear is not None
    assert ranked is not None
    assert linear.value == pytest.approx(oracle.statistic)
    assert (linear.interval.low, linear.interval.high) == pytest.approx(
        tuple(oracle.confidence_interval(0.95))
    )
    assert ranked.value == pytest.approx(spearmanr(first, second).statistic)
    assert ranked.interval.high - ranked.interval.low > 0


def test_no_correlation_of_constant_or_of_three() -> None:
    assert pearson(np.ones(5), np.arange(5.0)) is None
    assert spearman(np.arange(3.0), np.arange(3.0)) is None
    assert pearson(np.arange(5.0), np.arange(5.0)).value == pytest.approx(1.0)  # type: ignore[union-attr]
