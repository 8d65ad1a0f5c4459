from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from tgbench.driving.cameras import TURN_FRAMES, View, beyond, directions
from tgbench.driving.rules import DriveRules
from tgbench.errors import TgbenchError


def ahead(distance: float = 0.9) -> NDArray[np.float32]:
    """A camera straight before the face."""
    pose = np.eye(4, dtype=np.float32)
    pose[2, 3] = distance
    return pose


def wandering(frames: int = 40) -> NDArray[np.float32]:
    """Cameras of a clip in which the head turns and sways."""
    rng = np.random.default_rng(5)
    poses = np.tile(ahead(), (frames, 1, 1))
    turns = Rotation.from_euler("YXZ", rng.normal(0, 4, (frames, 3)), degrees=True).as_matrix()
    poses[:, :3, :3] = turns
    poses[:, :3, 3] = turns @ [0.0, -0.03, 0.9] + rng.normal(0, 0.004, (frames, 3))
    return poses


def seen(poses: NDArray, point: NDArray) -> NDArray:
    """Where cameras see a point, on the plane at distance 1."""
    turns, places = poses[:, :3, :3].astype(np.float64), poses[:, :3, 3].astype(np.float64)
    local = np.einsum("nji,nj->ni", turns, point - places)
    return local[:, :2] / -local[:, 2:]


def test_without_an_angle_cameras_are_those_of_the_clip_to_the_bit() -> None:
    poses = wandering()
    np.testing.assert_array_equal(View("front").cameras(poses), poses)


@pytest.mark.parametrize(("yaw", "pitch"), [(10, 0), (-30, 0), (0, 10), (0, -10)])
def test_angles_are_found_again_in_the_matrices(yaw: float, pitch: float) -> None:
    """x is to the person's left, y up, and so is the camera."""
    camera = View("", yaw=yaw, pitch=pitch).cameras(ahead()[None])
    np.testing.assert_allclose(directions(camera), [[yaw, pitch]], atol=1e-4)
    assert np.sign(camera[0, 0, 3]) == np.sign(yaw)
    assert np.sign(camera[0, 1, 3]) == np.sign(pitch)


@pytest.mark.parametrize(
    "view", [View("", yaw=20.0), View("", pitch=-10.0), View("", half_angle=12.5)]
)
def test_the_centre_of_the_head_stays_where_it_was_seen(view: View) -> None:
    poses = wandering()
    moved = view.cameras(poses)
    np.testing.assert_allclose(seen(moved, np.zeros(3)), seen(poses, np.zeros(3)), atol=1e-6)
    before, after = (np.linalg.norm(p[:, :3, 3], axis=1) for p in (poses, moved))
    np.testing.assert_allclose(after, before, rtol=1e-6)
    aside = np.array([0.0, 0.0, 0.1])
    assert np.abs(seen(moved, aside) - seen(poses, aside)).max() > 0.01


@given(st.floats(1.0, 60.0), st.integers(2, 300))
def test_a_spiral_keeps_its_angle_and_closes(half_angle: float, frames: int) -> None:
    moved = View("", half_angle=half_angle).cameras(np.tile(ahead(), (frames, 1, 1)))
    places = moved[:, :3, 3].astype(np.float64) / 0.9
    angles = np.degrees(np.arctan2(np.hypot(places[:, 0], places[:, 1]), places[:, 2]))
    np.testing.assert_allclose(angles, half_angle, atol=1e-3)
    np.testing.assert_allclose(directions(moved)[0], [half_angle, 0.0], atol=1e-3)
    phases = np.unwrap(np.arctan2(places[:, 1], places[:, 0]))
    np.testing.assert_allclose(np.diff(phases), 2 * np.pi / min(frames, TURN_FRAMES), atol=1e-3)


def test_a_camera_in_the_head_is_refused() -> None:
    poses = wandering()
    assert len(View("", distance=0.3).cameras(poses)) == len(poses)
    with pytest.raises(TgbenchError, match=r"'near'.*camera_distance"):
        View("near", distance=0.1).cameras(poses)


def test_a_distance_is_a_multiple_of_the_filming_one() -> None:
    moved = View("", yaw=20.0, distance=2.0).cameras(ahead()[None])
    assert np.linalg.norm(moved[0, :3, 3]) == pytest.approx(1.8)


def test_what_was_not_filmed_is_said() -> None:
    filmed = np.concatenate([View("", yaw=angle).cameras(ahead()[None]) for angle in (-8, 8)])
    assert beyond(filmed, filmed) == ""
    assert "yaw up to 22 degrees beyond the -8 to 8" in beyond(
        View("", yaw=30.0).cameras(ahead()[None]), filmed
    )


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("spiral_degrees", "0"),
        ("spiral_degrees", "nan"),
        ("camera_distance", "-1"),
        ("camera_distance", "inf"),
        ("camera_distance", "far"),
    ],
)
def test_rules_of_cameras_are_checked(rule: str, text: str) -> None:
    with pytest.raises(TgbenchError, match=f"--rule {rule}="):
        DriveRules().with_changes({rule: text}, (rule,))
