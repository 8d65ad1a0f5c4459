"""Head, eyes and brows over time, on faces that move by known amounts."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from tgbench.faces import canonical, mesh
from tgbench.faces.canonical import head_angles
from tgbench.metrics.motion.blinks import (
    BlinkAgreement,
    BlinkLength,
    BlinkRate,
    blinks,
    eye_aspect_ratio,
)
from tgbench.metrics.motion.head import HeadMotionRatio, JitterRatio
from tgbench.metrics.motion.upper_face import _UPPER_FACE, UpperDynamics

from .faces import face, measured

Meshes = list[NDArray[np.float64]]

FRAMES = 200
BROW = 105


def head() -> NDArray[np.float64]:
    """The canonical head as an image of 3000 pixels a metre shows it, mesh [478, 3]."""
    points = np.random.default_rng(3).uniform(-0.05, 0.05, (478, 3))
    points[list(mesh.RIGID)] = canonical._CANONICAL
    return points * np.array([3000.0, -3000.0, -3000.0])


def turning(amount: float = 1.0, frames: int = FRAMES) -> Meshes:
    """A head that looks about, by so many times some degrees."""
    time = np.arange(frames) / 25.0
    angles = amount * np.column_stack(
        [8 * np.sin(2.1 * time), 4 * np.cos(1.3 * time), 3 * np.sin(0.7 * time)]
    )
    poses = Rotation.from_euler("YXZ", angles, degrees=True).as_matrix()
    # A mesh has its y and z axes down and away; the head's go up and towards the camera.
    flip = np.diag([1.0, -1.0, -1.0])
    return [head() @ (flip @ pose @ flip).T + 300.0 for pose in poses]


def test_angles_are_those_that_the_head_was_turned_by() -> None:
    flip = np.diag([1.0, -1.0, -1.0])
    pose = flip @ Rotation.from_euler("YXZ", [20.0, -10.0, 5.0], degrees=True).as_matrix() @ flip
    found = head_angles((1.7 * head() @ pose.T + 40.0)[None])
    np.testing.assert_allclose(found, [[20.0, -10.0, 5.0]], atol=1e-6)


@pytest.mark.parametrize("amount", [0.0, 0.5, 1.0, 2.0])
def test_head_motion_is_the_ratio_of_the_angles(amount: float) -> None:
    found = measured(HeadMotionRatio, turning(amount), turning(), points="mesh")
    assert found.value == pytest.approx(amount, rel=1e-3, abs=1e-4)
    assert found.details["yaw"] == pytest.approx(amount, rel=1e-3, abs=1e-4)
    assert measured(HeadMotionRatio, turning(), turning(0.0), points="mesh").value is None


def test_jitter_grows_with_noise_and_is_nothing_in_a_frozen_head() -> None:
    rng = np.random.default_rng(0)
    detector = [each + rng.normal(0, 0.3, each.shape) for each in turning()]
    noise = rng.normal(0, 1, (FRAMES, 478, 3))
    found = [
        measured(
            JitterRatio,
            [each + sigma * one for each, one in zip(detector, noise, strict=True)],
            detector,
            points="mesh",
        ).value
        for sigma in (0.0, 0.5, 1.0, 2.0)
    ]
    assert found[0] == 1.0
    assert found == sorted(found)
    # Independent noise of 1 px beside the 0.3 px that are there: sqrt(1 + 0.3²) / 0.3, and a little
    # less for what the head itself moves.
    assert found[2] == pytest.approx(np.hypot(1.0, 0.3) / 0.3, rel=0.1)
    assert measured(JitterRatio, turning(0.0), detector, points="mesh").value == pytest.approx(
        0.0, abs=1e-3
    )
    larger = measured(
        JitterRatio,
        [2.0 * each for each in detector],
        [2.0 * each for each in detector],
        points="mesh",
    )
    assert larger.value == 1.0


def raising_brows(amount: float) -> Meshes:
    """A head that turns and raises a point of a brow by so many centimetres, to and fro."""
    found = []
    for frame, turned in enumerate(turning()):
        raised = head()
        raised[BROW, 1] -= amount * 30.0 * np.sin(frame)
        scale, rotation, offset = canonical.align(
            head()[None, list(mesh.RIGID)], turned[list(mesh.RIGID)]
        )
        found.append(scale[0] * raised @ rotation[0].T + offset[0])
    return found


def test_upper_dynamics_is_free_of_pose_and_counts_what_is_missing() -> None:
    true = raising_brows(1.0)
    assert measured(UpperDynamics, true, true, points="mesh").value == 0.0
    still = measured(UpperDynamics, turning(), true, points="mesh")
    # 10 mm in the image times the deviation of a sine, at one of the points.
    expected = 10.0 * np.std(np.sin(np.arange(FRAMES))) / len(_UPPER_FACE)
    assert still.value == pytest.approx(expected, rel=0.02)
    assert still.details["true_deviation"] == pytest.approx(expected, rel=0.02)
    assert measured(UpperDynamics, raising_brows(0.5), true, points="mesh").value == pytest.approx(
        expected / 2, rel=0.02
    )


def blinking(starts: list[int], length: int = 4, frames: int = 600) -> Meshes:
    shut = {frame for start in starts for frame in range(start, start + length)}
    return [face(eyes=0.1 if frame in shut else 0.3) for frame in range(frames)]


STARTS = [40, 130, 260, 300, 480]


def test_planted_blinks_are_found() -> None:
    assert eye_aspect_ratio(face(eyes=0.27)) == pytest.approx(0.27)
    shown = blinking(STARTS)
    rate = measured(BlinkRate, shown)
    assert rate.value == pytest.approx(5 / 24.0)
    assert rate.details["blinks"] == 5
    assert measured(BlinkLength, shown).value == 160.0
    assert measured(BlinkRate, shown[:400]).value is None, "16 s are too short for a rate"
    assert measured(BlinkLength, shown[:30]).value is None


@pytest.mark.parametrize(("length", "found"), [(1, 0), (2, 5), (12, 5), (14, 0), (27, 0)])
def test_a_blink_is_neither_a_flash_nor_a_look_down(length: int, found: int) -> None:
    shown = measured(BlinkRate, blinking(STARTS, length))
    assert shown.details["blinks"] == found


def test_shut_eyes_beside_a_missing_frame_are_no_blink() -> None:
    openings = np.full(100, 0.3)
    openings[20:24] = openings[50:54] = 0.1
    openings[19] = np.nan
    assert [blink.start for blink in blinks(openings, 25.0)] == [50]


@pytest.mark.parametrize(("late", "expected"), [(0, 1.0), (3, 1.0), (4, 0.0)])
def test_blinks_agree_within_120_ms(late: int, expected: float) -> None:
    moved = blinking([start + late for start in STARTS])
    assert measured(BlinkAgreement, moved, blinking(STARTS)).value == expected


def test_blinks_that_are_missing_or_too_many_cost() -> None:
    found = measured(BlinkAgreement, blinking(STARTS[:3]), blinking(STARTS))
    assert found.value == pytest.approx(2 * 3 / 8)
    assert measured(BlinkAgreement, blinking([]), blinking(STARTS)).value == 0.0
    assert measured(BlinkAgreement, blinking(STARTS), blinking([])).value is None
