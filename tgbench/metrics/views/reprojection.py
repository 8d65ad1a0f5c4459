"""Whether neighbouring views show one and the same head, by the depth that the method gives it."""

from __future__ import annotations

from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from ...errors import TgbenchError, Unavailable
from ...identities import Intrinsics
from ...interfaces import FrameView, Image, Layers, Measurement, MetricContext
from ..frame_mean import FrameMean
from .layers import COVERED
from .specs import REPROJECTION_ERROR

_HIDDEN = 0.02
"""Share of a point's distance by which what is seen there may be nearer before it hides it."""


def reprojection_error(
    now: tuple[Image, Layers, NDArray[np.floating]],
    before: tuple[Image, Layers, NDArray[np.floating]],
    lens: Intrinsics,
) -> float | None:
    """Return the mean absolute difference of a head and the same points as another view shows them.

    Each pixel of the head is placed in space by its depth and looked up in the other view, unless
    something hides it there.

    Args:
        now: a frame, uint8 RGB [H, W, 3], its layers, and its camera to head [4, 4].
        before: the same of another view.
        lens: of both.

    Returns:
        Levels of 255, None where no pixel is seen in both.
    """
    image, layers, camera = now
    other, other_layers, other_camera = before
    rows, columns = np.nonzero((layers.alpha >= COVERED) & np.isfinite(layers.depth))
    depth = layers.depth[rows, columns].astype(np.float64)
    local = np.stack(
        [
            (columns + 0.5 - lens.cx) / lens.focal * depth,
            (lens.cy - rows - 0.5) / lens.focal * depth,
            -depth,
        ],
        axis=1,
    )
    place = local @ camera[:3, :3].T.astype(np.float64) + camera[:3, 3]
    seen = (place - other_camera[:3, 3]) @ other_camera[:3, :3].astype(np.float64)
    away = np.maximum(-seen[:, 2], 1e-6)
    x = (lens.cx + lens.focal * seen[:, 0] / away - 0.5).astype(np.float32)[None]
    y = (lens.cy - lens.focal * seen[:, 1] / away - 0.5).astype(np.float32)[None]
    alpha = cv2.remap(other_layers.alpha, x, y, cv2.INTER_NEAREST)[0]
    nearest = cv2.remap(np.nan_to_num(other_layers.depth), x, y, cv2.INTER_NEAREST)[0]
    shown = (alpha >= COVERED) & (nearest >= (1.0 - _HIDDEN) * away) & (seen[:, 2] < 0.0)
    if not shown.any():
        return None
    found = cv2.remap(other, x, y, cv2.INTER_LINEAR)[0].astype(np.float64)
    return float(np.abs(image[rows, columns] - found)[shown].mean())


class ReprojectionError:
    """The reprojection error of neighbouring frames of a head that does not move, mean over frames.

    A picture that is painted anew for each view, or a surface where nothing is, shows here even
    where there is no truth. The error of the true head is in the details: light that glances off
    and pixels that are cut alike are no fault of a method.
    """

    spec = REPROJECTION_ERROR

    def __init__(self, context: MetricContext) -> None:
        cameras = context.cameras
        if cameras is None or not cameras.frozen:
            raise Unavailable("the head moves from frame to frame; measured in the view 'frozen'")
        if cameras.rendered is None:
            raise Unavailable("the method does not say where its head is (it has no `layers`)")
        self._cameras, self._rendered = cameras, cameras.rendered()
        self._last: tuple[Image, Layers, NDArray[np.floating]] | None = None
        self._last_true: tuple[Image, Layers, NDArray[np.floating]] | None = None
        self._mean, self._truth = FrameMean(), FrameMean()

    def update(self, frame: FrameView) -> float | None:
        """Return the frame's error against the one before; None of the first."""
        layers = next(self._rendered, None)
        if layers is None:
            raise TgbenchError(f"the method has no layers of frame {frame.index}")
        camera, lens = self._cameras.poses[frame.index], self._cameras.lens
        now, before = (frame.prediction, layers, camera), self._last
        self._last = now
        if truth := self._cameras.truth:
            true, true_before = (frame.target, truth.layers(frame.index), camera), self._last_true
            self._last_true = true
            if true_before is not None:
                self._truth.add(reprojection_error(true, true_before, lens))
        return self._mean.add(None if before is None else reprojection_error(now, before, lens))

    def compute(self) -> Measurement:
        """Return the mean over frames."""
        return self._mean.measurement(
            "points of the head at their expected depth, looked up in the frame before",
            reason="no two frames show the same points",
            details={"of_the_truth": self._truth.value},
        )

    def merge(self, later: Self) -> None:
        """Take in the frames that `later` has seen, of which the first has none before it."""
        self._mean.merge(later._mean)
        self._truth.merge(later._truth)
