from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tgbench.errors import TgbenchError
from tgbench.running.frame_table import contradiction, read_table, write_table

from ..reports.conftest import result

VALUES = np.random.default_rng(0).normal(size=500)


def test_numbers_come_back_to_the_bit_and_what_is_missing_as_nan(tmp_path: Path) -> None:
    path = tmp_path / "frames.parquet"
    write_table(
        path, pd.DataFrame({"frame": range(3), "psnr": [0.1, None, 1 / 3], "au": [None] * 3})
    )
    table = read_table(path)
    assert list(table) == ["frame", "psnr", "au"]
    assert table["frame"].tolist() == [0, 1, 2]
    assert np.array_equal(table["psnr"], [0.1, np.nan, 1 / 3], equal_nan=True)
    assert table["au"].isna().all()
    assert table["au"].dtype == np.float64


@pytest.mark.parametrize("column", [["a", "b"], [True, False], [[1.0], [2.0]], ["1.0", None]])
def test_what_is_no_number_is_told(tmp_path: Path, column: list[object]) -> None:
    path = tmp_path / "frames.parquet"
    pd.DataFrame({"psnr": [1.0, 2.0], "lmd": column}).to_parquet(path)
    with pytest.raises(TgbenchError, match=r"frames\.parquet: 'lmd' holds something else"):
        read_table(path)


def test_what_is_missing_or_no_table_is_told(tmp_path: Path) -> None:
    path = tmp_path / "frames.parquet"
    with pytest.raises(TgbenchError, match="is missing"):
        read_table(path)
    for content in (b"", b"PAR1", b"PAR1" + bytes(40) + b"PAR1"):
        path.write_bytes(content)
        with pytest.raises(TgbenchError, match="cannot be read"):
            read_table(path)


def test_a_small_file_that_claims_a_billion_values_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "frames.parquet"
    zeros = pa.table({"psnr": pa.array(np.zeros(2_000_000))})
    with pq.ParquetWriter(path, zeros.schema, compression="zstd") as writer:
        for _ in range(26):
            writer.write_table(zeros)
    assert path.stat().st_size < 1 << 20
    with pytest.raises(TgbenchError, match="claims 52000000 rows of 1 columns"):
        read_table(path)


@settings(max_examples=100)
@given(place=st.integers(4, 4000), bits=st.integers(1, 255))
def test_a_changed_byte_of_a_value_is_told(tmp_path: Path, place: int, bits: int) -> None:
    path = tmp_path / "frames.parquet"
    write_table(path, pd.DataFrame({"psnr": VALUES}))
    data = bytearray(path.read_bytes())
    data[place] ^= bits
    path.write_bytes(data)
    try:
        found = read_table(path)["psnr"]
    except TgbenchError:
        return
    assert np.array_equal(found, VALUES)


@settings(max_examples=300)
@given(st.dictionaries(st.floats(0, 1, exclude_max=True), st.integers(0, 255), max_size=4))
def test_a_damaged_description_of_the_table_is_told_or_harmless(
    tmp_path: Path, changes: dict[float, int]
) -> None:
    path = tmp_path / "frames.parquet"
    write_table(path, pd.DataFrame({"frame": range(4), "psnr": VALUES[:4]}))
    data = bytearray(path.read_bytes())
    length = 8 + int.from_bytes(data[-8:-4], "little")
    for place, byte in changes.items():
        data[int(place * length) - length] = byte
    path.write_bytes(data)
    with contextlib.suppress(TgbenchError):
        assert len(read_table(path)) >= 0


def test_errors_of_any_kind_name_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "frames.parquet"
    write_table(path, pd.DataFrame({"psnr": VALUES}))

    def damaged(*_: object, **__: object) -> pd.DataFrame:
        raise KeyError("pandas_type")

    monkeypatch.setattr(pd, "read_parquet", damaged)
    with pytest.raises(TgbenchError, match=r"frames\.parquet: cannot be read \('pandas_type'\)"):
        read_table(path)


def test_what_cannot_be_of_the_result_is_told() -> None:
    made = result(psnr=30.0, lmd=1.0, fps=50.0).model_copy(update={"frames": 3})
    right = {"psnr": [29.0, 30.0, 31.0], "lmd": [1.0, np.nan, 1.0], "fps": [1.0, 2.0, 3.0]}
    assert contradiction(pd.DataFrame(right), made) == ""
    assert contradiction(pd.DataFrame({"psnr": right["psnr"]}), made) == ""
    assert contradiction(pd.DataFrame(right).iloc[:2], made) == "has 2 rows for 3 frames"
    for psnr in ([29.0, 30.0, 31.1], [np.nan] * 3, [np.inf] * 3):
        told = contradiction(pd.DataFrame(right | {"psnr": psnr}), made)
        assert told.startswith("has psnr with mean ")
        assert told.endswith(", the result says 30")
