"""Soft time warping of the mouth, as a divergence: `softdtw:mouth(gamma=0.001)` (2606.01031).

Soft-DTW is the soft minimum over all paths, so it is negative of equal clips, by more than most
distances. The divergence takes off half of what each clip has with itself (2010.08354): 0 of equal
clips, and never negative for what it is used for.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ...errors import TgbenchError
from ...interfaces import MetricContext
from ...specs import MetricSpec
from ..libraries.naming import read_name
from ..tracks import Array, Found, both, runs
from .specs import LMD_DTW
from .timing import BAND, MOUTH_POINTS, WarpedLmd
from .warping import band_costs, soft_warping

_ONLY = "write softdtw:mouth(gamma=0.001), gamma above 0, in squared distances of the eyes"


@dataclass(frozen=True)
class SoftWarpingSpec(MetricSpec):
    """Soft time warping.

    Attributes:
        gamma: of the soft minimum.
    """

    gamma: float = 0.0

    def load(self) -> Callable[[MetricContext], SoftWarpedLmd]:
        """Return what makes the metric for a clip."""
        return functools.partial(SoftWarpedLmd, self)


def spec(name: str) -> MetricSpec:
    """Return the metric of a name.

    Raises:
        TgbenchError: it is none.
    """
    asked = read_name(name)
    arguments = dict(asked.arguments)
    gamma = arguments.pop("gamma", None)
    is_number = isinstance(gamma, int | float) and not isinstance(gamma, bool)
    if asked.metric != "mouth" or arguments or not is_number or not 0.0 < gamma < np.inf:
        raise TgbenchError(f"metric '{name}': {_ONLY}")
    return SoftWarpingSpec(
        asked.name,
        f"soft-DTW divergence of the mouth with gamma {gamma:g}, lips early or late by 120 ms",
        f"{__name__}:spec",
        title=f"Soft-DTW {gamma:g}",
        unit=LMD_DTW.unit,
        direction=LMD_DTW.direction,
        needs=LMD_DTW.needs,
        decimals=LMD_DTW.decimals,
        by_name=True,
        averages_frames=False,
        region=LMD_DTW.region,
        table_place=LMD_DTW.table_place + 1,
        gamma=float(gamma),
    )


class SoftWarpedLmd(WarpedLmd):
    """The divergence of soft time warping, a frame, of squared mouth distances."""

    def __init__(self, spec: SoftWarpingSpec, context: MetricContext) -> None:
        super().__init__(context)
        self.spec = spec  # type: ignore[misc]
        self._gamma = spec.gamma
        self.definition = (
            "points 48 to 67, each mouth centred on its mean and divided by its inter-ocular "
            f"distance; soft-DTW divergence, gamma {spec.gamma:g}, within 120 ms"
        )

    def measure(self, prediction: Array, target: Array) -> Found:
        """Return the divergence by the number of frames."""
        frames = both(prediction, target)
        if not len(frames):
            return Found(None, "no stretch of frames shows both faces")
        total = 0.0
        for run in runs(frames, 1):
            own, true = prediction[run], target[run]
            total += self._warped(own, true)
            total -= (self._warped(own, own) + self._warped(true, true)) / 2.0
        return Found(total / len(frames))

    def _warped(self, one: Array, other: Array) -> float:
        costs = band_costs(one, other, round(BAND * self.fps)) / MOUTH_POINTS
        return soft_warping(costs, self._gamma)
