"""How sure an estimate is whose observations share participants and items.

People differ in what they give, and some clips suit a method better than others, so ratings by one
person, or of one clip, are not independent. The variance is that of two crossed clusterings
(Cameron, Gelbach & Miller 2011): of participants, plus of items, less of what both share.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

LEVEL = 0.95

Values = NDArray[np.float64]
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Spread:
    """Of estimates.

    Attributes:
        variance: [d]; NaN where a single participant tells nothing.
        freedom: degrees of freedom [d] of Student's t for it.
    """

    variance: Values
    freedom: Values

    def half_width(self, level: float = LEVEL) -> Values:
        """Return half of the width of intervals [d]."""
        return np.sqrt(self.variance) * stdtrit(self.freedom, (1.0 + level) / 2.0)


def crossed_spread(influences: Values, participants: Labels, items: Labels) -> Spread:
    """Return how far estimates are from what other participants and items would give.

    The variance is never less than that of one clustering alone. Degrees of freedom are those of
    Satterthwaite for it, and no fewer than those of the fewer clusters. Of a single item there is
    nothing to see of how items vary: the estimate is about that item.

    Args:
        influences: [n, d], what each observation adds to each estimate; columns sum to zero.
        participants: [n], of each observation.
        items: [n], likewise.
    """
    people, things = len(np.unique(participants)), len(np.unique(items))
    if people < 2:
        nothing = np.full(influences.shape[1], np.nan)
        return Spread(nothing, nothing)
    by_person = people / (people - 1) * _squares(influences, participants)
    if things < 2:
        return Spread(by_person, np.full_like(by_person, people - 1.0))
    by_item = things / (things - 1) * _squares(influences, items)
    shared = _squares(influences, participants * (items.max() + 1) + items)
    variance = np.maximum(by_person + by_item - shared, np.maximum(by_person, by_item))
    parts = by_person**2 / (people - 1) + by_item**2 / (things - 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        freedom = np.where(parts > 0, variance**2 / parts, people - 1.0)
    return Spread(variance, np.maximum(freedom, min(people, things) - 1.0))


def _squares(influences: Values, labels: Labels) -> Values:
    """Return [d] sums of squares of the sums within clusters."""
    _, which = np.unique(labels, return_inverse=True)
    sums = np.zeros((which.max() + 1, influences.shape[1]))
    np.add.at(sums, which, influences)
    squares: Values = (sums**2).sum(axis=0)
    return squares
