"""Structural similarity in the region of the face."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..interfaces import FrameView, Measurement, MetricContext
from .images import require_alike
from .mean import FrameMean
from .specs import SSIM_FACE

Image = NDArray[np.uint8]

WINDOW = 11
SIGMA = 1.5
_RADIUS = WINDOW // 2
_STABILISERS = ((0.01 * 255.0) ** 2, (0.03 * 255.0) ** 2)


@dataclass(frozen=True)
class Box:
    """A rectangle of pixels, ends exclusive."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def empty(self) -> bool:
        """Whether it holds no pixel."""
        return self.right <= self.left or self.bottom <= self.top


def face_box(landmarks: NDArray[np.floating], width: int, height: int) -> Box:
    """Return the smallest box of whole pixels around landmarks [N, 2], within the image."""
    low = np.floor(landmarks.min(axis=0)).astype(int)
    high = np.ceil(landmarks.max(axis=0)).astype(int)
    return Box(
        max(0, int(low[0])),
        max(0, int(low[1])),
        min(width, int(high[0])),
        min(height, int(high[1])),
    )


def ssim(prediction: Image, target: Image, box: Box | None = None) -> float:
    """Return the structural similarity of two images, its map averaged over channels and a box.

    Wang et al. 2004 with the settings of the 3D Gaussian Splatting code: Gaussian window of
    11 x 11 and sigma 1.5, population covariances, zeros outside the image. The map is that of the
    whole image: pixels just outside the box take part in the windows of those inside it.

    Args:
        prediction: uint8 RGB [H, W, 3].
        target: the ground truth, of the same shape.
        box: where to average; None for the whole image.

    Returns:
        A value in [-1, 1], 1 for identical images.

    Raises:
        TgbenchError: the images cannot be compared.
    """
    require_alike(prediction, target)
    height, width = target.shape[:2]
    box = box or Box(0, 0, width, height)
    # Filtering box plus window radius gives the whole image's map inside the box.
    top, bottom = max(0, box.top - _RADIUS), min(height, box.bottom + _RADIUS)
    left, right = max(0, box.left - _RADIUS), min(width, box.right + _RADIUS)
    values = _ssim_map(
        prediction[top:bottom, left:right].astype(np.float64),
        target[top:bottom, left:right].astype(np.float64),
    )
    inside = values[box.top - top : box.bottom - top, box.left - left : box.right - left]
    return float(inside.mean())


def _ssim_map(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    mean_first, mean_second = _blur(first), _blur(second)
    product = mean_first * mean_second
    squares = mean_first**2 + mean_second**2
    # The formula needs only the sum of the two variances: four filters instead of five.
    variances = _blur(first**2 + second**2) - squares
    covariance = _blur(first * second) - product
    luminance, contrast = _STABILISERS
    numerator = (2.0 * product + luminance) * (2.0 * covariance + contrast)
    values: NDArray[np.float64] = numerator / ((squares + luminance) * (variances + contrast))
    return values


def _blur(image: NDArray[np.float64]) -> NDArray[np.float64]:
    kernel = cv2.getGaussianKernel(WINDOW, SIGMA, cv2.CV_64F)
    border = cv2.BORDER_CONSTANT
    return np.asarray(cv2.sepFilter2D(image, cv2.CV_64F, kernel, kernel, borderType=border))


class SsimFace:
    """Mean over frames of the similarity inside one box, that of the target's landmarks.

    The field's own definition crops each video by OpenFace's alignment of itself, which mostly
    measures how well the two alignments agree; here both images share the target's box.
    """

    spec = SSIM_FACE

    def __init__(self, context: MetricContext) -> None:
        self._mean = FrameMean()

    def update(self, frame: FrameView) -> float | None:
        """Return the frame's similarity, None where the target shows no face."""
        landmarks = frame.target_landmarks
        if landmarks is None:
            return self._mean.add(None)
        height, width = frame.target.shape[:2]
        box = face_box(landmarks, width, height)
        return self._mean.add(None if box.empty else ssim(frame.prediction, frame.target, box))

    def compute(self) -> Measurement:
        """Return the mean over frames."""
        return self._mean.measurement(
            f"RGB, Gaussian window {WINDOW}x{WINDOW} sigma {SIGMA}, zeros outside the image; map "
            "of the whole image averaged in the box of the target's 68 landmarks",
            reason="no face was found in any target frame",
        )
