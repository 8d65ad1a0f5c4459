"""Head pose of a clip and its one focal length, by bundle adjustment over landmarks.

Three steps: the rigid shape and the focal length from the frames that differ most, all unknowns
at once; then the pose of every frame on its own; then all poses together with what optical flow
saw between frames.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from . import mesh
from .bundle_adjustment import adjust
from .head import align, head_frame, mean_shape
from .loop_closure import revisits
from .projection import Motion, project
from .rotations import nearest_rotation
from .trajectory import flow_moves, frame_by_frame, joined

Array = NDArray[np.float64]

_KEY_FRAMES = 200

_USUAL_DISTANCE = 0.85
"""Metres between camera and head that the focal length is drawn to (AD-NeRF's trackers: 0.7 to
0.95). A face that hardly turns says little about the focal length."""


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


def track_head(
    landmarks: NDArray[np.floating],
    size: tuple[int, int],
    flow: NDArray[np.floating] | None = None,
    picture: Callable[[int], NDArray[np.uint8]] | None = None,
) -> HeadTrack:
    """Estimate head pose and focal length of a clip.

    Args:
        landmarks: mesh points of every frame [N, 478, 3] as `LandmarkDetector` returns them.
        size: (width, height) of the images, pixels; the principal point is their middle.
        flow: where each vertex of `mesh.RIGID` went in the next frame, [N - 1, K, 2] pixels, NaN
            where it was lost. Without it every frame's pose stands alone.
        picture: returns a frame in grey, uint8 [S, S] of any S. With it, frames far apart in
            which the head looks the same way are compared too, which halves the error.

    Returns:
        Poses in the head frame of `tgbench.faces.head`.
    """
    points = np.asarray(landmarks, np.float64)[:, mesh.RIGID]
    image = points[..., :2] - np.array([size[0] / 2.0, size[1] / 2.0])
    # The network's own guess of depth, with OpenGL's axes.
    solid = np.concatenate([image, points[..., 2:]], axis=-1) * np.array([1.0, -1.0, -1.0])
    keys = _spread_frames(solid, _KEY_FRAMES)
    shape = mean_shape(solid[keys])
    shape = head_frame(shape)(shape)
    scales, _, _ = align(solid[keys], shape)
    usual_focal = _USUAL_DISTANCE / float(np.median(scales))
    fit = adjust(image[keys], shape, usual_focal, _first_motion(solid[keys], shape, usual_focal))
    # The solution may drift within what observations cannot tell: bring it back to the frame.
    shape = head_frame(fit.shape)(fit.shape)
    start = _first_motion(solid, shape, fit.focal)
    raw = frame_by_frame(image, shape, fit.focal, start, fit.weights)
    motion = raw
    if flow is not None and len(image) > 1:
        moves = flow_moves(flow)
        motion = joined(image, moves, shape, fit.focal, raw, fit.weights)
        if picture is not None:
            moves += revisits(picture, size[0], shape, motion, fit.focal)
            motion = joined(image, moves, shape, fit.focal, motion, fit.weights)
    error = project(shape, motion, fit.focal) - image
    return HeadTrack(
        focal=fit.focal,
        motion=motion,
        shape=shape,
        residual=float(np.sqrt((error**2).sum(axis=-1).mean())),
        roughness=roughness(shape, motion, fit.focal),
        raw_roughness=roughness(shape, raw, fit.focal),
    )


def _first_motion(solid: Array, shape: Array, focal: float) -> Motion:
    """Return the motion that weak perspective sees: the depth from the face's size."""
    from scipy.spatial.transform import Rotation

    scales, rotations, offsets = align(solid, shape)
    to_camera = np.swapaxes(rotations, 1, 2)
    centre = -np.einsum("nij,nj->ni", to_camera, offsets)
    place = np.stack([centre[:, 0], centre[:, 1], -focal * scales], axis=1)
    base = nearest_rotation(to_camera.mean(axis=0))
    turn = Rotation.from_matrix(to_camera @ base.T).as_rotvec()
    return Motion(turn, place, base)


def _spread_frames(solid: Array, count: int) -> NDArray[np.int64]:
    """Return up to `count` frames whose views differ most (farthest-point sampling)."""
    frames = len(solid)
    if frames <= count:
        return np.arange(frames)
    views = solid - solid.mean(axis=1, keepdims=True)
    views = views.reshape(frames, -1) / np.linalg.norm(views, axis=(1, 2))[:, None]
    chosen = [0]
    distance = np.full(frames, np.inf)
    for _ in range(count - 1):
        distance = np.minimum(distance, ((views - views[chosen[-1]]) ** 2).sum(axis=1))
        chosen.append(int(distance.argmax()))
    return np.sort(np.array(chosen))


def roughness(shape: Array, motion: Motion, focal: float) -> float:
    """Return the root mean square second difference of the projected face centre, pixels."""
    if len(motion.turn) < 3:
        return 0.0
    centre = project(shape.mean(axis=0)[None], motion, focal)[:, 0]
    return float(np.sqrt((np.diff(centre, 2, axis=0) ** 2).sum(axis=-1).mean()))
