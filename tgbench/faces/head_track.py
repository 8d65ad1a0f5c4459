"""The track of a head along a clip."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .projection import Motion, project

Array = NDArray[np.float64]


@dataclass(frozen=True)
class HeadTrack:
    """Where the head is in every frame of a clip.

    Attributes:
        focal: of the clip, in pixels.
        motion: of the head before the camera.
        shape: the rigid vertices `mesh.RIGID` in the head frame, [K, 3] metres.
        residual: root mean square distance of landmarks to their projections, pixels.
        roughness: root mean square second difference of the projected face centre, pixels; what
            remains of jitter, together with what is true acceleration.
        raw_roughness: the same before smoothing.
        identity, expression: coefficients [100] and [N, 79] of a face model, if one was fitted.
    """

    focal: float
    motion: Motion
    shape: Array
    residual: float
    roughness: float
    raw_roughness: float
    identity: Array | None = None
    expression: Array | None = None

    @property
    def poses(self) -> Array:
        """Camera to world, [N, 4, 4], OpenGL axes, metres."""
        return self.motion.camera_to_world()

    def arrays(self) -> dict[str, Array]:
        """Return all of it as arrays, to be kept in a file."""
        face = {"identity": self.identity, "expression": self.expression}
        return {
            **{name: array for name, array in face.items() if array is not None},
            **{name: getattr(self.motion, name) for name in ("turn", "place", "base")},
            "shape": self.shape,
            "numbers": np.array([self.focal, self.residual, self.roughness, self.raw_roughness]),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> HeadTrack:
        """Return what `arrays` gave."""
        motion = Motion(arrays["turn"], arrays["place"], arrays["base"])
        focal, *quality = arrays["numbers"].tolist()
        residual, rough, raw = quality
        face = (arrays.get("identity"), arrays.get("expression"))
        return cls(focal, motion, arrays["shape"], residual, rough, raw, *face)


def roughness(shape: Array, motion: Motion, focal: float) -> float:
    """Return the root mean square second difference of the projected face centre, pixels."""
    if len(motion.turn) < 3:
        return 0.0
    centre = project(shape.mean(axis=0)[None], motion, focal)[:, 0]
    return float(np.sqrt((np.diff(centre, 2, axis=0) ** 2).sum(axis=-1).mean()))
