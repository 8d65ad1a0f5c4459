"""How much worse a metric may get before that counts, in one place."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

from tgbench.errors import TgbenchError
from tgbench.metrics.naming import metric_named
from tgbench.plugins import metric_spec

OTHERS = 0.02
"""Of a metric that declares no tolerance, as a share of the baseline's value."""


def default_tolerance(metric: str, value: float) -> float:
    """Return how much worse than a baseline's value a metric may get, in its own unit."""
    declared = metric_spec(metric).gate_tolerance
    return OTHERS * abs(value) if declared is None else declared


def parse_tolerances(pairs: Sequence[str], known: Collection[str] = ()) -> dict[str, float]:
    """Turn ["psnr=0.2", ...] into a dictionary.

    Args:
        pairs: as the user gave them.
        known: metrics to accept besides the installed ones.

    Raises:
        TgbenchError: wrong form, unknown metric, or not a number of 0 or more.
    """
    tolerances: dict[str, float] = {}
    for pair in pairs:
        called, equals, text = pair.partition("=")
        if not equals or not called.strip():
            raise TgbenchError(f"--tolerance {pair}: expected METRIC=NUMBER, such as psnr=0.2")
        name = metric_named(called.strip(), known)
        if name in tolerances:
            raise TgbenchError(f"--tolerance {name}: given twice")
        try:
            tolerances[name] = float(text)
        except ValueError as error:
            raise TgbenchError(f"--tolerance {pair}: {text} is not a number") from error
        if not (math.isfinite(tolerances[name]) and tolerances[name] >= 0.0):
            raise TgbenchError(f"--tolerance {pair}: must be 0 or more")
    return tolerances
