"""A metric of a library, frame by frame."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ...errors import Unavailable
from ...interfaces import FrameView, Image, Measurement, MetricContext
from ...specs import MetricSpec, Needs, Region
from ..frame_mean import FrameMean
from ..image.face_region import Box, FaceRegion, mouth_box

if TYPE_CHECKING:
    import torch

Score = Callable[..., Any]
"""Takes the prediction and, unless it needs none, the target, float32 [1, 3, H, W] in 0 to 1."""

_NOWHERE = Box(0, 0, 0, 0)


@dataclass(frozen=True)
class LibraryMetricSpec(MetricSpec):
    """A metric of a library.

    Attributes:
        compares: whether the metric takes the target beside the prediction.
        make: makes what scores a frame, or raises whatever the library raises.
        version: of the library and the metric, for `measured_by`.
    """

    compares: bool = True
    make: Callable[[], Score] | None = None
    version: str = ""

    def load(self) -> Callable[[MetricContext], FrameMetric]:
        """Return what makes the metric for a clip."""
        return functools.partial(FrameMetric, self)


class FrameMetric:
    """The mean over frames of what a library's metric says of each by itself.

    So every frame has a value, and a clip is never held, whatever the library would keep.
    """

    def __init__(self, spec: LibraryMetricSpec, context: MetricContext) -> None:
        assert spec.make is not None
        self.spec = spec
        self._region = FaceRegion(context)
        self._mean = FrameMean()
        try:
            self._score = context.model(spec.name, spec.make)
        except Exception as error:
            said = str(error).strip().partition("\n")[0]
            raise Unavailable(f"{spec.version}: {type(error).__name__}: {said}") from error

    def update(self, frame: FrameView) -> float | None:
        """Return the value of a frame; None where the target shows no face to cut out."""
        box = self._box(frame)
        if box is not None and box.empty:
            return self._mean.add(None)
        images = [frame.prediction]
        if self.spec.compares:
            images.append(frame.target)
        cut = [image if box is None else box.cut(image) for image in images]
        return self._mean.add(float(self._score(*map(_tensor, cut))))

    def merge(self, later: Self) -> None:
        """Take in the frames that `later` has seen."""
        self._mean.merge(later._mean)

    def compute(self) -> Measurement:
        """Return the mean over frames."""
        where = {
            Region.FACE: f", {self._region.describe()}",
            Region.MOUTH: ", the box of the target's points 48 to 67 and a quarter of its width",
        }.get(self.spec.region, "")
        return self._mean.measurement(
            f"{self.spec.version}, RGB in 0 to 1, mean over frames{where}",
            reason="no target shows a face",
        )

    def _box(self, frame: FrameView) -> Box | None:
        if self.spec.region is Region.FACE:
            return self._region.of(frame) or _NOWHERE
        if self.spec.region is Region.MOUTH:
            landmarks, (height, width) = frame.target_landmarks, frame.target.shape[:2]
            return _NOWHERE if landmarks is None else mouth_box(landmarks, width, height)
        return None


def needs_of(compares: bool, region: Region) -> frozenset[Needs]:
    """Return what a metric must be given; the target's face says where parts of it are."""
    if region is not Region.WHOLE_IMAGE:
        return frozenset({Needs.TARGET, Needs.LANDMARKS})
    return frozenset({Needs.TARGET}) if compares else frozenset()


def _tensor(image: Image) -> torch.Tensor:
    import torch

    planes = np.ascontiguousarray(image.transpose(2, 0, 1)[None], np.float32)
    return torch.from_numpy(planes / 255.0)
