"""Strengths from pairwise choices (Bradley & Terry 1952), by maximum likelihood."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components
from scipy.special import expit

from .crossed import Labels, Values

_MOST_STEPS = 100
_CLOSE = 1e-12


class NoEstimate(ValueError):
    """The likelihood has no maximum: some win always, or were never compared."""


def strengths(winners: Labels, losers: Labels, count: int) -> Values:
    """Return log-strengths [count], whose mean is zero: P(a beats b) = expit(s_a - s_b).

    Args:
        winners: [n], of each choice.
        losers: [n], likewise.
        count: of competitors.

    Raises:
        NoEstimate: the competitors fall into groups of which one never lost to the other
            (Ford 1957).
    """
    wins = np.zeros((count, count))
    np.add.at(wins, (winners, losers), 1.0)
    if connected_components(wins, connection="strong")[0] > 1:
        raise NoEstimate("some were always preferred to others, or never compared with them")
    games = wins + wins.T
    found = np.zeros(count)
    for _ in range(_MOST_STEPS):
        chances = expit(found[:, None] - found[None, :])
        gradient = (wins - games * chances).sum(axis=1)
        step = np.linalg.pinv(_information(games, chances)) @ gradient
        # Far from the maximum a whole step may lead away from it.
        found = found + step / max(1.0, float(np.abs(step).max()))
        if np.abs(step).max() < _CLOSE:
            break
    return found - found.mean()


def strength_influences(found: Values, winners: Labels, losers: Labels) -> Values:
    """Return [n, count], what each choice adds to each log-strength; see `crossed_spread`.

    Args:
        found: log-strengths [count].
        winners: [n], of each choice.
        losers: [n], likewise.
    """
    count = len(found)
    games = np.zeros((count, count))
    np.add.at(games, (winners, losers), 1.0)
    games += games.T
    chances = expit(found[:, None] - found[None, :])
    inverse = np.linalg.pinv(_information(games, chances))
    surprise = 1.0 - expit(found[winners] - found[losers])
    influences: Values = (inverse[winners] - inverse[losers]) * surprise[:, None]
    return influences


def _information(games: NDArray[np.float64], chances: NDArray[np.float64]) -> Values:
    weights = games * chances * (1.0 - chances)
    information: Values = np.diag(weights.sum(axis=1)) - weights
    return information
