"""The error of action units: the formula, and the two lists it sums over.

TalkingGaussian's supplement, B.1: for each unit of a list the mean over frames of the squared
difference, summed over the list. Not a root, and not divided by the number of units.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...identities.layout import MOUTH_ACTION_UNITS, UPPER_ACTION_UNITS
from ...interfaces import Measurement

Array = NDArray[np.float64]

LOWER_FACE = MOUTH_ACTION_UNITS
UPPER_FACE = UPPER_ACTION_UNITS


def action_unit_error(prediction: NDArray[np.floating], target: NDArray[np.floating]) -> float:
    """Return the error of one list of units.

    Args:
        prediction: intensities [T, K], NaN where a frame could not be measured.
        target: the same of the ground truth, frame by frame.

    Returns:
        Not negative; 0 only where all agree. NaN where no frame was measured in both.
    """
    return float(unit_errors(squared_differences(prediction, target)).sum())


def squared_differences(prediction: NDArray[np.floating], target: NDArray[np.floating]) -> Array:
    """Return squared differences [T, K]; a frame that lacks any value is NaN throughout."""
    difference = np.asarray(prediction, np.float64) - np.asarray(target, np.float64)
    difference[np.isnan(difference).any(axis=1)] = np.nan
    return np.square(difference)


def unit_errors(squared: Array) -> Array:
    """Return the mean over scored frames of squared differences, [T, K] to [K]."""
    scored = squared[~np.isnan(squared[:, 0])]
    return scored.mean(axis=0) if len(scored) else np.full(squared.shape[1], np.nan)


def official_error(prediction: Array, target: Array) -> float:
    """Return what TalkingGaussian's script makes of the rows of two tables (`auerror.py`).

    Rows are paired by where they stand in the tables, whatever frame they are of, and those
    beyond the shorter table are dropped. Frames in which tracking failed count with the zeros
    that OpenFace writes. A missing cell shortens the mean of its unit alone.

    Args:
        prediction: intensities [R, K] in the order of the table, NaN for an empty cell.
        target: the same [S, K].

    Returns:
        NaN where the tables share no cell; the script makes that 0.
    """
    rows = min(len(prediction), len(target))
    squared = np.square(prediction[:rows] - target[:rows])
    known = ~np.isnan(squared)
    counts = known.sum(axis=0)
    if not counts.any():
        return float("nan")
    sums = np.where(known, squared, 0.0).sum(axis=0)
    return float((sums[counts > 0] / counts[counts > 0]).sum())


def measurement(
    squared: Array,
    units: tuple[str, ...],
    measured_by: str,
    *,
    reason: str,
    details: Mapping[str, Any],
) -> Measurement:
    """Return the error of a clip as a `Measurement`, with that of each unit.

    Args:
        squared: differences [T, K] as `squared_differences` returns them.
        units: the K names.
        measured_by: backend, version, variant.
        reason: why there is no value, where no frame is scored.
        details: further numbers.
    """
    scored = int((~np.isnan(squared).any(axis=1)).sum())
    if not scored:
        return Measurement(None, reason, 0, len(squared), measured_by, dict(details))
    errors = unit_errors(squared)
    told = {"by_unit": dict(zip(units, errors.tolist(), strict=True)), **details}
    return Measurement(float(errors.sum()), "", scored, len(squared), measured_by, told)


def frame_values(squared: Array) -> list[float | None]:
    """Return the sum over units of every frame, None where it was not scored."""
    return [None if np.isnan(value) else value for value in squared.sum(axis=1).tolist()]
