"""Action unit error of the lower and the upper face: declared, not measured yet.

The field sums squared differences of the intensities that OpenFace 2.2 measures in both videos.
Other measurers give other numbers, so nothing stands in for it here.
"""

from __future__ import annotations

from ..errors import Unavailable
from ..interfaces import FrameView, Measurement, MetricContext
from .specs import AUE_L, AUE_U

_REASON = (
    "needs the action units that OpenFace 2.2 measures in both videos; reading them is not part "
    "of this version"
)


class LowerFaceError:
    """AUE-L, over AU 10, 12, 14, 15, 17, 20, 23, 25, 26."""

    spec = AUE_L

    def __init__(self, context: MetricContext) -> None:
        raise Unavailable(_REASON)

    def update(self, frame: FrameView) -> float | None:
        """Score nothing."""

    def compute(self) -> Measurement:
        """Return no value."""
        return Measurement(None, reason=_REASON)


class UpperFaceError(LowerFaceError):
    """AUE-U, over AU 1, 2, 4, 5, 6, 7, 9, 45."""

    spec = AUE_U
