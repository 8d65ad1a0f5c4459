from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from tgbench.faces import mesh
from tgbench.faces.head import EYES_APART, align, head_frame, mean_shape
from tgbench.faces.head_track import HeadTrack
from tgbench.faces.loop_closure import revisits
from tgbench.faces.pose import track_head
from tgbench.faces.projection import Motion, linearise, project
from tgbench.faces.rotations import left_jacobians, rotation_matrices
from tgbench.faces.trajectory import Moves, flow_moves, frame_by_frame, joined

Array = NDArray[np.float64]

vectors = st.tuples(*[st.floats(-2.0, 2.0)] * 3).map(np.array)


def degrees_apart(a: Array, b: Array) -> Array:
    """Angles between the rotations of poses [N, 4, 4]."""
    relative = np.einsum("nji,njk->nik", a[:, :3, :3], b[:, :3, :3])
    return np.degrees(Rotation.from_matrix(relative).magnitude())


@given(vectors)
def test_rotations_agree_with_scipy(vector: Array) -> None:
    expected = Rotation.from_rotvec(vector).as_matrix()
    np.testing.assert_allclose(rotation_matrices(vector), expected, atol=1e-9)


@given(vectors, vectors)
def test_left_jacobian_is_the_derivative(vector: Array, direction: Array) -> None:
    step = 1e-6 * direction
    moved = Rotation.from_rotvec(vector + step) * Rotation.from_rotvec(vector).inv()
    expected = left_jacobians(vector) @ step
    np.testing.assert_allclose(moved.as_rotvec(), expected, atol=1e-10)


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_derivatives_of_the_projection(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shape = rng.uniform(-0.1, 0.1, (4, 3))
    base = Rotation.random(random_state=seed).as_matrix()
    motion = Motion(
        rng.uniform(-0.5, 0.5, (2, 3)), np.array([[0.0, 0.1, -0.9], [0.1, 0, -1]]), base
    )
    at = linearise(shape, motion, 900.0)
    h = 1e-6
    for k in range(6):
        step = np.zeros((2, 6))
        step[:, k] = h
        high, low = (project(shape, motion.stepped(sign * step), 900.0) for sign in (1, -1))
        np.testing.assert_allclose(at.by_pose[..., k], (high - low) / (2 * h), atol=1e-3)
    for k in range(3):
        step = np.zeros(3)
        step[k] = h
        high, low = (project(shape + sign * step, motion, 900.0) for sign in (1, -1))
        np.testing.assert_allclose(at.by_point[..., k], (high - low) / (2 * h), atol=1e-3)
    high, low = (project(shape, motion, 900.0 * np.exp(sign * h)) for sign in (1, -1))
    np.testing.assert_allclose(at.by_log_focal, (high - low) / (2 * h), atol=1e-3)


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1), st.floats(0.1, 10.0))
def test_alignment_finds_the_similarity_between_two_shapes(seed: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    source = rng.normal(size=(3, 10, 3))
    rotation = Rotation.random(random_state=seed).as_matrix()
    target = scale * source[1] @ rotation.T + np.array([1.0, 2.0, 3.0])
    scales, rotations, offsets = align(source[1:2], target)
    assert scales[0] == pytest.approx(scale)
    np.testing.assert_allclose(rotations[0], rotation, atol=1e-9)
    np.testing.assert_allclose(offsets[0], [1.0, 2.0, 3.0], atol=1e-6)


def test_mean_shape_undoes_turning_and_scaling(film: Callable) -> None:
    shape = film(frames=1).shape
    rng = np.random.default_rng(1)
    turned = np.stack(
        [
            rng.uniform(0.5, 2) * shape @ Rotation.random(random_state=i).as_matrix() + rng.normal()
            for i in range(12)
        ]
    )
    mean = mean_shape(turned)
    np.testing.assert_allclose(head_frame(mean)(mean), shape, atol=1e-9)


def test_head_frame_lies_as_documented(film: Callable) -> None:
    shape = film(frames=1).shape

    def at(vertex: int) -> Array:
        return shape[mesh.RIGID.index(vertex)]

    assert np.linalg.norm(at(263) - at(33)) == pytest.approx(EYES_APART)
    assert at(263)[0] > 0.0 > at(33)[0]
    assert at(10)[1] > at(2)[1]
    assert at(4)[2] > at(234)[2]
    assert at(168)[1] == pytest.approx(0.0, abs=1e-9)
    np.testing.assert_allclose((at(234) + at(454))[[0, 2]] / 2, 0.0, atol=1e-9)


def test_exact_landmarks_give_the_exact_camera(film: Callable) -> None:
    truth = film(frames=60)
    track = track_head(truth.landmarks, (truth.size, truth.size), truth.flow)
    assert track.focal == pytest.approx(truth.focal, rel=1e-3)
    assert degrees_apart(track.poses, truth.poses).max() < 1e-2
    np.testing.assert_allclose(track.poses[:, :3, 3], truth.poses[:, :3, 3], atol=1e-3)
    np.testing.assert_allclose(track.shape, truth.shape, atol=1e-4)
    assert track.residual < 1e-2


def test_flow_takes_out_the_jitter_of_landmarks_without_lag(film: Callable) -> None:
    truth = film(frames=100, noise=1.0, together=1.0, flow_noise=0.3)
    smooth = track_head(truth.landmarks, (truth.size, truth.size), truth.flow)
    alone = track_head(truth.landmarks, (truth.size, truth.size))
    assert degrees_apart(smooth.poses, truth.poses).mean() < 0.5
    assert smooth.roughness < 0.1 * alone.roughness
    assert alone.roughness == pytest.approx(alone.raw_roughness)


def test_frames_that_look_alike_close_the_loop(film: Callable) -> None:
    """Flow that errs for a whole frame makes poses wander; a look back brings them home."""
    truth = film(frames=150)
    rng = np.random.default_rng(2)
    rigid = list(mesh.RIGID)
    image = truth.landmarks[:, rigid, :2] - truth.size / 2
    flow = truth.flow + rng.normal(0, 0.3, (len(truth.flow), 1, 2))
    start = np.repeat([0, 50, 100], 150)
    end = np.tile(np.arange(150), 3)
    back = Moves(start, end, image[end] - image[start] + rng.normal(0, 0.3, (450, len(rigid), 2)))
    shifted = image + rng.normal(0, 1.0, (150, 1, 2))
    base = np.eye(3)
    raw = frame_by_frame(
        shifted, truth.shape, truth.focal, _standing(150, base), np.ones(len(rigid))
    )
    errors = []
    for moves in (flow_moves(flow), flow_moves(flow) + back):
        motion = joined(shifted, moves, truth.shape, truth.focal, raw, np.ones(len(rigid)))
        seen = project(truth.shape, motion, truth.focal)
        offset = (seen - image).mean(axis=1)
        errors.append(float(np.linalg.norm(offset - offset.mean(axis=0), axis=1).mean()))
    assert errors[1] < 0.5 * errors[0]


def _standing(frames: int, base: Array) -> Motion:
    place = np.tile([0.0, 0.0, -0.85], (frames, 1))
    return Motion(np.zeros((frames, 3)), place, base)


def test_revisits_see_how_far_points_moved() -> None:
    """A textured wall shifts by fractions of a pixel; the guess is off by up to two pixels."""
    rng = np.random.default_rng(0)
    texture = cv2.GaussianBlur(rng.integers(0, 255, (256, 256)).astype(np.uint8), (0, 0), 2.0)
    texture = cv2.normalize(texture, None, 0, 255, cv2.NORM_MINMAX)
    shifts = rng.uniform(-4, 4, (40, 2))

    def picture(frame: int) -> NDArray[np.uint8]:
        x, y = shifts[frame]
        matrix = np.array([[1.0, 0.0, x], [0.0, 1.0, y]])
        return np.asarray(cv2.warpAffine(texture, matrix, (256, 256), borderMode=cv2.BORDER_WRAP))

    shape = np.column_stack([rng.uniform(-0.08, 0.08, (60, 2)), np.zeros(60)])
    focal, size = 1000.0, 512
    guess = 2.0 * (shifts + rng.uniform(-1, 1, shifts.shape))
    place = np.column_stack([guess[:, 0] / focal, -guess[:, 1] / focal, np.full(40, -1.0)])
    motion = Motion(np.zeros((40, 3)), place, np.eye(3))
    moves = revisits(picture, size, shape, motion, focal)
    assert len(moves.start) > 60
    expected = 2.0 * (shifts[moves.end] - shifts[moves.start])
    error = moves.vectors - expected[:, None]
    assert np.isfinite(error[..., 0]).mean() > 0.8
    assert np.nanmedian(np.abs(error)) < 0.15
    assert (np.abs(moves.start - moves.end) >= 8).all()


def test_lost_flow_is_bridged_by_landmarks(film: Callable) -> None:
    truth = film(frames=60, noise=0.5, flow_noise=0.2)
    flow = truth.flow.copy()
    flow[30] = np.nan
    flow[:, ::3] = np.nan
    track = track_head(truth.landmarks, (truth.size, truth.size), flow)
    assert degrees_apart(track.poses, truth.poses).max() < 1.0


def test_wild_landmarks_and_flow_do_little_harm(film: Callable) -> None:
    truth = film(frames=60, noise=0.5, flow_noise=0.2)
    rng = np.random.default_rng(5)
    landmarks, flow = truth.landmarks.copy(), truth.flow.copy()
    rows = rng.random(landmarks.shape[:2]) < 0.05
    landmarks[rows, :2] += rng.normal(0, 40, (int(rows.sum()), 2))
    flow[rng.random(flow.shape[:2]) < 0.05] += 15.0
    track = track_head(landmarks, (truth.size, truth.size), flow)
    assert degrees_apart(track.poses, truth.poses).max() < 1.5


def test_poses_are_camera_to_world_for_an_opengl_camera(film: Callable) -> None:
    """A world point goes through the inverse of the layout's matrix to where it is seen."""
    truth = film(frames=30)
    track = track_head(truth.landmarks, (truth.size, truth.size), truth.flow)
    for pose, seen in zip(track.poses, truth.landmarks, strict=True):
        x, y, z = (
            np.linalg.inv(pose) @ np.column_stack([track.shape, np.ones(len(track.shape))]).T
        )[:3]
        assert (z < 0).all()
        u = truth.size / 2 - track.focal * x / z
        v = truth.size / 2 + track.focal * y / z
        np.testing.assert_allclose(np.column_stack([u, v]), seen[list(mesh.RIGID), :2], atol=0.05)


def test_a_track_survives_being_kept_as_arrays(film: Callable) -> None:
    truth = film(frames=5)
    track = track_head(truth.landmarks, (truth.size, truth.size), truth.flow)
    again = HeadTrack.from_arrays(track.arrays())
    np.testing.assert_array_equal(again.poses, track.poses)
    assert (again.focal, again.residual) == (track.focal, track.residual)


@pytest.mark.parametrize("frames", [1, 2, 3, 7])
def test_very_short_clips(film: Callable, frames: int) -> None:
    truth = film(frames=frames)
    track = track_head(truth.landmarks, (truth.size, truth.size), truth.flow)
    assert track.poses.shape == (frames, 4, 4)
    assert np.isfinite(track.poses).all()
