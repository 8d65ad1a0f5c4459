"""SyncNet's confidence and distance: declared, not measured yet.

Both need the published network and its face tracker. `lip_agreement` measures something else and
is never shown under these names.
"""

from __future__ import annotations

from ..errors import Unavailable
from ..interfaces import FrameView, Measurement, MetricContext
from .specs import SYNC_C, SYNC_E

_REASON = (
    "needs SyncNet's network (syncnet_v2.model) and its face tracker; running them is not part "
    "of this version"
)


class SyncConfidence:
    """Sync-C, also called LSE-C."""

    spec = SYNC_C

    def __init__(self, context: MetricContext) -> None:
        raise Unavailable(_REASON)

    def update(self, frame: FrameView) -> float | None:
        """Score nothing."""

    def compute(self) -> Measurement:
        """Return no value."""
        return Measurement(None, reason=_REASON)


class SyncError(SyncConfidence):
    """Sync-E, also called Sync-D and LSE-D."""

    spec = SYNC_E
