from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tgbench.preparation.crop import choose_crop

Array = NDArray[np.float64]


def boxes_at(x: Array, y: Array, height: float) -> Array:
    """Faces of one height with their middles at (x, y)."""
    half = np.array([0.4 * height, 0.5 * height])
    middle = np.stack([x, y], axis=1)
    return np.concatenate([middle - half, middle + half], axis=1)


def swaying(frames: int, sway: float, seed: int = 0) -> Array:
    rng = np.random.default_rng(seed)
    return sway * np.sin(np.arange(frames) / 9.0) + rng.normal(0, 0.5, frames)


sources = st.tuples(
    st.integers(200, 2000),  # width
    st.integers(200, 2000),  # height
    st.floats(0.1, 0.6),  # the face's height, of the shorter side
    st.floats(0.3, 0.7),  # where, across
    st.floats(0.3, 0.7),  # and down
    st.floats(0.0, 0.15),  # sway, of the shorter side
)


@given(sources)
def test_the_window_is_a_square_inside_the_picture(source: tuple) -> None:
    width, height, face, across, down, sway = source
    short = min(width, height)
    x = width * across + swaying(80, sway * short)
    crop = choose_crop(boxes_at(x, np.full(80, height * down), face * short), (width, height), 25.0)
    assert 0 < crop.side <= short
    assert (crop.corners >= 0.0).all()
    assert (crop.corners + crop.side <= np.array([width, height]) + 1e-9).all()
    picture = np.zeros((height, width, 3), np.uint8)
    assert crop.cut(picture, 3, 64).shape == (64, 64, 3)


@given(sources)
def test_a_window_does_not_jitter(source: tuple) -> None:
    """It stands still, or moves by less than a five-hundredth of its side a frame squared."""
    width, height, face, across, down, sway = source
    short = min(width, height)
    x = width * across + swaying(200, sway * short)
    boxes = boxes_at(x, np.full(200, height * down), face * short)
    crop = choose_crop(boxes, (width, height), 25.0)
    if not crop.fixed:
        assert np.abs(np.diff(crop.corners, 2, axis=0)).max() < crop.side / 500


def test_the_head_takes_about_half_of_the_height() -> None:
    boxes = boxes_at(np.full(50, 540.0), np.full(50, 500.0), 240.0)
    crop = choose_crop(boxes, (1080, 1920), 25.0)
    assert crop.fixed
    # From hairline to chin a face is three quarters of a head with its hair.
    assert 0.45 <= 240.0 / 0.75 / crop.side <= 0.58
    left, top = crop.corners[0]
    assert left + crop.side / 2 == pytest.approx(540.0, abs=1.0)
    assert 0.35 < (500.0 - top) / crop.side < 0.5


def test_a_clip_that_is_cropped_already_stays_as_it_is() -> None:
    boxes = boxes_at(np.full(50, 256.0), np.full(50, 230.0), 250.0)
    crop = choose_crop(boxes, (512, 512), 25.0)
    assert (crop.side, crop.fixed) == (512, True)
    picture = np.random.default_rng(0).integers(0, 255, (512, 512, 3), np.uint8)
    np.testing.assert_array_equal(crop.cut(picture, 0, 512), picture)


def test_a_swaying_head_gets_a_wider_window_that_stands_still() -> None:
    still = choose_crop(boxes_at(np.full(99, 960.0), np.full(99, 500.0), 250.0), (1920, 1080), 25.0)
    x = 960.0 + 200.0 * np.sin(np.arange(99) / 9.0)
    boxes = boxes_at(x, np.full(99, 500.0), 250.0)
    crop = choose_crop(boxes, (1920, 1080), 25.0)
    assert crop.fixed
    assert crop.side > still.side
    assert (boxes[:, 0] > crop.corners[:, 0]).all()
    assert (boxes[:, 2] < crop.corners[:, 0] + crop.side).all()


def test_a_walking_head_is_followed() -> None:
    x = np.linspace(300.0, 1600.0, 250)
    boxes = boxes_at(x, np.full(250, 500.0), 200.0)
    crop = choose_crop(boxes, (1920, 1080), 25.0)
    assert not crop.fixed
    assert (boxes[:, 0] > crop.corners[:, 0]).all()
    assert (boxes[:, 2] < crop.corners[:, 0] + crop.side).all()


def test_a_moving_window_samples_between_pixels() -> None:
    x = 400.0 + 5.3 * np.arange(200)
    crop = choose_crop(boxes_at(x, np.full(200, 300.0), 150.0), (1920, 600), 25.0)

    def wave(at: Array) -> Array:
        return 127.0 + 100.0 * np.sin(at / 10.0)

    picture = np.round(wave(np.arange(1920) + 0.5)).astype(np.uint8)
    picture = np.tile(picture[None, :, None], (600, 1, 3))
    for frame in (60, 61, 62, 63, 99):
        got = crop.cut(picture, frame, crop.side)[0, :, 0]
        expected = wave(crop.corners[frame, 0] + np.arange(crop.side) + 0.5)
        # A window on whole pixels would be off by up to 5 levels.
        assert np.abs(got - expected).max() < 1.5
