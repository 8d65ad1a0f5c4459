from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tgbench.metrics.frames import FaceFinders, LazyFrame


class Counting:
    """Finds the same landmarks everywhere, and counts how often it was asked."""

    asked = 0

    def find(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        self.asked += 1
        return np.full((68, 2), float(image.mean()), np.float32)

    def describe(self) -> str:
        return "counting"


def test_what_nobody_asked_for_is_not_looked_for() -> None:
    finder = Counting()
    grey = np.full((8, 8, 3), 7, np.uint8)
    frame = LazyFrame(0, grey, grey + 1, FaceFinders(finder))
    assert frame.landmarks_found == (None, None)
    assert finder.asked == 0
    _ = frame.prediction_landmarks
    prediction, target = frame.landmarks_found
    assert target is None
    np.testing.assert_array_equal(prediction, np.full((68, 2), 7.0))
    _ = frame.target_landmarks
    np.testing.assert_array_equal(frame.landmarks_found[1], np.full((68, 2), 8.0))
    assert finder.asked == 2


def test_landmarks_are_among_a_mesh_that_was_asked_for() -> None:
    grey = np.zeros((8, 8, 3), np.uint8)
    frame = LazyFrame(0, grey, grey, FaceFinders("mediapipe"))
    # Set as the cached property does, without the detector.
    vars(frame)["target_mesh"] = np.arange(478 * 3, dtype=np.float32).reshape(478, 3)
    prediction, target = frame.landmarks_found
    assert prediction is None
    assert target is not None
    assert target.shape == (68, 2)
