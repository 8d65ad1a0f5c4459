"""Whether pictures move as the true ones do."""

from __future__ import annotations

from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from ...interfaces import FrameView, Image, Measurement, MetricContext
from ..frame_mean import FrameMean
from .specs import TOF

_SIDE = 256
"""Pixels of the shorter side at which flow is found, so that image size does not matter."""

_Pair = tuple[NDArray[np.uint8], NDArray[np.uint8]]


class FlowDifference:
    """Mean L1 distance of optical flows, prediction against target (tOF of TecoGAN, 1811.09393)."""

    spec = TOF

    def __init__(self, context: MetricContext) -> None:
        self._finder = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        self._mean = FrameMean()
        self._first: _Pair | None = None
        self._last: _Pair | None = None

    def update(self, frame: FrameView) -> float | None:
        """Return the difference of the flows that lead to this frame; the first has none."""
        pair = (_grey(frame.prediction), _grey(frame.target))
        before, self._last = self._last, pair
        if before is None:
            self._first = pair
            return self._mean.add(None)
        return self._mean.add(self._difference(before, pair))

    def merge(self, later: Self) -> None:
        """Go on with the frames that `later` has seen."""
        if self._last is not None and later._first is not None:
            self._mean.add(self._difference(self._last, later._first))
            self._mean.offered -= 1
        self._first = self._first or later._first
        self._last = later._last or self._last
        self._mean.merge(later._mean)

    def compute(self) -> Measurement:
        """Return the mean over neighbouring frames."""
        return self._mean.measurement(
            f"OpenCV {cv2.__version__} DIS flow, fast preset, shorter side {_SIDE} px; mean over "
            "pixels of |du| + |dv|",
            reason="takes at least two frames",
        )

    def _difference(self, before: _Pair, after: _Pair) -> float:
        own, true = (
            self._finder.calc(*pictures, np.zeros((*pictures[0].shape, 2), np.float32))
            for pictures in zip(before, after, strict=True)
        )
        return float(np.abs(own - true).sum(axis=-1, dtype=np.float64).mean())


def _grey(image: Image) -> NDArray[np.uint8]:
    height, width = image.shape[:2]
    scale = _SIDE / min(height, width)
    size = (round(width * scale), round(height * scale))
    method = cv2.INTER_AREA if scale < 1.0 else cv2.INTER_LINEAR
    grey = cv2.resize(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), size, interpolation=method)
    return np.asarray(grey, np.uint8)
