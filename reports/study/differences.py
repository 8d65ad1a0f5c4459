"""Which conditions people told apart: a test of each pair, corrected for how many there are."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr

from tgbench.statistics import Interval

from .crossed import LEVEL, Labels, Values, crossed_spread

_METHOD = "participants and videos as crossed clusters"


@dataclass(frozen=True)
class Difference:
    """Of two conditions.

    Attributes:
        one, other: their names.
        value: of `one` less of `other`, in the unit of their scores.
        interval: of it, of this pair alone.
        p: two-sided, by Student's t, corrected by Holm (1979) for all pairs of the question.
    """

    one: str
    other: str
    value: float
    interval: Interval
    p: float

    @property
    def significant(self) -> bool:
        """Whether people told the two apart."""
        return self.p < 1.0 - LEVEL


def differences(
    names: Sequence[str], scores: Values, influences: Values, participants: Labels, items: Labels
) -> tuple[Difference, ...]:
    """Return the differences of all pairs of which the answers say how sure they are.

    Args:
        names: of the conditions.
        scores: theirs, [conditions]; NaN where there is none.
        influences: [n, conditions], what each answer adds to each score, see `crossed_spread`.
        participants: [n], of each answer.
        items: [n], likewise.
    """
    pairs = [
        pair
        for pair in itertools.combinations(range(len(names)), 2)
        if np.isfinite(scores[list(pair)]).all()
    ]
    if not pairs:
        return ()
    one, other = np.array(pairs).T
    values = scores[one] - scores[other]
    spread = crossed_spread(influences[:, one] - influences[:, other], participants, items)
    known = np.flatnonzero(spread.variance > 0)
    if not len(known):
        return ()
    t = np.abs(values[known]) / np.sqrt(spread.variance[known])
    corrected = holm(2.0 * stdtr(spread.freedom[known], -t))
    reach = spread.half_width()
    return tuple(
        Difference(
            names[one[pair]],
            names[other[pair]],
            float(values[pair]),
            Interval(values[pair] - reach[pair], values[pair] + reach[pair], LEVEL, _METHOD),
            float(p),
        )
        for pair, p in zip(known, corrected, strict=True)
    )


def holm(p: Values) -> Values:
    """Return p values [m] corrected by Holm (1979): the chance of any false finding is bounded."""
    order = np.argsort(p)
    factors = len(p) - np.arange(len(p))
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(np.maximum.accumulate(p[order] * factors), 1.0)
    return corrected


def told_apart(found: Sequence[Difference], conditions: int) -> str:
    """Return in words which pairs of conditions people did not tell apart."""
    alike = [f"{each.one} and {each.other}" for each in found if not each.significant]
    level = f"{1.0 - LEVEL:.0%} level, by Holm's correction"
    if len(found) < math.comb(conditions, 2):
        untested = math.comb(conditions, 2) - len(found)
        alike.append(f"{untested} pair{'s' * (untested > 1)} that could not be tested")
    if not alike:
        return f"all pairs differ at the {level}"
    return f"all pairs differ at the {level}, but {', '.join(alike)}"
