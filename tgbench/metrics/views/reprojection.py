"""Whether neighbouring views show one and the same head, by the depth that the method gives it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from ...errors import TgbenchError, Unavailable
from ...identities import Intrinsics
from ...interfaces import FrameView, Image, Layers, Measurement, MetricContext
from ..frame_mean import FrameMean
from .layers import COVERED
from .specs import REPROJECTION_ERROR

Shot = tuple[Image, Layers, NDArray[np.floating]]
"""A frame, uint8 RGB [H, W, 3], its layers, and its camera to head [4, 4]."""

_HIDDEN = 0.02
"""Share of a point's distance by which what is seen there may be nearer before it hides it."""


@dataclass(frozen=True)
class LookedUp:
    """The points of a head, looked up in another view.

    Attributes:
        own: float64 [P, 3], their colours here.
        found: float64 [P, 3], their colours there.
        seen: bool [P], whether nothing hides them there.
    """

    own: NDArray[np.float64]
    found: NDArray[np.float64]
    seen: NDArray[np.bool_]


def reprojected(now: Shot, other: Shot, lens: Intrinsics) -> LookedUp:
    """Place each pixel of a head in space by its depth, and look it up in another view.

    Args:
        now: the view whose pixels count, in the order of its rows.
        other: where they are looked up.
        lens: of both.
    """
    image, layers, camera = now
    there, other_layers, other_camera = other
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
    # Maps of the whole picture, as OpenCV takes no row of more than 32,767 points.
    maps = np.full((2, *layers.alpha.shape), -1.0, np.float32)
    maps[0, rows, columns] = lens.cx + lens.focal * seen[:, 0] / away - 0.5
    maps[1, rows, columns] = lens.cy - lens.focal * seen[:, 1] / away - 0.5

    def looked_up(picture: NDArray[Any], how: int) -> NDArray[Any]:
        return np.asarray(cv2.remap(picture, maps[0], maps[1], how))[rows, columns]

    alpha = looked_up(other_layers.alpha, cv2.INTER_NEAREST)
    nearest = looked_up(np.nan_to_num(other_layers.depth), cv2.INTER_NEAREST)
    shown = (alpha >= COVERED) & (nearest >= (1.0 - _HIDDEN) * away) & (seen[:, 2] < 0.0)
    found = looked_up(there, cv2.INTER_LINEAR).astype(np.float64)
    return LookedUp(image[rows, columns].astype(np.float64), found, shown)


def reprojection_error(now: Shot, before: Shot, lens: Intrinsics) -> float | None:
    """Return the mean absolute difference of a head and the same points as another view shows them.

    Args:
        now: a frame, its layers, and its camera.
        before: the same of another view.
        lens: of both.

    Returns:
        Levels of 255, None where no pixel is seen in both.
    """
    points = reprojected(now, before, lens)
    if not points.seen.any():
        return None
    return float(np.abs(points.own - points.found)[points.seen].mean())


class FrozenViews:
    """The latest three views of a head that does not move, for metrics that ask in order."""

    def __init__(self, context: MetricContext) -> None:
        """Take what is known of the cameras.

        Raises:
            Unavailable: the head moves, or the method does not say where it is.
        """
        cameras = context.cameras
        if cameras is None or not cameras.frozen:
            raise Unavailable("the head moves from frame to frame; measured in the view 'frozen'")
        if cameras.rendered is None:
            raise Unavailable("the method does not say where its head is (it has no `layers`)")
        self.lens = cameras.lens
        self._cameras, self._rendered = cameras, cameras.rendered()
        self._index = -1
        self._own, self._true = deque[Shot](maxlen=3), deque[Shot](maxlen=3)

    def upto(self, frame: FrameView) -> tuple[list[Shot], list[Shot]]:
        """Return the views up to a frame, the method's and the true ones, oldest first.

        The frame is the last one asked for or the next. There are no true ones without a truth.

        Raises:
            TgbenchError: the method renders other layers than frames.
        """
        if frame.index != self._index:
            self._index = frame.index
            layers = next(self._rendered, None)
            if layers is None:
                raise TgbenchError(f"the method has no layers of frame {frame.index}")
            camera = self._cameras.poses[frame.index]
            self._own.append((frame.prediction, layers, camera))
            if truth := self._cameras.truth:
                self._true.append((frame.target, truth.layers(frame.index), camera))
        return list(self._own), list(self._true)


def frozen_views(context: MetricContext) -> FrozenViews:
    """Return the views of a case, which its metrics share.

    Raises:
        Unavailable: as of `FrozenViews`.
    """
    return context.shared.once("frozen views", lambda: FrozenViews(context))


class ReprojectionError:
    """The reprojection error of neighbouring frames of a head that does not move, mean over frames.

    A picture that is painted anew for each view, or a surface where nothing is, shows here even
    where there is no truth. The error of the true head is in the details: light that glances off
    and pixels that are cut alike are no fault of a method.
    """

    spec = REPROJECTION_ERROR

    def __init__(self, context: MetricContext) -> None:
        self._views = frozen_views(context)
        self._mean, self._truth = FrameMean(), FrameMean()

    def update(self, frame: FrameView) -> float | None:
        """Return the frame's error against the one before; None of the first."""
        own, true = self._views.upto(frame)
        if len(true) > 1:
            self._truth.add(reprojection_error(true[-1], true[-2], self._views.lens))
        if len(own) < 2:
            return self._mean.add(None)
        return self._mean.add(reprojection_error(own[-1], own[-2], self._views.lens))

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
