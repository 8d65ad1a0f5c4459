"""Peak signal-to-noise ratio, of the whole image and of the face."""

from __future__ import annotations

import math
from typing import ClassVar, Self

import cv2

from ...arrays import Image
from ...interfaces import FrameView, Measurement, MetricContext
from ...specs import MetricSpec
from ..checks import require_alike
from ..frame_mean import FrameMean
from .face_region import FaceRegion
from .specs import PSNR, PSNR_FACE

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

    A frame identical to its target has no finite value: it is counted separately.
    """

    spec: ClassVar[MetricSpec] = PSNR

    def __init__(self, context: MetricContext) -> None:
        self._mean = FrameMean()
        self._identical = 0

    def update(self, frame: FrameView) -> float | None:
        """Return the frame's PSNR in dB, None where it equals its target."""
        return self._add(psnr(frame.prediction, frame.target))

    def compute(self) -> Measurement:
        """Return the mean over frames."""
        return self._measurement(
            "whole image", reason="every frame equals its target, so the ratio is infinite"
        )

    def merge(self, later: Self) -> None:
        """Take in the frames that `later` has seen."""
        self._mean.merge(later._mean)
        self._identical += later._identical

    def _add(self, value: float) -> float | None:
        if math.isinf(value):
            self._identical += 1
            return self._mean.add(None)
        return self._mean.add(value)

    def _measurement(self, region: str, reason: str) -> Measurement:
        return self._mean.measurement(
            f"uint8 RGB, {region}, mean of per-frame values",
            reason=reason,
            details={"identical_frames": self._identical},
        )


class PsnrFace(Psnr):
    """The same in the box of the target's face, where `SsimFace` looks too.

    A head over the true torso and background shares most pixels of the image with its target;
    these are the ones that the method made.
    """

    spec = PSNR_FACE

    def __init__(self, context: MetricContext) -> None:
        super().__init__(context)
        self._region = FaceRegion(context)

    def update(self, frame: FrameView) -> float | None:
        """Return the PSNR in dB, None where the target shows no face or the boxes are equal."""
        box = self._region.of(frame)
        if box is None:
            return self._mean.add(None)
        require_alike(frame.prediction, frame.target)
        return self._add(psnr(box.cut(frame.prediction), box.cut(frame.target)))

    def compute(self) -> Measurement:
        """Return the mean over frames."""
        return self._measurement(
            self._region.describe(),
            reason="no target frame shows a face that differs from its prediction",
        )
