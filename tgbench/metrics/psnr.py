"""Peak signal-to-noise ratio."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from ..interfaces import FrameView, Measurement, MetricContext
from .images import require_alike
from .mean import FrameMean
from .specs import PSNR

Image = NDArray[np.uint8]

PEAK = 255.0


def psnr(prediction: Image, target: Image) -> float:
    """Return 10 log10(255² / MSE) in dB over all pixels and channels; infinite if identical.

    The squared error is summed in integers, so the value is exact to float64 rounding.

    Args:
        prediction: uint8 RGB [H, W, 3].
        target: the ground truth, of the same shape.

    Raises:
        TgbenchError: the images cannot be compared.
    """
    require_alike(prediction, target)
    squared_error = cv2.norm(prediction, target, cv2.NORM_L2SQR)
    if squared_error == 0.0:
        return math.inf
    return 10.0 * math.log10(PEAK**2 * prediction.size / squared_error)


class Psnr:
    """Mean over frames of each frame's PSNR, as the field reports it (not PSNR of the mean MSE).

    A frame identical to its target has no finite value: it is counted apart and not in the mean.
    """

    spec = PSNR

    def __init__(self, context: MetricContext) -> None:
        self._mean = FrameMean()
        self._identical = 0

    def update(self, frame: FrameView) -> float | None:
        """Return the frame's PSNR in dB, None where it equals its target."""
        value = psnr(frame.prediction, frame.target)
        if math.isinf(value):
            self._identical += 1
            return self._mean.add(None)
        return self._mean.add(value)

    def compute(self) -> Measurement:
        """Return the mean over frames."""
        return self._mean.measurement(
            "uint8 RGB, whole image, mean of per-frame values",
            reason="every frame equals its target, so the ratio is infinite",
            details={"identical_frames": self._identical},
        )

    def merge(self, later: Psnr) -> None:
        """Take in the frames that `later` has seen."""
        self._mean.merge(later._mean)
        self._identical += later._identical
