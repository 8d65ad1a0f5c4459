"""What protocols share: drives made of an identity's own frames."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tgbench import plugins
from tgbench.audio import Waveform
from tgbench.identities import ActionUnits, Identity
from tgbench.interfaces import Drive
from tgbench.plugins import in_table_order
from tgbench.specs import ProtocolSpec

Frames = NDArray[np.int64]


def drive_with(
    identity: Identity,
    source_frames: Frames,
    audio: Waveform,
    features: NDArray[np.float32],
    feature_index: Frames,
) -> Drive:
    """Return a drive that takes pose, expression and backdrop from frames of the identity.

    Args:
        identity: the person.
        source_frames: int [T], a frame of the identity for each frame to render.
        audio: sound of exactly these frames.
        features: float32 [M, steps, channels] of a whole sound track.
        feature_index: int [T], rows of `features`.
    """
    units = identity.action_units
    return Drive(
        intrinsics=identity.intrinsics,
        poses=identity.poses[source_frames],
        action_units=ActionUnits(
            {name: row[source_frames] for name, row in units.values.items()}, units.measured_by
        ),
        audio=audio,
        features=features,
        feature_index=feature_index,
        source_frames=source_frames,
        backdrop=identity,
    )


def metrics_of(protocol: ProtocolSpec) -> tuple[str, ...]:
    """Return the installed metrics that a protocol measures unasked, in table order."""
    specs = plugins.metrics().values()
    return in_table_order(
        spec.name for spec in specs if not (spec.by_name or spec.needs & protocol.excludes)
    )
