from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from tgbench.metrics.action_units.error import (
    LOWER_FACE,
    UPPER_FACE,
    action_unit_error,
    frame_values,
    measurement,
    official_error,
    squared_differences,
)

Array = NDArray[np.float64]

INTENSITIES = st.integers(0, 500).map(lambda hundredths: hundredths / 100)
CLIPS = arrays(np.float64, (7, 9), elements=INTENSITIES)


def written_out(prediction: Array, target: Array) -> float:
    """The formula of the paper's supplement, one number at a time."""
    total = 0.0
    for unit in range(prediction.shape[1]):
        squares = [
            (float(p) - float(t)) ** 2
            for p, t in zip(prediction[:, unit], target[:, unit], strict=True)
        ]
        total += sum(squares) / len(squares)
    return total


def test_the_two_lists_are_those_of_the_paper() -> None:
    assert [int(unit[2:]) for unit in LOWER_FACE] == [10, 12, 14, 15, 17, 20, 23, 25, 26]
    assert [int(unit[2:]) for unit in UPPER_FACE] == [1, 2, 4, 5, 6, 7, 9, 45]


@given(CLIPS, CLIPS)
def test_error_is_the_formula_written_out(prediction: Array, target: Array) -> None:
    expected = written_out(prediction, target)
    assert action_unit_error(prediction, target) == pytest.approx(expected, abs=1e-12)
    assert official_error(prediction, target) == pytest.approx(expected, abs=1e-12)


@given(CLIPS, CLIPS, st.permutations(range(7)))
def test_symmetric_and_blind_to_the_order_of_frames(
    prediction: Array, target: Array, order: list[int]
) -> None:
    error = action_unit_error(prediction, target)
    assert action_unit_error(target, prediction) == error
    assert action_unit_error(prediction[order], target[order]) == pytest.approx(error, abs=1e-12)


@given(CLIPS, CLIPS)
def test_zero_only_where_all_agree(prediction: Array, target: Array) -> None:
    assert (action_unit_error(prediction, target) == 0.0) == np.array_equal(prediction, target)
    assert action_unit_error(target, target) == 0.0


@given(CLIPS, CLIPS, st.sets(st.integers(0, 6), max_size=6))
def test_a_frame_that_lacks_a_value_is_left_out(
    prediction: Array, target: Array, lost: set[int]
) -> None:
    kept = [frame for frame in range(7) if frame not in lost]
    expected = action_unit_error(prediction[kept], target[kept])
    blinded = prediction.copy()
    blinded[list(lost), 3] = np.nan
    squared = squared_differences(blinded, target)
    found = measurement(squared, LOWER_FACE, "by hand", reason="none", details={})
    assert found.value == pytest.approx(expected, abs=1e-12)
    assert (found.scored, found.total) == (len(kept), 7)
    assert sum(found.details["by_unit"].values()) == pytest.approx(expected, abs=1e-12)
    values = frame_values(squared)
    assert [frame for frame, value in enumerate(values) if value is None] == sorted(lost)
    known = [value for value in values if value is not None]
    assert np.mean(known) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("frames", [0, 3])
def test_no_frame_at_all_has_no_error(frames: int) -> None:
    nothing = np.full((frames, 9), np.nan)
    assert np.isnan(action_unit_error(nothing, nothing))
    squared = squared_differences(nothing, nothing)
    found = measurement(squared, LOWER_FACE, "by hand", reason="none seen", details={"a": 1})
    assert (found.value, found.reason, found.total) == (None, "none seen", frames)
    assert np.isnan(official_error(nothing, nothing))


@given(
    arrays(np.float64, st.tuples(st.integers(1, 6), st.just(9)), elements=INTENSITIES),
    arrays(np.float64, st.tuples(st.integers(1, 6), st.just(9)), elements=INTENSITIES),
    st.sets(st.tuples(st.integers(0, 5), st.integers(0, 8)), max_size=8),
)
def test_official_error_is_the_line_of_pandas(
    prediction: Array, target: Array, empty: set[tuple[int, int]]
) -> None:
    for row, column in empty:
        if row < len(prediction):
            prediction[row, column] = np.nan
    line = float(((pd.DataFrame(prediction) - pd.DataFrame(target)) ** 2).mean().sum())
    found = official_error(prediction, target)
    if np.isnan(found):
        assert np.isnan(prediction[: len(target)]).all()
    else:
        assert found == pytest.approx(line, abs=1e-12)
