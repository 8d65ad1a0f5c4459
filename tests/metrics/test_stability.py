"""Flicker, flow and sharpness of pictures that change by known amounts."""

from __future__ import annotations

from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tgbench.interfaces import MetricContext
from tgbench.metrics.stability.flicker import Flicker
from tgbench.metrics.stability.flow import FlowDifference
from tgbench.metrics.stability.sharpness import MouthSharpness

from .faces import face, measured

Image = NDArray[np.uint8]

FRAMES = 40


@pytest.fixture(scope="module")
def texture() -> Image:
    rng = np.random.default_rng(0)
    coarse = cv2.GaussianBlur(rng.normal(0, 1, (300, 400, 3)), (0, 0), 3)
    return np.clip(128 + 40 * coarse / coarse.std(), 20, 235).astype(np.uint8)


def moving(texture: Image, speed: float, frames: int = FRAMES) -> list[Image]:
    """A view of the texture that moves to the side by so many pixels a frame."""
    shifts = [np.array([[1, 0, -speed * frame], [0, 1, 0]], np.float64) for frame in range(frames)]
    return [
        np.asarray(cv2.warpAffine(texture, shift, (400, 300))[:256, 20:276], np.uint8)
        for shift in shifts
    ]


def test_flicker_is_what_is_added_to_still_pixels(texture: Image) -> None:
    still = [texture] * FRAMES
    assert measured(Flicker, still, still, points="image").value == 0.0
    alternating = [
        (texture + np.uint8(3 * (frame % 2))).astype(np.uint8) for frame in range(FRAMES)
    ]
    assert measured(Flicker, alternating, still, points="image").value == 3.0
    rng = np.random.default_rng(1)
    noisy = [np.rint(texture + rng.normal(0, 4, texture.shape)).astype(np.uint8) for _ in still]
    found = measured(Flicker, noisy, still, points="image")
    assert found.value == pytest.approx(2 * 4 / np.sqrt(np.pi), rel=0.02)
    assert found.details["still_share"] == 1.0


def test_flicker_needs_pixels_that_stand_still(texture: Image) -> None:
    found = measured(Flicker, moving(texture, 3.0), moving(texture, 3.0), points="image")
    assert found.value is None
    assert "stand still" in found.reason


def test_flow_of_the_same_is_nothing_and_of_a_frozen_picture_the_true_motion(
    texture: Image,
) -> None:
    true = moving(texture, 1.5, 12)
    assert measured(FlowDifference, true, true, points="image").value == 0.0
    frozen = measured(FlowDifference, true[:1] * 12, true, points="image")
    assert frozen.value == pytest.approx(1.5, rel=0.1)
    assert frozen.scored == 11
    twice = [cv2.resize(each, (512, 512), interpolation=cv2.INTER_CUBIC) for each in true]
    larger = measured(FlowDifference, twice[:1] * 12, twice, points="image")
    assert larger.value == pytest.approx(frozen.value, rel=0.05), "at 256 whatever the size"


def sharpness(prediction: Image, target: Image) -> float | None:
    metric = MouthSharpness(MetricContext())
    marks = face() + np.array([0.0, 40.0])
    metric.update(SimpleNamespace(prediction=prediction, target=target, target_landmarks=marks))
    found: float | None = metric.compute().value
    return found


def test_sharpness_falls_with_blur_and_is_seen_at_the_mouth_only(texture: Image) -> None:
    assert sharpness(texture, texture) == 1.0
    found = [sharpness(cv2.GaussianBlur(texture, (0, 0), s), texture) for s in (0.5, 1.0, 2.0)]
    assert sorted(found, reverse=True) == found
    assert found[-1] < 0.5
    elsewhere = texture.copy()
    elsewhere[180:] = 0
    assert sharpness(elsewhere, texture) == 1.0
    rough = np.random.default_rng(0).integers(0, 100, texture.shape).astype(np.uint8)
    twice = sharpness(np.asarray(2 * rough, np.uint8), rough)
    assert twice == pytest.approx(4.0, rel=0.01), "twice the contrast is four times the variance"
    assert sharpness(texture, np.full_like(texture, 9)) is None


@pytest.mark.parametrize("kind", [Flicker, FlowDifference])
def test_parts_merge_to_the_whole(kind: type, texture: Image) -> None:
    rng = np.random.default_rng(2)
    true = [texture[:256, :256]] * 8
    own = [(each + rng.integers(0, 5, each.shape)).astype(np.uint8) for each in true]
    whole = measured(kind, own, true, points="image")
    parts = measured(kind, own, true, points="image", parts=(3, 4))
    assert parts.value == pytest.approx(whole.value)
    assert (parts.scored, parts.total) == (whole.scored, whole.total)
