from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from tgbench.driving.rules import DriveRules, LongerSound, ShorterSound, Windows
from tgbench.driving.sequences import positions, smoothed, windows_of
from tgbench.errors import TgbenchError


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (LongerSound.MIRROR, [0, 1, 2, 2, 1, 0, 0, 1]),
        (LongerSound.LOOP, [0, 1, 2, 0, 1, 2, 0, 1]),
        (LongerSound.TRUNCATE, [0, 1, 2]),
    ],
)
def test_poses_of_a_longer_sound(rule: LongerSound, expected: list[int]) -> None:
    poses, heard = positions(DriveRules(longer_sound=rule), heard=8, poses=3)
    assert poses.tolist() == expected
    assert heard.tolist() == list(range(len(expected)))


@pytest.mark.parametrize(
    ("rule", "heard_rows"),
    [(ShorterSound.TRUNCATE, [0, 1]), (ShorterSound.LOOP, [0, 1, 0, 1, 0])],
)
def test_windows_of_a_shorter_sound(rule: ShorterSound, heard_rows: list[int]) -> None:
    poses, heard = positions(DriveRules(shorter_sound=rule), heard=2, poses=5)
    assert heard.tolist() == heard_rows
    assert poses.tolist() == list(range(len(heard_rows)))


def test_equal_lengths_follow_neither_rule() -> None:
    rules = DriveRules(LongerSound.TRUNCATE, ShorterSound.LOOP)
    poses, heard = positions(rules, heard=4, poses=4)
    assert poses.tolist() == heard.tolist() == [0, 1, 2, 3]


def test_cut_windows_hold_no_row_beyond_what_is_rendered() -> None:
    features = np.arange(10, dtype=np.float32).reshape(10, 1, 1)
    index = np.array([7, 8], np.int64)
    kept, same = windows_of(DriveRules(windows=Windows.REACH), features, index)
    assert kept is features
    assert same.tolist() == [7, 8]
    cut, rows = windows_of(DriveRules(windows=Windows.CUT), features, index)
    assert cut.ravel().tolist() == [7.0, 8.0]
    assert rows.tolist() == [0, 1]


def test_smoothing_averages_turn_and_place() -> None:
    poses = np.tile(np.eye(4, dtype=np.float32), (3, 1, 1))
    poses[:, 0, 3] = [0.0, 3.0, 9.0]
    turns = Rotation.from_rotvec(np.outer([0.0, 0.0, 0.3], [0.0, 1.0, 0.0]))
    poses[:, :3, :3] = turns.as_matrix()
    made = smoothed(poses, 3)
    np.testing.assert_allclose(made[:, 0, 3], [1.5, 4.0, 6.0], atol=1e-6)
    angles = Rotation.from_matrix(made[:, :3, :3]).magnitude()
    # About one axis, the chordal mean has the angle of the sum of unit vectors.
    expected = np.arctan2(np.sin(0.3), 2 + np.cos(0.3))
    np.testing.assert_allclose(angles, [0.0, expected, 0.15], atol=1e-5)


def test_bad_rules_name_what_is_right() -> None:
    with pytest.raises(TgbenchError, match="longer_sound"):
        DriveRules().with_changes({"longer_sond": "loop"}, ("longer_sound",))
    with pytest.raises(TgbenchError, match="mirror or loop or truncate"):
        DriveRules().with_changes({"longer_sound": "lop"}, ("longer_sound",))
    with pytest.raises(TgbenchError, match="odd"):
        DriveRules(smooth_poses=4)
