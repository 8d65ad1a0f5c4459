"""How often 95 % intervals hold the true mean: `python -m benchmarks.intervals`.

Prints a row for each kind of simulated series, correlation of neighbours and number of frames: the
share of intervals that hold the true mean, and of those that leave the bounds, without bounds given
and with them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tgbench.statistics import Series, mean_interval

TRIALS = 400
RESAMPLES = 400
FRAMES = (28, 60, 150, 500)
CORRELATIONS = (0.0, 0.6, 0.9)


@dataclass(frozen=True)
class Kind:
    """Values that a metric might give.

    Attributes:
        name: for the table.
        make: from an AR(1) series of mean 0 and variance 1.
        mean: the true one.
        bounds: of the values.
    """

    name: str
    make: Callable[[Series], Series]
    mean: float
    bounds: tuple[float, float]


KINDS = (
    Kind("Gaussian, 5 ± 1", lambda z: 5.0 + z, 5.0, (0.0, math.inf)),
    Kind("log-normal, sigma 1", np.exp, math.exp(0.5), (0.0, math.inf)),
    Kind("squared Gaussian", np.square, 1.0, (0.0, math.inf)),
    Kind(
        "1 - 0.03 log-normal, sigma 0.7",
        lambda z: 1.0 - 0.03 * np.exp(0.7 * z),
        1.0 - 0.03 * math.exp(0.245),
        (-1.0, 1.0),
    ),
)


def wander(rng: np.random.Generator, frames: int, rho: float) -> Series:
    """Return an AR(1) series of mean 0 and variance 1 in its stationary state."""
    values = rng.normal(size=frames)
    for t in range(1, frames):
        values[t] = rho * values[t - 1] + math.sqrt(1.0 - rho**2) * values[t]
    return values


def row(kind: Kind, rho: float, frames: int) -> str:
    """Return a line of the table."""
    rng = np.random.default_rng(frames)
    held, outside = [0, 0], [0, 0]
    for trial in range(TRIALS):
        clip = kind.make(wander(rng, frames, rho))
        for way, bounds in enumerate(((-math.inf, math.inf), kind.bounds)):
            found = mean_interval([clip], bounds=bounds, seed=trial, resamples=RESAMPLES)
            assert found is not None
            held[way] += found.low <= kind.mean <= found.high
            outside[way] += found.low < kind.bounds[0] or found.high > kind.bounds[1]
    shares = (f"{100 * count / TRIALS:.0f}" for count in (*held, *outside))
    return f"| {kind.name} | {rho:g} | {frames} | " + " | ".join(shares) + " |"


def main() -> None:
    """Print the table."""
    print("| series | r | frames | held before | held now | outside before | outside now |")
    print("|---|---|---|---|---|---|---|")
    for kind in KINDS:
        for rho in CORRELATIONS:
            for frames in FRAMES:
                print(row(kind, rho, frames), flush=True)


if __name__ == "__main__":
    main()
