from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from tgbench.cli import main
from tgbench.errors import TgbenchError
from tgbench.identities import Identity, IdentityWriter, default_split
from tgbench.identities.pose_split import split_by_pose
from tgbench.identities.validation import validate


def turned(yaws: NDArray[np.floating]) -> NDArray[np.float32]:
    """Cameras that see a head from these angles."""
    poses = np.tile(np.eye(4, dtype=np.float32), (len(yaws), 1, 1))
    poses[:, :3, :3] = Rotation.from_euler("Y", yaws[:, None], degrees=True).as_matrix()
    poses[:, :3, 3] = poses[:, :3, :3] @ [0.0, 0.0, 0.8]
    return poses


def clip(yaws: NDArray[np.floating]) -> Any:
    return SimpleNamespace(
        poses=turned(yaws), image_ids=[*range(len(yaws))], fps=25.0, folder=Path("clip")
    )


YAWS = 12.0 * np.sin(np.arange(200) / 16.0) ** 3 + 4.0


def test_the_most_turned_tenth_is_held_out() -> None:
    """Both ways from the median, wherever the head looks most of the time."""
    split = split_by_pose(clip(YAWS), guard=0.2)
    away = np.abs(YAWS - np.median(YAWS))
    assert len(split.test) == 20
    assert away[split.test].min() >= np.quantile(away, 0.9) - 0.2
    assert away[split.train].max() <= np.quantile(away, 0.8)
    assert split.inner == pytest.approx(away[split.train].max(), abs=1e-3)
    assert split.outer == pytest.approx(away[split.test].min(), abs=1e-3)
    assert (YAWS[split.test] > 0).any()
    assert (YAWS[split.test] < 0).any()


def test_no_training_frame_is_near_a_held_out_one_in_time() -> None:
    split = split_by_pose(clip(YAWS), guard=0.2)
    gaps = np.abs(split.train[:, None] - split.test[None])
    assert gaps.min() > 5
    everything = np.sort(np.concatenate([split.train, split.test, split.left_out]))
    np.testing.assert_array_equal(everything, np.arange(200))


@pytest.mark.parametrize(
    ("yaws", "options", "said"),
    [
        (YAWS, {"share": 0.5, "train_share": 0.6}, "0.6"),
        (YAWS, {"guard": -1.0}, "guard"),
        (YAWS, {"guard": 60.0}, "0 frames"),
        (0.01 * YAWS, {"guard": 0.0}, "hardly beyond"),
    ],
)
def test_what_makes_no_split_is_refused(yaws: Any, options: Any, said: str) -> None:
    with pytest.raises(TgbenchError, match=said):
        split_by_pose(clip(yaws), **options)


def test_the_new_identity_is_sound_and_has_the_same_frames(
    tiny_identity: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "anna"
    shutil.copytree(tiny_identity, folder)
    yaws = 9.0 * np.sin(np.arange(44) / 4.0)
    IdentityWriter(folder, (64, 64)).write_transforms(150.0, turned(yaws), default_split(44))
    out = tmp_path / "anna-yaw"
    assert main(["split", str(folder), "--out", str(out), "--guard", "0.04"]) == 0
    assert validate(out) == []
    before, after = Identity(folder), Identity(out)
    split = after.split()
    assert len(split.test) == 5
    held_out = [after.image_ids[frame] for frame in split.test]
    assert np.abs(yaws[held_out]).min() > np.abs(yaws[[after.image_ids[0]]]).min()
    for frame in (0, len(after) - 1):
        number = after.image_ids[frame]
        np.testing.assert_array_equal(after.frame(frame), before.frame(number))
        np.testing.assert_allclose(after.poses[frame], before.poses[number])
    assert after.provenance["pose_split"]["axis"] == "yaw"
    assert main(["split", str(folder), "--out", str(out)]) == 2
