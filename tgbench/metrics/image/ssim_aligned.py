"""Structural similarity of the faces that OpenFace cut out of each video.

What the authors of TalkingGaussian measure (issue 66 of its repository): `FeatureExtraction
-simalign` aligns the face of each video by that video's own landmarks, to 112 x 112 pixels, masked
outside the face. Two alignments that differ by a pixel already cost 0.1, so the number mostly
tells how well the landmarks agree; it compares only with itself.
"""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np

from ...errors import TgbenchError, Unavailable
from ...interfaces import FrameView, Image, Measurement, MetricContext
from ..frame_mean import FrameMean
from .specs import SSIM_FACE_ALIGNED
from .ssim import GAUSSIAN, ssim_of_crops

_NAME = re.compile(r"frame_det_(?:\d+_)?(\d+)\.(?:bmp|png|jpg)")


def aligned_files(folder: Path) -> dict[int, Path]:
    """Return the aligned faces of a folder by frame, counted from 0.

    OpenFace writes `frame_det_00_000001.bmp` for the first frame; where it finds several faces
    the first one counts.

    Raises:
        TgbenchError: no such folder, or none of OpenFace's files in it.
    """
    if not folder.is_dir():
        raise TgbenchError(f"{folder}: no such folder of aligned faces")
    found: dict[int, Path] = {}
    for path in sorted(folder.iterdir()):
        match = _NAME.fullmatch(path.name)
        if match:
            found.setdefault(int(match[1]) - 1, path)
    if not found:
        raise TgbenchError(
            f"{folder}: holds no aligned face (frame_det_00_000001.bmp, ...); make them with "
            "`FeatureExtraction -f VIDEO -simalign` and give processed/NAME_aligned"
        )
    return found


class SsimFaceAligned:
    """Mean over frames of the similarity of aligned faces; a frame without one is not scored."""

    spec = SSIM_FACE_ALIGNED

    def __init__(self, context: MetricContext) -> None:
        if context.options.aligned_faces is None:
            raise Unavailable(
                "needs the faces that OpenFace aligned in both videos; give their folders with "
                "`tgbench score --aligned-faces PREDICTION TARGET`"
            )
        prediction, target = context.options.aligned_faces
        self._prediction, self._target = aligned_files(prediction), aligned_files(target)
        self._mean = FrameMean()

    def update(self, frame: FrameView) -> float | None:
        """Return the similarity of the frame's aligned faces, None where one is missing."""
        paths = self._prediction.get(frame.index), self._target.get(frame.index)
        if paths[0] is None or paths[1] is None:
            return self._mean.add(None)
        return self._mean.add(ssim_of_crops(_read(paths[0]), _read(paths[1]), GAUSSIAN))

    def compute(self) -> Measurement:
        """Return the mean over frames."""
        return self._mean.measurement(
            "RGB, Gaussian window 11x11 sigma 1.5, windows inside the crop; each video's faces as "
            "OpenFace aligned them",
            reason="the two folders have no frame in common with the videos",
        )

    def merge(self, later: SsimFaceAligned) -> None:
        """Take in the frames that `later` has seen."""
        self._mean.merge(later._mean)


def _read(path: Path) -> Image:
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise TgbenchError(f"{path}: cannot be read as an image")
    return np.ascontiguousarray(image[..., ::-1])
