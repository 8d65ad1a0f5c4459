"""What backends return, checked before it is written."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ..errors import TgbenchError
from ..identities.layout import ALL_ACTION_UNITS
from .clip import Clip
from .presence import filled_in, require_presence


def filled_landmarks(points: NDArray[np.floating], clip: Clip) -> NDArray[np.float32]:
    """Return landmarks [N, 68, 2] with the few frames filled in that a backend did not find.

    Raises:
        TgbenchError: too many are missing.
        ValueError: the backend returned another shape.
    """
    if points.shape != (len(clip), 68, 2):
        raise ValueError(f"landmarks have shape {points.shape}, expected {(len(clip), 68, 2)}")
    found = np.isfinite(points).all(axis=(1, 2))
    require_presence(clip.folder, found, "the landmark backend found no face in")
    return filled_in(np.asarray(points, np.float32), found)


def checked_units(
    units: Mapping[str, NDArray[np.floating]], clip: Clip
) -> dict[str, NDArray[np.float32]]:
    """Return every action unit of the layout, name to [N].

    Raises:
        TgbenchError: no frame has values.
        ValueError: the backend returned other units or another number of frames.
    """
    if missing := [unit for unit in ALL_ACTION_UNITS if unit not in units]:
        raise ValueError(f"the backend returned no {', '.join(missing)}")
    values = {unit: np.asarray(units[unit], np.float32) for unit in ALL_ACTION_UNITS}
    if wrong := {value.shape for value in values.values()} - {(len(clip),)}:
        raise ValueError(f"action units have shape {wrong}, expected {(len(clip),)}")
    if not any(np.isfinite(value).any() for value in values.values()):
        raise TgbenchError(f"{clip.folder}: the action unit backend found a face in no frame")
    return values
