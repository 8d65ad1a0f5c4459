"""The guided filter against OpenCV's own, and where its result is known."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgbench.faces.guided_filter import guided_filter

SIDES = st.integers(2, 60)


@given(
    height=SIDES,
    width=SIDES,
    radius=st.integers(2, 9),
    softness=st.floats(25.0, 1e4),
    seed=st.integers(0, 2**32 - 1),
)
def test_it_is_that_of_opencv(height, width, radius, softness, seed):
    # Smaller windows and less softness leave little that decides, in either's 32 bits.
    rng = np.random.default_rng(seed)
    image = cv2.blur(rng.integers(0, 256, (height, width, 3), np.uint8), (3, 3))
    mask = rng.uniform(-1.0, 1.0, (height, width)).astype(np.float32)
    expected = cv2.ximgproc.guidedFilter(image, mask, radius, softness, scale=0.5)
    np.testing.assert_allclose(guided_filter(image, mask, radius, softness), expected, atol=2e-4)


def test_a_mask_that_goes_with_the_colour_is_returned():
    ramp = np.add.outer(np.arange(64), np.arange(48)).astype(np.uint8)
    image = np.dstack([ramp, ramp // 2, 255 - ramp])
    mask = ramp / np.float32(255.0)
    np.testing.assert_allclose(guided_filter(image, mask, 4, 1e-3), mask, atol=5e-3)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_what_is_the_same_everywhere_stays_so(value):
    image = np.random.default_rng(0).integers(0, 256, (31, 47, 3), np.uint8)
    mask = np.full((31, 47), value, np.float32)
    np.testing.assert_allclose(guided_filter(image, mask, 3, 50.0), mask, atol=1e-5)
