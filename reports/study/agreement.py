"""How far raters agree.

Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability".
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from .crossed import Values

Scale = Literal["nominal", "ordinal", "interval"]


def krippendorff_alpha(ratings: Values, scale: Scale) -> float | None:
    """Return 1 for full agreement, 0 for what chance gives, less for systematic disagreement.

    Args:
        ratings: [raters, units], NaN where a rater did not rate a unit.
        scale: what a difference of ratings means.

    Returns:
        None where no unit has two ratings, or all ratings are the same.
    """
    values = np.unique(ratings[np.isfinite(ratings)])
    counts = (ratings[:, :, None] == values).sum(axis=0).astype(np.float64)
    rated = counts.sum(axis=1)
    counts, rated = counts[rated > 1], rated[rated > 1]
    if not len(counts):
        return None
    pairs = counts.T @ (counts / (rated - 1.0)[:, None])
    pairs -= np.diag((counts / (rated - 1.0)[:, None]).sum(axis=0))
    totals = pairs.sum(axis=1)
    number = totals.sum()
    distance = _distances(values, totals, scale)
    by_chance = float((np.outer(totals, totals) * distance).sum()) / (number - 1.0)
    if by_chance == 0.0:
        return None
    return 1.0 - float((pairs * distance).sum()) / by_chance


def _distances(values: Values, totals: Values, scale: Scale) -> Values:
    """Return squared differences [v, v] of values."""
    if scale == "nominal":
        return 1.0 - np.eye(len(values))
    # Ordinal ones are as far apart as there are ratings between them, each end counted half.
    between: Values = np.cumsum(totals) - totals / 2.0
    place = between if scale == "ordinal" else values
    squared: Values = np.square(place[:, None] - place[None, :], dtype=np.float64)
    return squared
