from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from tgbench import plugins
from tgbench.errors import TgbenchError
from tgbench.identities import Identity, Intrinsics, Split
from tgbench.interfaces import FitContext, Method
from tgbench.methods.still.method import Still
from tgbench.methods.still.poses import nearest_poses, outline, project
from tgbench.methods.still.spec import StillConfig
from tgbench.progress import SILENT
from tgbench.protocols.self_reconstruction import SelfReconstruction
from tgbench.running.settings import configure
from tgbench.specs import CompositeMode, LeakedCondition

CAMERA = Intrinsics(focal=1200.0, cx=256.0, cy=256.0, width=512, height=512)


def pose(yaw: float = 0.0, shift: tuple[float, float, float] = (0.0, 0.0, 0.8)) -> NDArray:
    """Camera to world of a camera that sees the head turned by `yaw` degrees and moved."""
    to_camera = np.eye(4)
    to_camera[:3, :3] = Rotation.from_euler("y", yaw, degrees=True).as_matrix()
    to_camera[:3, 3] = (shift[0], shift[1], -shift[2])
    return np.linalg.inv(to_camera)


def context(tmp_path: Path) -> FitContext:
    return FitContext(tmp_path, seed=0, device="cpu", progress=SILENT)


def fitted(folder: Path, tmp_path: Path) -> tuple[Still, Identity, Split]:
    identity = Identity(folder)
    method = Still(StillConfig())
    method.fit(identity, identity.split(), context(tmp_path))
    return method, identity, identity.split()


def test_projection_is_the_pinhole_written_out() -> None:
    camera_to_world = pose(yaw=20.0, shift=(0.05, -0.02, 0.9))
    point = np.array([0.03, 0.04, 0.1, 1.0])
    x, y, z, _ = np.linalg.inv(camera_to_world) @ point
    expected = (256 + 1200 * x / -z, 256 - 1200 * y / -z)
    found = project(camera_to_world[None], point[None, :3], CAMERA)
    np.testing.assert_allclose(found[0, 0], expected)


def test_the_head_right_of_the_middle_is_seen_right_of_the_middle() -> None:
    found = project(pose(shift=(0.1, 0.1, 1.0))[None], np.zeros((1, 3)), CAMERA)
    np.testing.assert_allclose(found[0, 0], (256 + 120, 256 - 120))


def test_the_nearest_turn_and_the_nearest_place_win() -> None:
    known = np.stack([pose(yaw=angle) for angle in (-20, 0, 20)])
    wanted = np.stack([pose(yaw=angle) for angle in (14, -3, -40)])
    assert nearest_poses(wanted, known, CAMERA, 0.12).tolist() == [2, 1, 0]
    known = np.stack([pose(shift=(x, 0.0, 0.8)) for x in (-0.1, 0.0, 0.1)])
    wanted = np.stack([pose(shift=(x, 0.01, 0.8)) for x in (0.08, -0.3)])
    assert nearest_poses(wanted, known, CAMERA, 0.12).tolist() == [2, 0]


def test_nearness_does_not_depend_on_the_trackers_unit() -> None:
    rng = np.random.default_rng(0)
    poses = np.stack(
        [pose(rng.uniform(-20, 20), (*rng.uniform(-0.05, 0.05, 2), 0.8)) for _ in range(40)]
    )
    scaled = poses.copy()
    scaled[:, :3, 3] *= 4.0
    near = nearest_poses(poses[:10], poses[10:], CAMERA, 0.12)
    assert nearest_poses(scaled[:10], scaled[10:], CAMERA, 0.12).tolist() == near.tolist()
    points = outline(poses[10:], 0.12)
    moved = project(poses[:10], points, CAMERA)[:, None] - project(poses[10:], points, CAMERA)
    distance = np.sqrt((moved**2).sum(-1).mean(-1))
    assert near.tolist() == distance.argmin(1).tolist()


def test_held_out_frames_get_true_training_frames(tiny_identity: Path, tmp_path: Path) -> None:
    method, identity, split = fitted(tiny_identity, tmp_path)
    assert isinstance(method, Method)
    (case,) = SelfReconstruction().plan([identity], [])
    frames = list(method.render(case.drive))
    assert len(frames) == len(case.drive)
    known = {identity.frame(i).tobytes() for i in split.train}
    assert all(frame.tobytes() in known for frame in frames)
    # The camera only slides along x, so the nearest pose is the one with the nearest x.
    across = identity.poses[:, 0, 3]
    for index, frame in zip(split.test, frames, strict=True):
        nearest = int(np.abs(across[:40] - across[index]).argmin())
        np.testing.assert_array_equal(frame, identity.frame(nearest))


def test_a_training_pose_gets_its_own_frame(tiny_identity: Path, tmp_path: Path) -> None:
    method, identity, _ = fitted(tiny_identity, tmp_path)
    (case,) = SelfReconstruction().plan([identity], [])
    drive = dataclasses.replace(case.drive, poses=identity.poses[[3, 7, 7, 12]])
    for index, frame in zip((3, 7, 7, 12), method.render(drive), strict=True):
        np.testing.assert_array_equal(frame, identity.frame(index))


def test_what_was_saved_loads_for_the_same_clip_only(
    tiny_identity: Path, own_identity: Path, tmp_path: Path
) -> None:
    method, identity, split = fitted(tiny_identity, tmp_path)
    method.save(tmp_path / "model")
    again = Still(StillConfig())
    again.load(tmp_path / "model", identity, split, "cpu")
    (case,) = SelfReconstruction().plan([identity], [])
    for first, second in zip(method.render(case.drive), again.render(case.drive), strict=True):
        np.testing.assert_array_equal(first, second)
    other = Identity(own_identity)
    with pytest.raises(TgbenchError, match="another identity"):
        again.load(tmp_path / "model", other, other.split(), "cpu")
    with pytest.raises(TgbenchError, match="training range"):
        again.load(tmp_path / "model", identity, Split(range(30), range(30, 44)), "cpu")
    with pytest.raises(TgbenchError, match="cannot be read"):
        again.load(tmp_path / "nowhere", identity, split, "cpu")


def test_rendering_before_fitting_is_a_mistake_of_the_caller(tiny_identity: Path) -> None:
    (case,) = SelfReconstruction().plan([Identity(tiny_identity)], [])
    with pytest.raises(RuntimeError, match="fit or load"):
        next(Still(StillConfig()).render(case.drive))


def test_the_declaration_says_what_a_frame_is_made_of() -> None:
    spec = plugins.methods()["still"]
    assert spec.composite_mode is CompositeMode.FULL_FRAME
    assert spec.leaked_conditions == (LeakedCondition.HEAD_POSE,)
    assert not spec.trains
    assert spec.load() is Still
    assert spec.load_config() is StillConfig
    with pytest.raises(TgbenchError, match="head_radius"):
        configure(spec, "quick", {"head_radius": "2.0"})
