"""Head pose by the field's own tracker: the Basel Face Model 2009 fitted to the 68 landmarks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...faces import mesh
from ...faces.bfm import BfmTrack, read_face_model, track_face
from ...faces.bfm.model import KEYS, MODEL, MODEL_CUT
from ...faces.head_track import HeadTrack, roughness
from ...progress import Progress
from ...weights import describe_weights
from ..clip import Clip
from ..frames import SEEN_AT

_SIZE = (SEEN_AT, SEEN_AT)


class BfmPose:
    """The tracker over `01_MorphableModel.mat` and AD-NeRF's side files."""

    model = MODEL

    def __init__(self) -> None:
        """Read the face model.

        Raises:
            Unavailable: one of its files is missing, or another one.
        """
        self._face = read_face_model(self.model)

    def track(self, clip: Clip, progress: Progress) -> HeadTrack:
        """Return the head's track in the face model's frame, with what was fitted to the face."""
        with progress.task("fitting the face model", None):
            points = np.stack([clip.landmarks(frame) for frame in range(len(clip))])
            found = track_face(points / clip.scale, _SIZE, self._face)
        shape = _rigid_shape(clip.seen.landmarks, found)
        return HeadTrack(
            found.focal,
            found.motion,
            shape,
            found.residual,
            roughness(shape, found.motion, found.focal),
            roughness(shape, found.raw, found.focal),
            found.identity,
            found.expression,
        )

    def describe(self) -> str:
        """Return the model's files."""
        files = ", ".join(describe_weights(name) for name in (self.model, KEYS))
        return f"Basel Face Model 2009 fitted to 68 landmarks ({files})"


class BfmCutPose(BfmPose):
    """The same over `3DMM_info.npy`."""

    model = MODEL_CUT


def _rigid_shape(points: NDArray[np.floating], track: BfmTrack) -> NDArray[np.float64]:
    """Return the mesh's rigid vertices [K, 3] in the face model's frame, metres.

    Each frame's are hung on the tracked head at the depth that the landmark network sees.
    """
    seen = np.asarray(points, np.float64)[:, mesh.RIGID]
    motion, focal = track.motion, track.focal
    depth = motion.place[:, 2:] - seen[..., 2] * (-motion.place[:, 2:] / focal)
    image = seen[..., :2] - SEEN_AT / 2.0
    across = image * depth[..., None] / focal * np.array([-1.0, 1.0])
    camera = np.concatenate([across, depth[..., None]], axis=-1) - motion.place[:, None]
    return np.asarray(np.median(camera @ motion.rotations, axis=0))
