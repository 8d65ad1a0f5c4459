"""Tables that systems read, in the shape in which OpenFace writes them."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..arrays import Points
from ..identities import layout
from ..identities.identity import ActionUnits

_FIRST = ("frame", "face_id", "timestamp", "confidence", "success")
_POINTS = 68


def write_action_units(path: Path, units: ActionUnits, blanks: bool) -> None:
    """Write action units, a row for each frame.

    Args:
        path: of the table.
        units: by name such as "AU45".
        blanks: whether every column's name but the first begins with a blank, as OpenFace's do.
    """
    names = sorted(units.values)
    rows = np.stack([units.values[name] for name in names], axis=1)
    _write(path, [f"{name}_r" for name in names], rows, blanks)


def write_landmarks(path: Path, points: Iterable[Points], blanks: bool) -> None:
    """Write landmarks, first all x and then all y of a frame, as OpenFace's `-2Dfp`.

    Args:
        path: of the table.
        points: [68, 2] in pixels, of each frame.
        blanks: whether every column's name but the first begins with a blank.
    """
    names = [f"{axis}_{number}" for axis in "xy" for number in range(_POINTS)]
    rows = np.stack([np.asarray(each).T.reshape(-1) for each in points])
    _write(path, names, rows, blanks)


def _write(path: Path, names: Sequence[str], rows: NDArray, blanks: bool) -> None:
    header = [*_FIRST, *names]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream)
        table.writerow([header[0], *(f" {name}" if blanks else name for name in header[1:])])
        for index, row in enumerate(rows):
            seconds = f"{index / layout.FPS:.3f}"
            table.writerow([index + 1, 0, seconds, "1.00", 1, *(f"{value:.4f}" for value in row)])
