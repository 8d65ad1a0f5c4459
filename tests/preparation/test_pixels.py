"""Pixels laid over each other and looked up, against arithmetic without rounding or compiling."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from tgbench.arrays import over, pixels_of
from tgbench.identities.layout import HAIR, HEAD, INNER_MOUTH, NECK, TORSO, WHITE
from tgbench.preparation.torso import _cut_out, _rows_to_body

HEIGHT, WIDTH = 6, 5
IMAGES = arrays(np.uint8, (HEIGHT, WIDTH, 3))
MASKS = arrays(np.bool_, (HEIGHT, WIDTH))
SHARES = arrays(np.uint8, (HEIGHT, WIDTH), elements=st.sampled_from([0, 1, 127, 128, 254, 255]))

COLOURS = (WHITE, HAIR, TORSO, NECK, HEAD, INNER_MOUTH)


@given(IMAGES, SHARES, IMAGES)
def test_over_is_the_mean_by_alpha_to_the_nearest_value(
    image: NDArray[np.uint8], alpha: NDArray[np.uint8], behind: NDArray[np.uint8]
) -> None:
    share = alpha[..., None] / 255.0
    np.testing.assert_array_equal(
        over(image, alpha, behind), np.rint(image * share + behind * (1.0 - share))
    )


@given(IMAGES, SHARES, MASKS)
def test_a_cut_out_holds_nothing_where_it_is_transparent(
    image: NDArray[np.uint8], alpha: NDArray[np.uint8], opaque: NDArray[np.bool_]
) -> None:
    result = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    _cut_out(image, alpha, opaque, result)
    share = np.where(opaque, 255, alpha)
    np.testing.assert_array_equal(result[..., 3], share)
    np.testing.assert_array_equal(result[..., :3], np.where(share[..., None] > 0, image, 0))


@given(MASKS, MASKS)
def test_the_body_below_a_pixel_is_its_first_row(
    body: NDArray[np.bool_], neck: NDArray[np.bool_]
) -> None:
    up, above_neck = _rows_to_body(body, body & neck)
    for row, column in np.ndindex(HEIGHT, WIDTH):
        below = np.flatnonzero(body[row:, column])
        if len(below):
            assert up[row, column] == below[0]
            assert above_neck[row, column] == neck[row + below[0], column]
        else:
            assert up[row, column] >= HEIGHT
            assert not above_neck[row, column]


@given(
    arrays(np.int8, (HEIGHT, WIDTH), elements=st.integers(0, len(COLOURS) - 1)),
    st.sets(st.sampled_from(COLOURS), min_size=1),
)
def test_pixels_of_colours_are_those_that_have_one_of_them(
    parts: NDArray[np.int8], wanted: set[tuple[int, int, int]]
) -> None:
    image = np.array(COLOURS, np.uint8)[parts]
    expected = [[COLOURS[part] in wanted for part in row] for row in parts]
    np.testing.assert_array_equal(pixels_of(image, *wanted), expected)


def test_colours_that_differ_in_one_channel_are_others() -> None:
    image = np.array([[(1, 2, 3), (1, 2, 4), (0, 2, 3)]], np.uint8)
    assert pixels_of(image, (1, 2, 3)).tolist() == [[True, False, False]]
