"""A scale without ends for numbers that have bounds."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Scale:
    """A rising function from the numbers between two bounds to all numbers, and back.

    The logarithm of the distance from a single bound; of the ratio of the distances from two.

    Attributes:
        least, most: the bounds; infinite where there is none.
    """

    least: float
    most: float

    def forward(self, values: ArrayLike) -> Numbers:
        """Return numbers on the scale; a bound, or what rounding put beyond it, is infinite."""
        numbers = np.asarray(values, np.float64)
        found = np.zeros_like(numbers)
        with np.errstate(divide="ignore"):
            if math.isfinite(self.least):
                found = found + np.log(np.maximum(numbers - self.least, 0.0))
            if math.isfinite(self.most):
                found = found - np.log(np.maximum(self.most - numbers, 0.0))
        return found

    def backward(self, values: ArrayLike) -> Numbers:
        """Return what `forward` gives these numbers for."""
        numbers = np.asarray(values, np.float64)
        with np.errstate(over="ignore"):
            if not math.isfinite(self.most):
                return self.least + np.exp(numbers)
            if not math.isfinite(self.least):
                return self.most - np.exp(-numbers)
            return self.least + (self.most - self.least) / (1.0 + np.exp(-numbers))


def scale_between(bounds: tuple[float, float], centre: float) -> Scale | None:
    """Return the scale of numbers between two bounds, None where there is no bound.

    None, too, where `centre`, a mean of such numbers, is at a bound or beyond it.
    """
    least, most = bounds
    bounded = math.isfinite(least) or math.isfinite(most)
    return Scale(least, most) if bounded and least < centre < most else None
