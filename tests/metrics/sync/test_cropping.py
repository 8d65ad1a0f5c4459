from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import medfilt

from tgbench.metrics.sync.cropping import BoxSmoother, crop_face

from . import literal


def _smoothed(boxes: np.ndarray) -> np.ndarray:
    smoother = BoxSmoother()
    early = [place for box in boxes if (place := smoother.push(box)) is not None]
    return np.array([*early, *smoother.finish()])


@pytest.mark.filterwarnings("ignore:kernel_size exceeds")
@pytest.mark.parametrize("length", [1, 5, 6, 7, 12, 13, 14, 60])
def test_smoothing_is_scipys_median_with_zeros_beyond_the_ends(length: int) -> None:
    rng = np.random.default_rng(length)
    corner = rng.uniform(20, 80, (length, 2))
    boxes = np.concatenate([corner, corner + rng.uniform(100, 200, (length, 2))], axis=1)
    found = _smoothed(boxes)
    half = np.maximum(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]) / 2
    expected = [half, (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2]
    for column, series in enumerate(expected):
        np.testing.assert_array_equal(found[:, column], medfilt(series, 13))


def test_a_box_is_smoothed_six_frames_later() -> None:
    smoother = BoxSmoother()
    boxes = np.tile([10.0, 20.0, 110.0, 160.0], (7, 1))
    places = [smoother.push(box) for box in boxes]
    assert all(place is None for place in places[:6])
    np.testing.assert_array_equal(places[6], [70.0, 60.0, 90.0])


@settings(max_examples=60)
@given(
    half=st.floats(3.0, 90.0),
    x=st.floats(0.0, 119.0),
    y=st.floats(0.0, 79.0),
)
def test_a_crop_is_the_originals_to_the_pixel(half: float, x: float, y: float) -> None:
    image = np.random.default_rng(3).integers(0, 256, (80, 120, 3), dtype=np.uint8)
    box = [x - half, y - half, x + half, y + half]
    track = [box] * 13
    place = _smoothed(np.array(track))[6]
    expected = literal.crops(track, [image] * 13)[6]
    np.testing.assert_array_equal(crop_face(image, place), expected)


def test_a_crop_beyond_the_image_is_grey() -> None:
    image = np.zeros((50, 50, 3), np.uint8)
    crop = crop_face(image, np.array([40.0, 25.0, 25.0]))
    assert (crop[0] == 110).all()
    assert (crop[:, 0] == 110).all()
    assert (crop[100, 112] == 0).all()
