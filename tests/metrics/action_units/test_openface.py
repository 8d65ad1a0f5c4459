from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tgbench.errors import TgbenchError, Unavailable
from tgbench.interfaces import MetricContext, MetricOptions
from tgbench.metrics.action_units.error import LOWER_FACE, UPPER_FACE, action_unit_error
from tgbench.metrics.action_units.openface import (
    LowerFaceError,
    LowerFaceErrorUnmasked,
    UpperFaceError,
    UpperFaceErrorUnmasked,
)
from tgbench.metrics.suite import MetricSuite

from .tables import STYLES, random_values, write_table


@dataclass
class Frame:
    """A frame of which only the place matters, for the values come from tables."""

    index: int


def context(prediction: Path, target: Path) -> MetricContext:
    return MetricContext(None, 25.0, options=MetricOptions(action_units=(prediction, target)))


def seen(metric_class: type, given: MetricContext, frames: range):
    metric = metric_class(given)
    for index in frames:
        assert metric.update(Frame(index)) is None
    return metric


def stack(values: dict[str, np.ndarray], units: tuple[str, ...]) -> np.ndarray:
    return np.stack([values[f"{unit}_r"] for unit in units], axis=1)


def official(paths: tuple[Path, Path], units: tuple[str, ...]) -> float:
    """The script's one line, on tables whose names are stripped as its users must do."""
    first, second = (pd.read_csv(path) for path in paths)
    for table in (first, second):
        table.columns = table.columns.str.strip()
    names = [f"{unit}_r" for unit in units]
    return float(((first[names] - second[names]) ** 2).mean().sum())


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(("rows", "others"), [(40, 40), (40, 33), (33, 40)])
@pytest.mark.parametrize(
    ("metric_class", "units"),
    [(LowerFaceErrorUnmasked, LOWER_FACE), (UpperFaceErrorUnmasked, UPPER_FACE)],
)
def test_unmasked_is_the_official_scripts_number(
    tmp_path: Path, style: str, rows: int, others: int, metric_class: type, units: tuple[str, ...]
) -> None:
    first, second = random_values(1, rows), random_values(2, others)
    for column in first.values():
        column[[3, 4, 20]] = 0.0
    # A frame that was dropped shifts all that follow: rows are paired by place.
    frames = [frame for frame in range(1, others + 2) if frame != 7]
    paths = (
        write_table(
            tmp_path / "p.csv",
            first,
            style=style,
            success=[int(row not in (3, 4, 20)) for row in range(rows)],
        ),
        write_table(tmp_path / "t.csv", second, style="linux", frame=frames),
    )
    found = seen(metric_class, context(*paths), range(40)).compute()
    assert found.value == pytest.approx(official(paths, units), rel=1e-12)
    assert (found.scored, found.total) == (min(rows, others), 40)
    assert found.details["prediction_lost"] == 3
    assert found.details["target_lost"] == 0
    unlike = sum(a != b for a, b in zip(range(1, rows + 1), frames, strict=False))
    assert found.details["pairs_of_unlike_frames"] == unlike


def test_pairing_by_place_across_frames_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = random_values(1, 10), random_values(2, 10)
    second["AU12_r"][:2] = np.nan
    for unit in LOWER_FACE:
        first[f"{unit}_r"][9] = np.nan
    given = context(
        write_table(tmp_path / "p.csv", first, frame=[1, 2, 3, 5, 6, 7, 8, 9, 10, 11]),
        write_table(tmp_path / "t.csv", second, frame=[1, 2, 3, 4, 5, 6, 7, 9, 10, 11]),
    )
    found = seen(LowerFaceErrorUnmasked, given, range(11)).compute()
    assert found.details["pairs_of_unlike_frames"] == 4
    assert found.scored == 9
    assert "4 of 10 rows are paired with the row of another frame" in caplog.text
    assert "aue_l pairs by frame" in caplog.text


@pytest.mark.parametrize(
    ("metric_class", "units"), [(LowerFaceError, LOWER_FACE), (UpperFaceError, UPPER_FACE)]
)
def test_lost_frames_are_left_out_and_counted(
    tmp_path: Path, metric_class: type, units: tuple[str, ...]
) -> None:
    first, second = random_values(1, 20), random_values(2, 20)
    first[f"{units[0]}_r"][11] = np.nan
    paths = (
        write_table(
            tmp_path / "p.csv",
            first,
            style="windows",
            success=[int(row != 3) for row in range(20)],
            confidence=[0.79 if row in (3, 5) else 0.8 for row in range(20)],
        ),
        write_table(
            tmp_path / "t.csv",
            second,
            success=[int(row not in (5, 6)) for row in range(20)],
            # The row of frame 10 is of a frame beyond the video.
            frame=[*range(1, 10), 99, *range(11, 21)],
        ),
    )
    metric = seen(metric_class, context(*paths), range(20))
    kept = [row for row in range(20) if row not in (3, 5, 6, 9, 11)]
    found = metric.compute()
    assert found.value == pytest.approx(
        action_unit_error(stack(first, units)[kept], stack(second, units)[kept]), rel=1e-12
    )
    assert (found.scored, found.total) == (15, 20)
    assert found.details["left_out"] == {
        "prediction not tracked": 1,
        "prediction below confidence 0.8": 1,
        "prediction without a value": 1,
        "no row in the target's table": 1,
        "target not tracked": 1,
    }
    assert found.details["target_rows_beyond"] == 1
    values = metric.series()[metric.spec.name]
    assert [row for row, value in enumerate(values) if value is None] == [3, 5, 6, 9, 11]
    assert np.mean([v for v in values if v is not None]) == pytest.approx(found.value)


def test_failed_frames_are_why_the_two_differ(tmp_path: Path) -> None:
    values = random_values(1, 200)
    lost = {name: np.where(np.arange(200) % 20 == 0, 0.0, v) for name, v in values.items()}
    success = [int(row % 20 != 0) for row in range(200)]
    given = context(
        write_table(tmp_path / "p.csv", lost, success=success),
        write_table(tmp_path / "t.csv", values),
    )
    assert seen(LowerFaceError, given, range(200)).compute().value == 0.0
    assert seen(LowerFaceErrorUnmasked, given, range(200)).compute().value > 1.0


def test_rows_are_matched_by_frame_not_by_place(tmp_path: Path) -> None:
    values = random_values(1, 30)
    without_first = {name: column[1:] for name, column in values.items()}
    given = context(
        write_table(tmp_path / "p.csv", without_first, frame=range(2, 31)),
        write_table(tmp_path / "t.csv", values),
    )
    found = seen(UpperFaceError, given, range(30)).compute()
    assert (found.value, found.scored) == (0.0, 29)
    assert found.details["left_out"] == {"no row in the prediction's table": 1}
    assert seen(UpperFaceErrorUnmasked, given, range(30)).compute().value > 1.0


def test_a_part_of_the_clip_is_scored_alone(tmp_path: Path) -> None:
    first, second = random_values(1, 30), random_values(2, 30)
    given = context(write_table(tmp_path / "p.csv", first), write_table(tmp_path / "t.csv", second))
    found = seen(LowerFaceError, given, range(10, 20)).compute()
    expected = action_unit_error(stack(first, LOWER_FACE)[10:20], stack(second, LOWER_FACE)[10:20])
    assert found.value == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    "metric_class",
    [LowerFaceError, UpperFaceError, LowerFaceErrorUnmasked, UpperFaceErrorUnmasked],
)
def test_parts_join_to_one_pass(tmp_path: Path, metric_class: type) -> None:
    given = context(
        write_table(tmp_path / "p.csv", random_values(1, 30)),
        write_table(tmp_path / "t.csv", random_values(2, 30)),
    )
    whole = seen(metric_class, given, range(30))
    first, second = seen(metric_class, given, range(13)), seen(metric_class, given, range(13, 30))
    first.merge(second)
    assert first.compute() == whole.compute()


def test_tables_of_another_length_than_the_video(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    given = context(
        write_table(tmp_path / "p.csv", random_values(1, 30)),
        write_table(tmp_path / "t.csv", random_values(2, 35)),
    )
    with caplog.at_level(logging.WARNING, "tgbench"):
        found = seen(LowerFaceError, given, range(25)).compute()
    assert "p.csv has 30 rows" in caplog.text
    assert "cut both videos" in caplog.text
    assert "rows for 5 and 10 frames after the last one scored" in caplog.text
    assert (found.details["prediction_rows_beyond"], found.details["target_rows_beyond"]) == (5, 10)
    assert found.scored == 25


def test_nothing_in_common_is_no_number(tmp_path: Path) -> None:
    given = context(
        write_table(tmp_path / "p.csv", random_values(1, 5), success=[0] * 5),
        write_table(tmp_path / "t.csv", random_values(2, 5)),
    )
    found = seen(LowerFaceError, given, range(5)).compute()
    assert found.value is None
    assert "no frame in both videos (prediction not tracked: 5)" in found.reason


def test_values_of_other_tables_compare_and_those_of_other_measurers_do_not(
    tmp_path: Path,
) -> None:
    names = []
    for seed in (1, 2):
        path = write_table(tmp_path / f"{seed}.csv", random_values(seed, 5))
        found = seen(LowerFaceError, context(path, path), range(5)).compute()
        names.append(found.measured_by)
        assert found.details["prediction_table"].startswith("sha256 ")
    assert names[0] == names[1]


def test_a_bad_table_is_refused_before_any_frame(tmp_path: Path) -> None:
    good = write_table(tmp_path / "p.csv", random_values(1, 5))
    with pytest.raises(TgbenchError, match="cannot be read"):
        LowerFaceError(context(good, tmp_path / "none.csv"))


def test_a_unit_that_a_metric_does_not_use_may_be_missing(tmp_path: Path) -> None:
    values = random_values(1, 5)
    whole = write_table(tmp_path / "p.csv", values)
    del values["AU45_r"]
    given = context(whole, write_table(tmp_path / "t.csv", values))
    for metric_class in (LowerFaceError, LowerFaceErrorUnmasked):
        assert seen(metric_class, given, range(5)).compute().value == 0.0
    for metric_class in (UpperFaceError, UpperFaceErrorUnmasked):
        with pytest.raises(Unavailable, match=r"t\.csv: has no column AU45_r; measure"):
            metric_class(given)


def test_a_bad_table_leaves_what_needs_none(tmp_path: Path) -> None:
    good = write_table(tmp_path / "p.csv", random_values(1, 5))
    bad = tmp_path / "t.csv"
    bad.write_text("x,y\n1,2\n")
    suite = MetricSuite(["psnr", "aue_l", "aue_u_unmasked"], context(good, bad))
    images = np.zeros((2, 40, 40, 3), np.uint8)
    images[1] = 9
    suite.update(0, *images)
    found = suite.results()
    assert found["psnr"].value is not None
    for name in ("aue_l", "aue_u_unmasked"):
        assert found[name].value is None
        assert found[name].reason.startswith(f"{bad}: has no column frame, success, confidence")


def test_without_tables_and_program_the_remedy_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for metric_class in (LowerFaceError, UpperFaceErrorUnmasked):
        with pytest.raises(Unavailable, match=r"OpenFace 2\.2\.0.*--action-units"):
            metric_class(MetricContext(None, 25.0))
