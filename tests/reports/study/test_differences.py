"""Tests of pairs of conditions, against scipy, a textbook's figures and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, ttest_rel

from tgbench.reports.study.differences import differences, holm, told_apart

NAMES = ("a", "b", "c")


def influences_of(values: np.ndarray) -> np.ndarray:
    """Return [people * conditions, conditions] of the means of [people, conditions]."""
    people, count = values.shape
    spread = (values - values.mean(axis=0)) / people
    return (np.eye(count)[None] * spread[:, :, None]).reshape(-1, count)


def test_of_one_item_it_is_the_paired_t_test_with_holms_correction() -> None:
    """p values are those of scipy; of three, the least counts threefold, the next twofold."""
    values = np.random.default_rng(3).normal([2.0, 2.5, 2.6], 0.6, (12, 3))
    people = np.repeat(np.arange(12), 3)
    found = differences(
        NAMES, values.mean(axis=0), influences_of(values), people, np.zeros(36, int)
    )
    raw = [ttest_rel(values[:, i], values[:, j]) for i, j in ((0, 1), (0, 2), (1, 2))]
    order = np.argsort([test.pvalue for test in raw])
    expected, most = np.empty(3), 0.0
    for rank, index in enumerate(order):
        most = max(most, min(1.0, raw[index].pvalue * (3 - rank)))
        expected[index] = most
    assert [each.p for each in found] == pytest.approx(expected)
    for each, test in zip(found, raw, strict=True):
        interval = test.confidence_interval(0.95)
        assert (each.interval.low, each.interval.high) == pytest.approx(interval)


def test_holm_of_a_textbook() -> None:
    assert holm(np.array([0.01, 0.04, 0.03, 0.005])) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm(np.array([0.9, 0.6])) == pytest.approx([1.0, 1.0])


def test_what_cannot_be_tested_is_said() -> None:
    """One condition has no score, and in two pairs nobody differs from another."""
    assert differences(NAMES[:1], np.zeros(1), np.zeros((4, 1)), np.arange(4), np.arange(4)) == ()
    values = np.random.default_rng(0).normal([1.0, 4.0], 0.1, (8, 2))
    scores = np.append(values.mean(axis=0), np.nan)
    influences = np.hstack([influences_of(values), np.zeros((16, 1))])
    found = differences(NAMES, scores, influences, np.repeat(np.arange(8), 2), np.zeros(16, int))
    assert [(each.one, each.other, each.significant) for each in found] == [("a", "b", True)]
    assert "2 pairs that could not be tested" in told_apart(found, 3)
    assert told_apart(found, 2).startswith("all pairs differ")
    assert "but" not in told_apart(found, 2)


@pytest.mark.slow
def test_equal_conditions_are_told_apart_in_at_most_5_of_100_studies() -> None:
    """Of five equal methods, ten pairs: Holm bounds the chance that any is called different."""
    random, wrong, studies = np.random.default_rng(0), 0, 400
    people, items, count = 20, 6, 5
    who = np.repeat(np.arange(people), items)
    what = np.tile(np.arange(items), people)
    for _ in range(studies):
        values = (
            random.normal(0, 0.5, (people, 1, count))
            + random.normal(0, 0.4, (1, items, count))
            + random.normal(0, 0.7, (people, items, count))
        ).reshape(-1, count)
        found = differences(
            [*"abcde"],
            values.mean(axis=0),
            influences_of(values),
            np.repeat(who, count),
            np.repeat(what, count),
        )
        wrong += any(each.significant for each in found)
    assert wrong <= binom.ppf(0.9995, studies, 0.05), wrong
