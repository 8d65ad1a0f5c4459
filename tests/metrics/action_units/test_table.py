from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tgbench.errors import TgbenchError
from tgbench.identities.layout import ALL_ACTION_UNITS
from tgbench.metrics.action_units.table import read_table

from .tables import STYLES, random_values, write_table


@pytest.mark.parametrize("style", STYLES)
def test_reads_the_tables_of_both_builds(tmp_path: Path, style: str) -> None:
    values = random_values(1, 5)
    path = write_table(
        tmp_path / "a.csv",
        values,
        style=style,
        success=[1, 1, 0, 1, 1],
        confidence=[0.98, 0.5, 0.0, 0.98, 0.98],
    )
    table = read_table(path)
    assert table.frames.tolist() == [1, 2, 3, 4, 5]
    assert table.tracked.tolist() == [True, True, False, True, True]
    assert table.confidence.tolist() == [0.98, 0.5, 0.0, 0.98, 0.98]
    for unit in ALL_ACTION_UNITS:
        np.testing.assert_array_equal(table.intensities[unit], values[f"{unit}_r"])


def test_a_byte_order_mark_and_blank_lines_do_no_harm(tmp_path: Path) -> None:
    path = write_table(tmp_path / "a.csv", random_values(1, 3))
    path.write_text("\ufeff" + path.read_text() + "\n\n", encoding="utf-8")
    assert len(read_table(path)) == 3


@pytest.mark.parametrize("cell", ["", " ", "nan", "-nan(ind)"])
def test_an_empty_cell_is_no_number(tmp_path: Path, cell: str) -> None:
    values: dict = random_values(1, 3)
    values["AU12_r"] = [1.0, cell, 2.0]
    np.testing.assert_array_equal(
        read_table(write_table(tmp_path / "a.csv", values)).intensities["AU12"], [1.0, np.nan, 2.0]
    )


def test_rows_are_found_by_frame(tmp_path: Path) -> None:
    table = read_table(write_table(tmp_path / "a.csv", random_values(1, 3), frame=[4, 2, 9]))
    assert table.rows_of(np.array([1, 2, 4, 9])).tolist() == [-1, 1, 0, 2]


def change(**columns: list) -> dict:
    return columns


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        (change(AU12_r=[1.0, "x", 2.0]), "line 3, AU12_r: 'x' is not a number"),
        (change(AU12_r=[1.0, -0.4, 2.0]), "AU12_r is -0.4, not between 0 and 5: OpenFace was"),
        (change(AU12_r=[1.0, 5.5, 2.0]), "AU12_r is 5.5"),
        (change(AU12_r=[1.0, "inf", 2.0]), "AU12_r is inf"),
        (change(face_id=[0, 1, 0]), "holds 2 faces (face_id 0, 1)"),
        (change(frame=[1, 2, 2]), "frame 2 has several rows"),
        (change(frame=[0, 1, 2]), "not all counted from 1"),
        (change(frame=[1, "nan", 2]), "not all counted from 1"),
        (change(frame=[1, "inf", 2]), "not all counted from 1"),
        (change(frame=[1, 10**23, 2]), "not all counted from 1"),
        (change(frame=[1, 1.5, 2]), "not all counted from 1"),
        (change(success=[1, "yes", 1]), "success: 'yes' is not a number"),
        (change(measured_by=["geometry"] * 3), "measured by 'geometry', not by OpenFace"),
    ],
)
def test_what_must_not_be_scored_is_refused(tmp_path: Path, columns: dict, told: str) -> None:
    path = write_table(tmp_path / "a.csv", {**random_values(1, 3), **columns})
    with pytest.raises(TgbenchError) as error:
        read_table(path)
    assert told in str(error.value)
    assert "a.csv" in str(error.value)
    assert "FeatureExtraction" in str(error.value)


@pytest.mark.parametrize("name", ["AU45_r", "AU10_r", "success", "confidence", "frame"])
def test_a_missing_column_is_named(tmp_path: Path, name: str) -> None:
    path = write_table(tmp_path / "a.csv", random_values(1, 3))
    path.write_text(path.read_text().replace(name, "other"), encoding="utf-8")
    with pytest.raises(TgbenchError, match=f"no column {name}"):
        read_table(path).require(ALL_ACTION_UNITS)


@pytest.mark.parametrize(
    ("text", "told"),
    [("", "no column frame"), ("\0\1\2", "no column"), ("{}", "no column frame")],
)
def test_other_files_are_no_tables(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(TgbenchError, match=told):
        read_table(path)


def test_a_video_in_place_of_a_table(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(bytes(range(256)) * 20)
    with pytest.raises(TgbenchError, match="is not a table"):
        read_table(path)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(TgbenchError, match="cannot be read"):
        read_table(tmp_path / "none.csv")


def test_a_header_without_rows(tmp_path: Path) -> None:
    path = write_table(tmp_path / "a.csv", random_values(1, 1))
    path.write_text(path.read_text().splitlines()[0] + "\n", encoding="utf-8")
    with pytest.raises(TgbenchError, match="has no rows"):
        read_table(path)


def test_a_table_cut_short(tmp_path: Path) -> None:
    path = write_table(tmp_path / "a.csv", random_values(1, 3))
    path.write_text(path.read_text()[:-40], encoding="utf-8")
    with pytest.raises(TgbenchError, match=r"line 4 has \d+ of \d+ cells"):
        read_table(path)
