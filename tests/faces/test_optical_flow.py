"""Flow of a picture that is moved by a known amount, and of points that cannot be followed."""

import cv2
import numpy as np
import pytest

from tgbench.faces.optical_flow import followed

SIDE = 128
SHIFT = np.array([2.3, -1.6])


@pytest.fixture(scope="module")
def frames():
    """Return a textured picture with a flat right third, and the same moved by `SHIFT`."""
    noise = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE), np.uint8)
    before = cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 2.0), None, 0, 255, cv2.NORM_MINMAX)
    before[:, 2 * SIDE // 3 :] = 128
    matrix = np.array([[1.0, 0.0, SHIFT[0]], [0.0, 1.0, SHIFT[1]]])
    after = cv2.warpAffine(before, matrix, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE)
    return before, after


@pytest.mark.parametrize("off", [(0.0, 0.0), (1.0, -1.0), (-2.0, 1.5)])
def test_points_are_followed_to_fractions_of_a_pixel(frames, off):
    points = np.stack(np.meshgrid(np.arange(20.0, 65.0, 8), np.arange(20.0, 105.0, 8)), -1)
    points = points.reshape(-1, 2)
    moved = followed(*frames, points, points + SHIFT + off)
    seen = np.isfinite(moved[:, 0])
    assert seen.mean() > 0.9
    assert np.abs(moved[seen] - SHIFT).max() < 0.15


def test_points_on_a_plain_are_lost(frames):
    points = np.array([[110.0, 40.0], [112.0, 90.0]])
    assert np.isnan(followed(*frames, points, points)).all()


def test_points_that_are_looked_for_elsewhere_are_lost(frames):
    points = np.array([[40.0, 40.0], [50.0, 70.0]])
    for there in ([[500.0, 40.0], [50.0, -300.0]], [[90.0, 90.0], [20.0, 20.0]]):
        assert np.isnan(followed(*frames, points, np.array(there))).all()
