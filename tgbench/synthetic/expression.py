"""Action units of a performance, from the controls that move the face."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..identities.layout import ALL_ACTION_UNITS
from .motion import Performance

_STRONGEST = 5.0
_WIDEST_PARTING = 22.0
"""Millimetres between the lips at which they count as parted to the full."""


def action_units(
    performance: Performance, lip_gap: NDArray[np.floating]
) -> dict[str, NDArray[np.float64]]:
    """Return all units of the layout on the 0 to 5 scale of OpenFace, [N] each.

    Args:
        performance: the units that are acted; all others are 0 throughout.
        lip_gap: [N] millimetres between the lips' inner edges in the middle.
    """
    act, mouth = performance, performance.mouth
    shares = {
        "AU01": act.brow_inner,
        "AU02": act.brow_outer,
        "AU04": act.brow_lower,
        "AU05": act.wide,
        "AU06": act.cheeks,
        "AU07": act.squint,
        "AU12": act.smile,
        "AU17": 0.5 * mouth.seal * (1.0 - mouth.jaw),
        "AU20": 0.7 * mouth.spread,
        "AU23": 0.6 * mouth.seal,
        "AU25": np.asarray(lip_gap) / _WIDEST_PARTING,
        "AU26": mouth.jaw,
        "AU45": act.blink,
    }
    still = np.zeros(len(performance))
    return {
        name: _STRONGEST * np.clip(shares.get(name, still), 0.0, 1.0) for name in ALL_ACTION_UNITS
    }
