from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tgbench.interfaces import MetricContext
from tgbench.metrics.frames import FaceFinders, LazyFrame
from tgbench.metrics.landmark_geometry import inter_ocular_distance, mouth_opening
from tgbench.metrics.lips.lmd import (
    Lmd,
    LmdAbsolute,
    LmdFace,
    LmdRelative,
    LmdSum,
    face_landmark_distance,
    mouth_landmark_distance,
    relative_mouth_distance,
    summed_mouth_distance,
    uncentred_mouth_distance,
)

IMAGE = np.zeros((4, 4, 3), np.uint8)


def points(seed: int) -> NDArray[np.float32]:
    return np.random.default_rng(seed).uniform(0, 512, (68, 2)).astype(np.float32)


def written_out(first: NDArray, second: NDArray) -> float:
    """The rule of the field, point by point."""
    a = [(float(x), float(y)) for x, y in first[48:68]]
    b = [(float(x), float(y)) for x, y in second[48:68]]
    mean_a = [sum(p[k] for p in a) / 20 for k in (0, 1)]
    mean_b = [sum(p[k] for p in b) / 20 for k in (0, 1)]
    total = 0.0
    for p, q in zip(a, b, strict=True):
        dx = (p[0] - mean_a[0]) - (q[0] - mean_b[0])
        dy = (p[1] - mean_a[1]) - (q[1] - mean_b[1])
        total += (dx * dx + dy * dy) ** 0.5
    return total / 20


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_distance_is_the_rule_written_out(first: int, second: int) -> None:
    a, b = points(first), points(second)
    assert mouth_landmark_distance(a, b) == pytest.approx(written_out(a, b), abs=1e-9)


@given(st.integers(0, 10_000), st.floats(-300, 300), st.floats(-300, 300))
def test_where_the_mouth_stands_does_not_matter(seed: int, x: float, y: float) -> None:
    a = points(seed).astype(np.float64)
    assert mouth_landmark_distance(a, a + np.array([x, y])) == pytest.approx(0.0, abs=1e-9)


def test_only_the_mouth_counts() -> None:
    a = points(0)
    b = a.copy()
    b[:48] += 50.0
    assert mouth_landmark_distance(a, b) == 0.0


def test_a_mouth_opened_by_a_known_amount() -> None:
    closed = np.zeros((68, 2))
    opened = closed.copy()
    opened[48:58, 1] -= 3.0
    opened[58:68, 1] += 3.0
    assert mouth_landmark_distance(opened, closed) == pytest.approx(3.0)


def test_mouth_opening_is_the_gap_by_the_eyes() -> None:
    face = np.zeros((68, 2))
    face[36], face[45] = (100.0, 50.0), (200.0, 50.0)
    face[[61, 62, 63], 1] = 120.0
    face[[67, 66, 65], 1] = (130.0, 140.0, 130.0)
    assert inter_ocular_distance(face) == 100.0
    assert mouth_opening(face) == pytest.approx((10 + 20 + 10) / 3 / 100)


class ByBrightness:
    """Landmarks chosen by the image's first pixel; none for 0."""

    def find(self, image: NDArray[np.uint8]) -> NDArray[np.float32] | None:
        key = int(image[0, 0, 0])
        return points(key) if key else None

    def describe(self) -> str:
        return "by brightness"


def frame(index: int, prediction: int, target: int) -> LazyFrame:
    return LazyFrame(index, IMAGE + prediction, IMAGE + target, FaceFinders(ByBrightness()))


def test_frames_without_a_face_are_counted_and_not_scored() -> None:
    metric = Lmd(MetricContext(audio=None, fps=25.0))
    values = [
        metric.update(frame(0, np.uint8(1), np.uint8(2))),
        metric.update(frame(1, np.uint8(0), np.uint8(2))),
        metric.update(frame(2, np.uint8(1), np.uint8(0))),
        metric.update(frame(3, np.uint8(5), np.uint8(6))),
    ]
    assert values[1] is None
    assert values[2] is None
    found = metric.compute()
    assert found.value == pytest.approx((written_out(points(1), points(2)) + values[3]) / 2)
    assert (found.scored, found.total) == (2, 4)
    assert found.details["faceless_predictions"] == 1
    assert found.details["faceless_targets"] == 1
    relative = [
        written_out(points(a), points(b)) / inter_ocular_distance(points(b))
        for a, b in ((1, 2), (5, 6))
    ]
    assert found.details["relative_to_inter_ocular"] == pytest.approx(np.mean(relative))


def test_a_clip_without_faces_has_no_distance() -> None:
    metric = Lmd(MetricContext(audio=None, fps=25.0))
    metric.update(frame(0, np.uint8(0), np.uint8(0)))
    found = metric.compute()
    assert found.value is None
    assert found.reason
    assert (found.scored, found.total) == (0, 1)


def hypotenuse(point: NDArray, other: NDArray) -> float:
    return ((point[0] - other[0]) ** 2 + (point[1] - other[1]) ** 2) ** 0.5


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_other_meanings_are_their_rules_written_out(first: int, second: int) -> None:
    a, b = points(first).astype(np.float64), points(second).astype(np.float64)
    assert summed_mouth_distance(a, b) == pytest.approx(20 * written_out(a, b), abs=1e-8)
    plain = [hypotenuse(p, q) for p, q in zip(a[48:68], b[48:68], strict=True)]
    assert uncentred_mouth_distance(a, b) == pytest.approx(sum(plain) / 20, abs=1e-9)
    centred = [hypotenuse(p - a.mean(0), q - b.mean(0)) for p, q in zip(a, b, strict=True)]
    assert face_landmark_distance(a, b) == pytest.approx(sum(centred) / 68, abs=1e-9)
    eyes = hypotenuse(b[36], b[45])
    assert relative_mouth_distance(a, b) == pytest.approx(written_out(a, b) / eyes, abs=1e-9)


@given(st.integers(0, 10_000), st.integers(0, 10_000), st.floats(0.1, 10.0))
def test_the_relative_distance_does_not_change_with_the_size_of_the_image(
    first: int, second: int, scale: float
) -> None:
    a, b = points(first).astype(np.float64), points(second).astype(np.float64)
    assert relative_mouth_distance(scale * a, scale * b) == pytest.approx(
        relative_mouth_distance(a, b), rel=1e-9
    )


def test_each_meaning_says_what_it_is() -> None:
    told = set()
    for kind in (Lmd, LmdRelative, LmdFace, LmdSum, LmdAbsolute):
        metric = kind(MetricContext(audio=None, fps=25.0))
        metric.update(frame(0, 1, 2))
        told.add((metric.spec.name, metric.compute().measured_by))
    assert len({name for name, _ in told}) == len({by for _, by in told}) == 5
