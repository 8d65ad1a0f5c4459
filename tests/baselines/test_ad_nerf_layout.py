"""What AD-NeRF and DFRF read beyond the common layout, against answers worked out by hand."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from tgbench.baselines.ad_nerf_layout import depth, face_rect, finish, lip_rect
from tgbench.errors import TgbenchError
from tgbench.identities import HEAD


def points() -> np.ndarray:
    """A face from x = 100 to 200 whose brow is at y = 150, chin at 240."""
    found = np.full((68, 2), 150.0)
    found[0], found[16] = (100, 160), (200, 160)
    found[27], found[8] = (150, 150), (150, 240)
    found[66], found[54], found[57] = (150, 220), (170, 218), (150, 235)
    return found


def test_rectangles_are_those_of_their_script() -> None:
    # Half widths 1.5 x 50 and 1.15 x 90 about (150, 150).
    assert face_rect(points(), 512, 512) == [75, 47, 150, 206]
    # 1.2 x 20 and 1.2 x 15 about (150, 220).
    assert lip_rect(points(), 512, 512) == [126, 202, 48, 36]


def test_rectangles_stay_in_the_image() -> None:
    assert face_rect(points() - [90, 140], 140, 300) == [0, 0, 139, 206]


def test_depth_is_along_the_axis_of_the_camera() -> None:
    pose = np.eye(4)
    pose[:3, 3] = (0.3, -0.2, 0.8)
    assert depth(pose) == pytest.approx(0.8)
    turn = cv2.Rodrigues(np.array([0.1, 0.4, -0.2]))[0]
    turned = np.eye(4)
    turned[:3, :3], turned[:3, 3] = turn, turn @ pose[:3, 3]
    assert depth(turned) == pytest.approx(0.8)


def test_a_folder_gets_all_that_they_read(own_identity: Path) -> None:
    finish(own_identity)
    train = json.loads((own_identity / "transforms_train.json").read_text())["frames"]
    assert [frame["img_id"] for frame in train] == list(range(10))
    settings = dict(
        line.split(" = ") for line in (own_identity / "depth.txt").read_text().splitlines()
    )
    # The tests' cameras stand 0.8 m from the head.
    assert float(settings["near"]) == pytest.approx(0.6)
    assert float(settings["far"]) == pytest.approx(1.2)
    whole = cv2.imread(str(own_identity / "com_imgs/3.jpg"))
    head = cv2.imread(str(own_identity / "head_imgs/3.jpg"))
    torso = cv2.imread(str(own_identity / "torso_imgs/3.jpg"))
    plate = cv2.imread(str(own_identity / "bc.jpg"))
    parsing = cv2.imread(str(own_identity / "parsing/3.png"))[..., ::-1]
    skin = (parsing == HEAD).all(axis=-1)
    inside = cv2.erode(skin.astype(np.uint8), np.ones((9, 9))) > 0
    apart = np.abs(head.astype(int) - whole).max(axis=-1)
    assert apart[inside].max() < 20
    corner = (slice(0, 4), slice(0, 4))
    assert np.abs(head[corner].astype(int) - plate[corner]).max() < 10
    # A torso as it was drawn, over the plate.
    assert np.abs(torso[-3, 16].astype(int) - (120, 60, 60)).max() < 12
    assert np.abs(torso[corner].astype(int) - plate[corner]).max() < 10


def test_a_missing_file_is_named(own_identity: Path) -> None:
    (own_identity / "ori_imgs/4.lms").unlink()
    with pytest.raises(TgbenchError, match=r"4\.lms"):
        finish(own_identity)
