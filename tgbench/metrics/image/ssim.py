"""Structural similarity (Wang et al. 2004), in the face's region and in the whole image.

Libraries disagree on window, covariance and border, papers on the region; each choice is a metric
of its own. In all of them both images share one box, that of the target: the field's own
definition lets OpenFace align each video by itself (`ssim_aligned`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from ...arrays import Image
from ...errors import TgbenchError
from ...interfaces import FrameView, Measurement, MetricContext
from ...specs import MetricSpec
from ..checks import require_alike
from ..frame_mean import FrameMean
from .face_region import Box, FaceRegion
from .specs import SSIM, SSIM_FACE, SSIM_FACE_GAUSSIAN, SSIM_FACE_SKIMAGE

Map = NDArray[np.floating]

_LUMINANCE, _CONTRAST = (0.01 * 255.0) ** 2, (0.03 * 255.0) ** 2
_MIDDLE = np.float32(128.0)
_ROWS_AT_ONCE = 48
"""So many rows stay in the processor's cache."""


@dataclass(frozen=True)
class Window:
    """What local means are taken over.

    Attributes:
        size: side of the window, odd.
        mean: float32 [h, w, 3] to the means around each pixel, of the same shape; what it does at
            the border is of no matter.
        bias: by which a population covariance is multiplied.
    """

    size: int
    mean: Callable[[Map], Map]
    bias: float = 1.0


def _gaussian_mean(image: Map) -> Map:
    line = cv2.getGaussianKernel(11, 1.5, cv2.CV_32F)
    return np.asarray(cv2.sepFilter2D(image, cv2.CV_32F, line, line))


GAUSSIAN = Window(11, _gaussian_mean)
"""Sigma 1.5, population covariance: Wang et al. 2004, and the 3D Gaussian Splatting code."""

UNIFORM = Window(7, lambda image: np.asarray(cv2.blur(image, (7, 7))), bias=49.0 / 48.0)
"""Sample covariance: scikit-image's defaults."""


def ssim(prediction: Image, target: Image, box: Box | None = None) -> float:
    """Return the structural similarity of two images, its map averaged over channels and a box.

    As the 3D Gaussian Splatting code has it: Gaussian window, zeros outside the image. The map is
    that of the whole image: pixels just outside the box take part in the windows of those inside.

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
    first, second = (_with_margin(image, box, GAUSSIAN.size // 2) for image in (prediction, target))
    return _mean_similarity(first, second, GAUSSIAN)


def ssim_of_crops(prediction: Image, target: Image, window: Window) -> float:
    """Return the structural similarity of two crops, over windows that lie inside them.

    Equals `skimage.metrics.structural_similarity` of the crops.

    Args:
        prediction: uint8 RGB [H, W, 3], no side shorter than the window.
        target: the ground truth, of the same shape.
        window: `GAUSSIAN` or `UNIFORM`.

    Raises:
        TgbenchError: the crops cannot be compared, or are smaller than the window.
    """
    require_alike(prediction, target)
    if min(target.shape[:2]) < window.size:
        height, width = target.shape[:2]
        raise TgbenchError(
            f"a region of {width}x{height} pixels is smaller than SSIM's window of {window.size}"
        )
    return _mean_similarity(prediction, target, window)


def _with_margin(image: Image, box: Box, margin: int) -> Image:
    """Return a box of an image with what surrounds it, zeros outside the image."""
    height, width = image.shape[:2]
    around = Box(box.left - margin, box.top - margin, box.right + margin, box.bottom + margin)
    outside = (
        max(0, -around.top),
        max(0, around.bottom - height),
        max(0, -around.left),
        max(0, around.right - width),
    )
    inside = Box(max(0, around.left), max(0, around.top), around.right, around.bottom)
    return np.asarray(cv2.copyMakeBorder(inside.cut(image), *outside, cv2.BORDER_CONSTANT))


def _mean_similarity(first: Image, second: Image, window: Window) -> float:
    """Return the mean over channels and over all windows inside two images."""
    margin = window.size - 1
    rows, columns = first.shape[0] - margin, first.shape[1] - margin
    total = 0.0
    for top in range(0, rows, _ROWS_AT_ONCE):
        band = slice(top, min(top + _ROWS_AT_ONCE, rows) + margin)
        total += float(_similarity(first[band], second[band], window).sum(dtype=np.float64))
    return total / (rows * columns * 3)


def _similarity(first: Image, second: Image, window: Window) -> Map:
    """Return the map of similarity over the windows inside two images."""
    # Variances do not change with the origin, and squares around the middle lose less in float32.
    x = np.subtract(first, _MIDDLE, dtype=np.float32)
    y = np.subtract(second, _MIDDLE, dtype=np.float32)
    moments: tuple[Map, ...] = (x, y, np.square(x) + np.square(y), np.multiply(x, y))
    inside = slice(window.size // 2, -(window.size // 2))
    mean_x, mean_y, squares, products = (window.mean(values)[inside, inside] for values in moments)
    # The formula needs only the sum of the two variances: four filters instead of five.
    variances = squares - mean_x * mean_x
    variances -= mean_y * mean_y
    variances *= window.bias
    covariance = products - mean_x * mean_y
    covariance *= window.bias
    mean_x, mean_y = mean_x + _MIDDLE, mean_y + _MIDDLE
    # In place: memory takes longer than arithmetic.
    numerator = 2.0 * mean_x
    numerator *= mean_y
    numerator += _LUMINANCE
    covariance *= 2.0
    covariance += _CONTRAST
    numerator *= covariance
    denominator = np.square(mean_x, out=mean_x)
    denominator += np.square(mean_y, out=mean_y)
    denominator += _LUMINANCE
    variances += _CONTRAST
    denominator *= variances
    numerator /= denominator
    return numerator


class SsimFace:
    """Mean over frames of 3DGS's similarity inside one box, that of the target's landmarks."""

    spec: ClassVar[MetricSpec] = SSIM_FACE
    definition: ClassVar[str] = (
        "RGB, Gaussian window 11x11 sigma 1.5, zeros outside the image; map of the whole image "
        "averaged in"
    )

    def __init__(self, context: MetricContext) -> None:
        self._region = FaceRegion(context)
        self._mean = FrameMean()

    @staticmethod
    def similarity(prediction: Image, target: Image, box: Box) -> float:
        """Return the similarity of two images in a box."""
        return ssim(prediction, target, box)

    def update(self, frame: FrameView) -> float | None:
        """Return the frame's similarity, None where the target shows no face."""
        box = self._region.of(frame)
        if box is None:
            return self._mean.add(None)
        return self._mean.add(self.similarity(frame.prediction, frame.target, box))

    def compute(self) -> Measurement:
        """Return the mean over frames."""
        return self._mean.measurement(
            f"{self.definition} {self._region.describe()}",
            reason="no face was found in any target frame",
        )

    def merge(self, later: Self) -> None:
        """Take in the frames that `later` has seen."""
        self._mean.merge(later._mean)


class SsimFaceGaussian(SsimFace):
    """The similarity of the face's crops with a Gaussian window that stays inside them."""

    spec = SSIM_FACE_GAUSSIAN
    definition = "RGB, Gaussian window 11x11 sigma 1.5, windows inside the crop; crop to"

    @staticmethod
    def similarity(prediction: Image, target: Image, box: Box) -> float:
        """Return the similarity of two crops."""
        return ssim_of_crops(box.cut(prediction), box.cut(target), GAUSSIAN)


class SsimFaceSkimage(SsimFace):
    """The similarity of the face's crops with the defaults of scikit-image."""

    spec = SSIM_FACE_SKIMAGE
    definition = "RGB, uniform window 7x7, sample covariance, windows inside the crop; crop to"

    @staticmethod
    def similarity(prediction: Image, target: Image, box: Box) -> float:
        """Return the similarity of two crops."""
        return ssim_of_crops(box.cut(prediction), box.cut(target), UNIFORM)


class SsimWhole:
    """Mean over frames of 3DGS's similarity of the whole images."""

    spec: ClassVar[MetricSpec] = SSIM

    def __init__(self, context: MetricContext) -> None:
        self._mean = FrameMean()

    def update(self, frame: FrameView) -> float | None:
        """Return the frame's similarity."""
        return self._mean.add(ssim(frame.prediction, frame.target))

    def compute(self) -> Measurement:
        """Return the mean over frames."""
        return self._mean.measurement(
            "RGB, Gaussian window 11x11 sigma 1.5, zeros outside the image; whole image"
        )

    def merge(self, later: SsimWhole) -> None:
        """Take in the frames that `later` has seen."""
        self._mean.merge(later._mean)
