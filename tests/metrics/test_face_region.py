from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tgbench.errors import TgbenchError
from tgbench.interfaces import MetricContext, MetricOptions
from tgbench.metrics.frames import FaceFinders, LazyFrame
from tgbench.metrics.image.face_region import Box, face_box
from tgbench.metrics.image.psnr import Psnr, PsnrFace

Image = NDArray[np.uint8]
CONTEXT = MetricContext(audio=None, fps=25.0)


class Corners:
    """Landmarks at two corners of a box; none in a black image."""

    def __init__(self, left: float, top: float, right: float, bottom: float) -> None:
        self.points = np.array([[left, top], [right, bottom]], np.float32)

    def find(self, image: Image) -> NDArray[np.float32] | None:
        return self.points if image.any() else None

    def describe(self) -> str:
        return "corners"


def finders(*box: float) -> FaceFinders:
    return FaceFinders(Corners(*box))


def test_face_box_holds_the_landmarks_and_stays_in_the_image() -> None:
    points = np.array([[-3.5, 10.2], [40.7, 25.0], [20.0, 99.0]])
    assert face_box(points, 64, 64) == Box(0, 10, 41, 64)


@given(
    st.integers(0, 2**32 - 1),
    st.tuples(st.floats(-20, 70), st.floats(-20, 50)),
    st.tuples(st.floats(1, 60), st.floats(1, 60)),
)
def test_psnr_of_the_face_is_the_formula_in_float64_over_the_box(
    seed: int, corner: tuple[float, float], size: tuple[float, float]
) -> None:
    rng = np.random.default_rng(seed)
    target = rng.integers(1, 256, (60, 80, 3), dtype=np.uint8)
    prediction = rng.integers(0, 256, target.shape, dtype=np.uint8)
    found = finders(*corner, corner[0] + size[0], corner[1] + size[1])
    value = PsnrFace(CONTEXT).update(LazyFrame(0, prediction, target, found))
    y, x = np.mgrid[:60, :80]
    (left, top), (right, bottom) = found.landmarks.find(target).astype(np.float64)
    inside = (x > left - 1) & (x < right) & (y > top - 1) & (y < bottom)
    if not inside.any():
        assert value is None
        return
    error = (prediction[inside].astype(np.float64) - target[inside].astype(np.float64)) ** 2
    assert value == pytest.approx(10 * math.log10(255**2 / error.mean()), abs=1e-10)


def test_pixels_outside_the_face_lift_the_whole_image_alone() -> None:
    """An error of the face alone costs the whole image less, by the ratio of the areas."""
    target = np.full((80, 100, 3), 100, np.uint8)
    prediction = target.copy()
    prediction[10:50, 20:60] = 110
    frame = LazyFrame(0, prediction, target, finders(20, 10, 60, 50))
    face, whole = PsnrFace(CONTEXT).update(frame), Psnr(CONTEXT).update(frame)
    assert face == pytest.approx(10 * math.log10(255**2 / 10**2), abs=1e-10)
    assert whole - face == pytest.approx(10 * math.log10(80 * 100 / (40 * 40)), abs=1e-10)


def test_frames_without_a_face_and_equal_faces_are_unscored_and_parts_add_up() -> None:
    rng = np.random.default_rng(1)
    target = rng.integers(1, 256, (40, 40, 3), dtype=np.uint8)
    other, outside = target.copy(), target.copy()
    other[10, 10] ^= 1
    outside[0, 0] ^= 1
    found = finders(5, 5, 30, 30)
    first, second = PsnrFace(CONTEXT), PsnrFace(CONTEXT)
    scored = first.update(LazyFrame(0, other, target, found))
    assert first.update(LazyFrame(1, outside, target, found)) is None
    assert second.update(LazyFrame(2, other, np.zeros_like(target), found)) is None
    again = second.update(LazyFrame(3, other, target, found))
    first.merge(second)
    measured = first.compute()
    assert measured.value == scored == again
    assert (measured.scored, measured.total) == (2, 4)
    assert measured.details == {"identical_frames": 1}


def test_where_no_frame_is_scored_there_is_no_number() -> None:
    black = np.zeros((20, 20, 3), np.uint8)
    metric = PsnrFace(CONTEXT)
    assert metric.update(LazyFrame(0, black + 1, black, finders(5, 5, 9, 9))) is None
    measured = metric.compute()
    assert measured.value is None
    assert "no target frame shows a face" in measured.reason


def test_a_given_box_is_used_and_named_and_needs_no_landmarks() -> None:
    rng = np.random.default_rng(2)
    first, second = rng.integers(0, 256, (2, 50, 50, 3), dtype=np.uint8)
    context = MetricContext(None, 25.0, options=MetricOptions(face_box=(10, 20, 30, 45)))
    metric = PsnrFace(context)
    value = metric.update(LazyFrame(0, first, second, FaceFinders("fan")))
    crops = [image[20:45, 10:30].astype(np.float64) for image in (first, second)]
    mse = np.mean((crops[0] - crops[1]) ** 2)
    assert value == pytest.approx(10 * math.log10(255**2 / mse), abs=1e-10)
    assert "the box 10,20,30,45 of every frame" in metric.compute().measured_by


def test_frames_of_unlike_size_are_refused() -> None:
    target = np.full((40, 40, 3), 9, np.uint8)
    with pytest.raises(TgbenchError, match="differ in size"):
        PsnrFace(CONTEXT).update(LazyFrame(0, target[:30], target, finders(1, 1, 9, 9)))
