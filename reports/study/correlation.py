"""Whether a metric orders videos as people do."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri
from scipy.stats import rankdata

from tgbench.statistics import Interval

from .crossed import LEVEL, Values

FEWEST_VIDEOS = 4
"""Fewer have no interval: Fisher's needs more than three."""


@dataclass(frozen=True)
class Correlation:
    """Of two lists of numbers.

    Attributes:
        value: from -1 to 1.
        interval: where it may lie; it takes videos for independent.
    """

    value: float
    interval: Interval


def pearson(first: Values, second: Values) -> Correlation | None:
    """Return the linear correlation with Fisher's interval; None where it is not defined."""
    return _correlation(first, second, 1.0, "Fisher's z")


def spearman(first: Values, second: Values) -> Correlation | None:
    """Return the correlation of ranks, ties averaged, with the interval of Bonett & Wright 2000."""
    ranks = rankdata(first), rankdata(second)
    rough = _value(*ranks)
    widening = 1.0 if rough is None else math.sqrt(1.0 + rough**2 / 2.0)
    return _correlation(*ranks, widening, "Fisher's z of ranks (Bonett & Wright)")


def _correlation(first: Values, second: Values, widening: float, method: str) -> Correlation | None:
    value = _value(first, second)
    if value is None or len(first) < FEWEST_VIDEOS:
        return None
    # Of values on a line the transform has no bound.
    middle = math.atanh(min(max(value, -1.0 + 1e-15), 1.0 - 1e-15))
    reach = widening * float(ndtri((1.0 + LEVEL) / 2.0)) / math.sqrt(len(first) - 3)
    low, high = math.tanh(middle - reach), math.tanh(middle + reach)
    return Correlation(value, Interval(low, high, LEVEL, method))


def _value(first: Values, second: Values) -> float | None:
    if len(first) < 2 or np.ptp(first) == 0.0 or np.ptp(second) == 0.0:
        return None
    return float(np.clip(np.corrcoef(first, second)[0, 1], -1.0, 1.0))
