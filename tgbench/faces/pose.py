"""Head pose of a clip and its one focal length, by bundle adjustment over landmarks.

Three steps: the rigid shape and the focal length from the frames that differ most, all unknowns
at once; then the pose of every frame on its own; then all poses together with what optical flow
saw between frames.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from . import mesh
from .bundle_adjustment import adjust
from .head import align, head_frame, mean_shape
from .head_track import HeadTrack, roughness
from .loop_closure import revisits
from .projection import Motion, project
from .rotations import nearest_rotation
from .trajectory import flow_moves, frame_by_frame, joined

Array = NDArray[np.float64]

_KEY_FRAMES = 200

_USUAL_DISTANCE = 0.85
"""Metres between camera and head that the focal length is drawn to (AD-NeRF's trackers: 0.7 to
0.95). A face that hardly turns says little about the focal length."""


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
