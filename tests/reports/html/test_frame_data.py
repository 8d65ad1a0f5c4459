from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgbench.reports.html.frame_data import FrameData, frame_data, worst_frames
from tgbench.results import MeasuredCase, merge_cases
from tgbench.running.result import Result
from tgbench.specs import Direction

MakeResult = Callable[..., Result]
Read = Callable[[int], FrameData]

values_or_gaps = st.lists(st.none() | st.floats(-100, 100), max_size=60)


@given(values=values_or_gaps, apart=st.integers(1, 8), count=st.integers(1, 6))
def test_no_frame_far_from_the_chosen_ones_is_worse(
    values: list[float | None], apart: int, count: int
) -> None:
    chosen = worst_frames(values, Direction.LOWER, count, apart)
    assert len(chosen) <= count
    assert all(abs(a - b) >= apart for a in chosen for b in chosen if a != b)
    if len(chosen) == count:
        least = values[chosen[-1]]
        free = [
            value
            for frame, value in enumerate(values)
            if value is not None and all(abs(frame - other) >= apart for other in chosen)
        ]
        assert all(value <= least for value in free)


def test_worst_depends_on_the_direction() -> None:
    values = [5.0, None, 1.0, 9.0]
    assert worst_frames(values, Direction.HIGHER, 1) == [2]
    assert worst_frames(values, Direction.LOWER, 1) == [3]
    assert worst_frames(values, Direction.NONE) == []


@pytest.fixture
def read(tmp_path: Path, make_result: MakeResult) -> Read:
    """Reads what the folder says about a number of frames."""

    def of(frames: int) -> FrameData:
        result = make_result("ours").model_copy(update={"frames": frames})
        return frame_data(MeasuredCase(result, tmp_path))

    return of


def test_gaps_and_infinite_values_are_none_and_empty_columns_are_left_out(
    tmp_path: Path, read: Read
) -> None:
    table = {
        "frame": [0, 1, 2],
        "psnr": [30.0, np.nan, np.inf],
        "lmd": [np.nan] * 3,
        "whole": pd.array([1, None, 3], dtype="Int64"),
    }
    pd.DataFrame(table).to_parquet(tmp_path / "frames.parquet")
    found = read(3)
    assert found.series == {"psnr": [30.0, None, None], "whole": [1.0, None, 3.0]}
    assert found.problems == ()
    assert found.crops == {}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "frames.parquet is missing"),
        (b"", "frames.parquet cannot be read"),
        (b"PAR1" + bytes(40), "frames.parquet cannot be read"),
    ],
)
def test_a_table_that_cannot_be_read_is_a_problem_not_an_error(
    content: bytes | None, said: str, tmp_path: Path, read: Read
) -> None:
    if content is not None:
        (tmp_path / "frames.parquet").write_bytes(content)
    found = read(3)
    assert found.series == {}
    assert said in found.problems[0]


@pytest.mark.parametrize("rows", [1, 5])
def test_a_table_of_other_length_ends_with_the_frames_and_is_said(
    rows: int, tmp_path: Path, read: Read
) -> None:
    pd.DataFrame({"psnr": np.arange(rows) + 1.0}).to_parquet(tmp_path / "frames.parquet")
    found = read(3)
    assert found.problems == (f"frames.parquet has {rows} rows for 3 frames",)
    assert found.series["psnr"] == ([1.0] if rows == 1 else [1.0, 2.0, 3.0])


@pytest.mark.parametrize("frames", [-5, 0, 10**15])
def test_no_number_of_frames_takes_memory(frames: int, tmp_path: Path, read: Read) -> None:
    pd.DataFrame({"psnr": [1.0, 2.0]}).to_parquet(tmp_path / "frames.parquet")
    found = read(frames)
    assert found.series == ({} if frames <= 0 else {"psnr": [1.0, 2.0]})


def test_a_crop_follows_a_steady_motion_and_fills_gaps(tmp_path: Path, read: Read) -> None:
    frames = 40
    x = 50.0 + np.arange(frames)
    boxes = {"left": x - 10, "right": x + 10, "top": np.full(frames, 70.0), "bottom": 74.0}
    columns = {f"mouth_{side}": np.array(value) for side, value in boxes.items()}
    table = pd.DataFrame(columns)
    table.iloc[20:23] = np.nan
    table.to_parquet(tmp_path / "faces.parquet")
    pd.DataFrame({"psnr": np.ones(frames)}).to_parquet(tmp_path / "frames.parquet")
    crop = read(frames).crops["mouth"]
    inner = slice(4, -4)
    np.testing.assert_allclose(np.array(crop["x"])[inner], x[inner], atol=0.01)
    np.testing.assert_allclose(crop["y"], 72.0, atol=0.01)
    assert 20.0 < crop["width"] < 40.0
    assert 4.0 < crop["height"] < crop["width"]


def test_a_metric_of_an_earlier_measurement_brings_its_frames(
    tmp_path: Path, make_result: MakeResult
) -> None:
    older = make_result("ours", psnr=2.0, lmd=5.0, created="2025-01-01T00:00:00+00:00")
    newer = make_result("ours", psnr=3.0, created="2025-02-01T00:00:00+00:00")
    tables = {
        "older": {"psnr": [1.0, 2.0, 3.0], "lmd": [4.0, 5.0, 6.0]},
        "newer": {"psnr": [2.0, 3.0, 4.0]},
    }
    cases = []
    for name, result in (("older", older), ("newer", newer)):
        (tmp_path / name).mkdir()
        pd.DataFrame(tables[name]).to_parquet(tmp_path / name / "frames.parquet")
        cases.append(MeasuredCase(result.model_copy(update={"frames": 3}), tmp_path / name))
    (merged,) = merge_cases(cases)
    found = frame_data(merged)
    assert found.series == {"psnr": [2.0, 3.0, 4.0], "lmd": [4.0, 5.0, 6.0]}
    assert found.problems == ()
