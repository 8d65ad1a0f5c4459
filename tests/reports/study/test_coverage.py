"""Whether intervals of Bradley-Terry strengths hold the true strengths as often as they say."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.optimize import minimize

from tgbench.reports.study.crossed import crossed_spread
from tgbench.reports.study.preference import strength_influences, strengths

QUALITY = np.array([-0.8, -0.2, 0.3, 0.7])
PAIRS = np.array(list(itertools.combinations(range(len(QUALITY)), 2)))
PEOPLE, ITEMS, STUDIES = 24, 6, 200


def population_strengths(of_people: float, of_items: float) -> np.ndarray:
    """Return the strengths that endless people and items would give.

    Tastes differ by a normal variable, so the share of a pair's choices is its mean over them, by
    Gauss-Hermite quadrature. The strengths are those with the greatest likelihood of these shares.
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    spread = np.sqrt(2.0 * (of_people**2 + of_items**2))
    one, other = PAIRS.T
    apart = (QUALITY[one] - QUALITY[other])[:, None] + spread * nodes
    shares = (weights / weights.sum() / (1.0 + np.exp(-apart))).sum(axis=1)

    def unlikely(free: np.ndarray) -> float:
        every = np.append(free, -free.sum())
        ahead = every[one] - every[other]
        return float((shares * np.log1p(np.exp(-ahead))).sum()) + float(
            ((1.0 - shares) * np.log1p(np.exp(ahead))).sum()
        )

    found = minimize(unlikely, np.zeros(len(QUALITY) - 1), options={"gtol": 1e-9}).x
    return np.append(found, -found.sum())


@pytest.mark.slow
@pytest.mark.parametrize(("of_people", "of_items"), [(0.0, 0.0), (0.6, 0.0), (0.5, 0.5)])
def test_95_percent_intervals_hold_the_true_strengths(of_people: float, of_items: float) -> None:
    """24 people see all pairs of 6 items; each person and each item has tastes of its own."""
    random = np.random.default_rng(0)
    true = population_strengths(of_people, of_items)
    people, item, pair = (
        part.ravel()
        for part in np.meshgrid(
            np.arange(PEOPLE), np.arange(ITEMS), np.arange(len(PAIRS)), indexing="ij"
        )
    )
    one, other = PAIRS[pair].T
    held = np.zeros(len(QUALITY))
    for _ in range(STUDIES):
        tastes = of_people * random.normal(size=(PEOPLE, len(QUALITY)))
        suits = of_items * random.normal(size=(ITEMS, len(QUALITY)))
        liked = QUALITY + tastes[people] + suits[item]
        rows = np.arange(len(pair))
        won = random.random(len(pair)) < 1 / (1 + np.exp(liked[rows, other] - liked[rows, one]))
        winners, losers = np.where(won, one, other), np.where(won, other, one)
        found = strengths(winners, losers, len(QUALITY))
        spread = crossed_spread(strength_influences(found, winners, losers), people, item)
        held += np.abs(found - true) <= spread.half_width()
    assert (held >= 0.90 * STUDIES).all(), held
    assert (held <= 0.995 * STUDIES).all(), held
