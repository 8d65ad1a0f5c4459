"""Structural similarity (Wang et al. 2004), in the face's region and in the whole image.

Libraries disagree on window, covariance and border, papers on the region; each choice is a metric
of its own. In all of them both images share one box, that of the target: the field's own
definition lets OpenFace align each video by itself (`ssim_aligned`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import cv2
import numpy as np

from ...arrays import Image
from ...errors import TgbenchError
from ...interfaces import FrameView, Measurement, MetricContext
from ...specs import MetricSpec
from ..checks import require_alike
from ..frame_mean import FrameMean
from .face_region import Box, FaceRegion
from .specs import SSIM, SSIM_FACE, SSIM_FACE_GAUSSIAN, SSIM_FACE_SKIMAGE
from .ssim_kernel import similarity_sum


@dataclass(frozen=True)
class Window:
    """What local means are taken over.

    Attributes:
        taps: weights along one axis, symmetric, odd in number, of sum 1.
        bias: by which a population covariance is multiplied.
    """

    taps: tuple[float, ...]
    bias: float = 1.0

    @property
    def size(self) -> int:
        """Side of the window."""
        return len(self.taps)


GAUSSIAN = Window(tuple(cv2.getGaussianKernel(11, 1.5)[:, 0].tolist()))
"""Sigma 1.5, population covariance: Wang et al. 2004, and the 3D Gaussian Splatting code."""

UNIFORM = Window((1.0 / 7.0,) * 7, bias=49.0 / 48.0)
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
    height, width, channels = first.shape
    margin = window.size - 1
    total = similarity_sum(
        np.ascontiguousarray(first).reshape(height, -1),
        np.ascontiguousarray(second).reshape(height, -1),
        np.array(window.taps, np.float32),
        np.float32(window.bias),
    )
    return float(total) / ((height - margin) * (width - margin) * channels)


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
