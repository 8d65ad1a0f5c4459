from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from tgbench.errors import TgbenchError
from tgbench.identities import HAIR, HEAD, INNER_MOUTH, NECK, WHITE, Identity
from tgbench.methods.shared.pixel_labels import (
    BEHIND,
    FACE,
    HAIRS,
    MOUTH,
    TEETH,
    label_pixels,
)
from tgbench.methods.talkinggaussian.frames import TrainingFrames

PLENTY = 1 << 30


def test_labels_follow_the_layouts_colours_and_the_teeth():
    parsing = np.array([[HEAD, HAIR, INNER_MOUTH, NECK, WHITE, HEAD, INNER_MOUTH]], np.uint8)
    teeth = np.array([[False, False, False, False, False, True, True]])
    expected = [[FACE, HAIRS, MOUTH, BEHIND, BEHIND, MOUTH, TEETH]]
    assert label_pixels(parsing, teeth).tolist() == expected


def test_crops_are_cut_from_the_frame_they_name(sphere: Identity):
    frames = TrainingFrames(sphere, sphere.split().train, PLENTY)
    sizes = set()
    for position in (0, 7, 29):
        for crop in (frames.head(position), frames.skin(position), frames.mouth(position)):
            rows_columns = crop.window.rows_columns
            assert crop.frame == position
            assert np.array_equal(crop.image, sphere.frame(position)[rows_columns])
            labels = label_pixels(sphere.parsing(position))
            assert np.array_equal(crop.labels, labels[rows_columns])
            assert (labels == MOUTH).sum() == (crop.labels == MOUTH).sum()
            assert (crop.camera.width, crop.camera.height) == crop.window.size
            sizes.add(crop.window.size)
        behind = sphere.torso_over_background(position)
        window = frames.head(position).window
        assert np.array_equal(frames.behind(position), behind[window.rows_columns])
    assert len(sizes) == 3


def test_a_crops_camera_sees_what_the_whole_camera_sees(sphere: Identity):
    frames = TrainingFrames(sphere, sphere.split().train, PLENTY)
    crop, lens = frames.mouth(5), sphere.intrinsics
    point = np.array([0.02, -0.04, 0.08, 1.0])
    x, y, z, _ = np.linalg.inv(sphere.poses[5].astype(np.float64)) @ point
    column, row = -lens.focal * x / z + lens.cx, lens.focal * y / z + lens.cy
    local = crop.camera.world_to_camera @ point
    assert local[0] / local[2] * crop.camera.fx + crop.camera.cx + crop.window.left == (
        pytest.approx(column, abs=1e-3)
    )
    assert local[1] / local[2] * crop.camera.fy + crop.camera.cy + crop.window.top == (
        pytest.approx(row, abs=1e-3)
    )


def test_memory_is_bounded_and_frames_do_not_depend_on_it(sphere: Identity):
    whole = TrainingFrames(sphere, sphere.split().train, PLENTY)
    tight = TrainingFrames(sphere, sphere.split().train, 3 * 48 * 48 * 4)
    for _ in range(2):
        for position in range(len(tight)):
            assert np.array_equal(tight.head(position).image, whole.head(position).image)
            assert np.array_equal(tight.behind(position), whole.behind(position))
    kept = [crop.image.nbytes + crop.labels.nbytes for crop in tight._crops.values()]
    assert 0 < sum(kept) <= 3 * 48 * 48 * 4


def test_held_out_frames_are_never_read(make_sphere: Callable[..., Identity], tmp_path: Path):
    identity = make_sphere(tmp_path / "held")
    for frame in identity.split().test:
        for pattern in ("gt_imgs/{}.jpg", "ori_imgs/{}.jpg", "parsing/{}.png", "torso_imgs/{}.png"):
            (identity.folder / pattern.format(frame)).unlink()
    frames = TrainingFrames(identity, identity.split().train, PLENTY)
    for position in range(len(frames)):
        frames.head(position), frames.behind(position)


def test_an_identity_without_a_head_is_refused(
    make_sphere: Callable[..., Identity], tmp_path: Path
):
    identity = make_sphere(tmp_path / "headless", frames=11)
    for path in (identity.folder / "parsing").iterdir():
        cv2.imwrite(str(path), np.full((48, 48, 3), 255, np.uint8))
    with pytest.raises(TgbenchError, match="no training frame has head pixels"):
        TrainingFrames(identity, identity.split().train, PLENTY)


def test_crops_of_the_mouth_can_hold_all_of_the_lips(sphere: Identity):
    train = sphere.split().train
    tight, wide = (TrainingFrames(sphere, train, PLENTY, whole_lips=w) for w in (False, True))
    for position in range(len(train)):
        lips, window = wide.lips(position), wide.mouth(position).window
        assert window.left <= lips.left < lips.right <= window.right
        assert window.top <= lips.top < lips.bottom <= window.bottom
        assert lips.right - lips.left == lips.bottom - lips.top
    heights = [frames.mouth(0).window.size[1] for frames in (tight, wide)]
    assert heights[0] < heights[1]
