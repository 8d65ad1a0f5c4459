"""Whether intervals of Bradley-Terry strengths hold the true strengths as often as they say."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.stats import binom

from tgbench.reports.study.preference import strength_spread, strengths

TRUE = np.array([-0.8, -0.2, 0.3, 0.7])
STUDIES = 200


@pytest.mark.slow
def test_95_percent_intervals_hold_the_true_strengths_in_95_of_100_studies() -> None:
    """24 people see all pairs of 6 items; choices are independent, as the model has them."""
    random = np.random.default_rng(0)
    pairs = np.array(list(itertools.combinations(range(len(TRUE)), 2)))
    people, item, pair = (
        part.ravel()
        for part in np.meshgrid(np.arange(24), np.arange(6), np.arange(len(pairs)), indexing="ij")
    )
    held = np.zeros(len(TRUE))
    for _ in range(STUDIES):
        one, other = pairs[pair].T
        won = random.random(len(pair)) < 1 / (1 + np.exp(TRUE[other] - TRUE[one]))
        winners, losers = np.where(won, one, other), np.where(won, other, one)
        found = strengths(winners, losers, len(TRUE))
        half = strength_spread(found, winners, losers, people, item).half_width()
        held += np.abs(found - TRUE) <= half
    low, high = binom.ppf([0.0005, 0.9995], STUDIES, 0.95)
    assert (held >= low).all(), held
    assert (held <= high).all(), held
