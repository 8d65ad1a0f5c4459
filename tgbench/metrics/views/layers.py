"""Outline and depth of a head, beside the true ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from ...errors import TgbenchError, Unavailable
from ...interfaces import FrameView, Layers, Measurement, MetricContext, TrueViews
from ...specs import MetricSpec
from ..frame_mean import FrameMean
from .specs import DEPTH_ERROR, MASK_IOU

COVERED = 0.5
"""Share of a pixel from which on it belongs to the head."""

_MILLIMETRES = 1000.0


def mask_iou(prediction: Layers, target: Layers) -> float | None:
    """Return the intersection over union of two heads; None where neither frame shows one."""
    ours, true = prediction.alpha >= COVERED, target.alpha >= COVERED
    union = int((ours | true).sum())
    return int((ours & true).sum()) / union if union else None


def depth_differences(prediction: Layers, target: Layers) -> NDArray[np.float64]:
    """Return how much farther away a head is than the true one, where both are, [P]."""
    both = (prediction.alpha >= COVERED) & (target.alpha >= COVERED)
    both &= np.isfinite(prediction.depth) & np.isfinite(target.depth)
    return prediction.depth[both].astype(np.float64) - target.depth[both]


class LayersInStep:
    """The layers of a method's frames beside the true ones, for metrics that ask in order."""

    def __init__(self, rendered: Iterator[Layers], truth: TrueViews) -> None:
        self._rendered, self._truth = rendered, truth
        self._index = -1
        self._pair: tuple[Layers, Layers] | None = None

    def at(self, index: int) -> tuple[Layers, Layers]:
        """Return those of a frame, which is the last one or a later one.

        Raises:
            TgbenchError: the method renders other layers than frames.
        """
        while self._index < index:
            layers = next(self._rendered, None)
            if layers is None:
                raise TgbenchError(f"the method has no layers of frame {index}")
            self._index += 1
            self._pair = layers, self._truth.layers(self._index)
        assert self._pair is not None
        ours, true = self._pair
        if ours.alpha.shape != true.alpha.shape or ours.depth.shape != true.depth.shape:
            raise TgbenchError(
                f"the method's layers are {ours.alpha.shape} and {ours.depth.shape}, "
                f"the true ones {true.alpha.shape}"
            )
        return self._pair


class _OfLayers:
    """A mean over frames of what both layers of a frame say."""

    spec: ClassVar[MetricSpec]

    def __init__(self, context: MetricContext) -> None:
        cameras = context.cameras
        if cameras is None or cameras.truth is None:
            raise Unavailable("there is no true head from there to compare with")
        if cameras.rendered is None:
            raise Unavailable("the method does not say where its head is (it has no `layers`)")
        rendered, truth = cameras.rendered, cameras.truth
        self._layers = context.shared.once(
            "layers in step", lambda: LayersInStep(rendered(), truth)
        )
        self._mean = FrameMean()

    def merge(self, later: Self) -> None:
        """Take in the frames that `later` has seen."""
        self._mean.merge(later._mean)


class MaskIou(_OfLayers):
    """Intersection over union of rendered and true head, the mean over frames."""

    spec = MASK_IOU

    def update(self, frame: FrameView) -> float | None:
        """Return the frame's overlap, None where neither shows a head."""
        return self._mean.add(mask_iou(*self._layers.at(frame.index)))

    def compute(self) -> Measurement:
        """Return the mean over frames."""
        return self._mean.measurement(f"pixels of which at least {COVERED:g} is head")


class DepthError(_OfLayers):
    """Mean absolute difference of expected and true depth where both have the head.

    A clip of one camera leaves depth free where shape can make up for it; the mean shift is in the
    details.
    """

    spec = DEPTH_ERROR

    def __init__(self, context: MetricContext) -> None:
        super().__init__(context)
        self._shift = FrameMean()

    def update(self, frame: FrameView) -> float | None:
        """Return the frame's error in millimetres, None where the heads have no pixel in common."""
        differences = _MILLIMETRES * depth_differences(*self._layers.at(frame.index))
        if not len(differences):
            return self._mean.add(None)
        self._shift.add(float(differences.mean()))
        return self._mean.add(float(np.abs(differences).mean()))

    def compute(self) -> Measurement:
        """Return the mean over frames, and in the details how much farther away the head is."""
        return self._mean.measurement(
            "expected depth along the camera's axis, pixels that both heads cover",
            details={"farther_away_mm": self._shift.value},
        )

    def merge(self, later: Self) -> None:
        """Take in the frames that `later` has seen."""
        super().merge(later)
        self._shift.merge(later._shift)
