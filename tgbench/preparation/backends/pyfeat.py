"""Action units by py-feat: probabilities, brought to the scale of intensities."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ...faces.head_track import HeadTrack
from ...identities.layout import ALL_ACTION_UNITS
from ...metrics.action_units.pyfeat import CLOSED_EYES, PyFeat
from ...progress import Progress
from ..clip import Clip

_SCALE = 5.0
"""A probability of 1 counts as the strongest intensity: methods expect the scale 0 to 5."""


class PyFeatUnits:
    """py-feat on every frame by itself; AU43, closed eyes, stands for AU45."""

    def __init__(self) -> None:
        """Load the networks.

        Raises:
            Unavailable: the package or a weight file is missing or another one.
        """
        self._pyfeat = PyFeat()

    def measure(
        self, clip: Clip, track: HeadTrack, progress: Progress
    ) -> Mapping[str, NDArray[np.float32]]:
        """Return all units; see `ActionUnitBackend`."""
        values = {unit: np.full(len(clip), np.nan, np.float32) for unit in ALL_ACTION_UNITS}
        with progress.task("action units by py-feat", len(clip)) as task:
            for frame in range(len(clip)):
                found = self._pyfeat.measure(clip.image(frame))
                if found is not None:
                    for unit, column in values.items():
                        column[frame] = _SCALE * found[CLOSED_EYES.get(unit, unit)]
                task.advance()
        return values

    def describe(self) -> str:
        """Return package, weights and scale."""
        return f"{self._pyfeat.describe()}; {_SCALE:g} times the probabilities, AU43 as AU45"
