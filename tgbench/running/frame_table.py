"""Tables of numbers by frame, beside a result: written whole, read with suspicion."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from .. import plugins
from ..errors import TgbenchError
from ..files import atomic_path
from .result import Result

_MEAN_TOLERANCE = 1e-6

_MOST_VALUES = 50_000_000
"""Of a table; ten hours of frames with 50 columns have fewer."""


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table of a row for each frame, with checksums.

    Raises:
        TgbenchError: it cannot be written.
    """
    with atomic_path(path) as temporary:
        table.to_parquet(temporary, index=False, write_page_checksum=True)


def read_table(path: Path) -> pd.DataFrame:
    """Return a table of numbers, NaN where there is none.

    Raises:
        TgbenchError: it is missing or damaged, or holds something else than numbers.
    """
    if not path.is_file():
        raise TgbenchError(f"{path}: is missing")
    try:
        _refuse_bomb(path)
        table = pd.read_parquet(path, page_checksum_verification=True)
    except TgbenchError:
        raise
    except Exception as error:  # Arrow and pandas raise anything on a damaged file.
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise TgbenchError(f"{path}: cannot be read ({reason})") from error
    for name, column in table.items():
        # Parquet knows no type of a column without any value.
        if not column.isna().all() and not _is_numbers(column):
            raise TgbenchError(f"{path}: '{name}' holds something else than numbers")
    empty = [name for name, column in table.items() if not _is_numbers(column)]
    return table.astype(dict.fromkeys(empty, "float64")) if empty else table


def _refuse_bomb(path: Path) -> None:
    """Look at what a table claims to hold, which a small file may do, before it is unpacked."""
    about = pq.read_metadata(path)
    if about.num_rows * about.num_columns > _MOST_VALUES:
        raise TgbenchError(
            f"{path}: claims {about.num_rows} rows of {about.num_columns} columns, which no clip "
            "has; run the case again with --fresh"
        )


def contradiction(table: pd.DataFrame, result: Result) -> str:
    """Return what of a table cannot be of the result beside it; empty: nothing.

    Args:
        table: values of single frames.
        result: whose means over frames they are.
    """
    if len(table) != result.frames:
        return f"has {len(table)} rows for {result.frames} frames"
    for name, record in result.metrics.items():
        if record.value is None or name not in table or not plugins.averages_frames(name):
            continue
        values = table[name].to_numpy("float64", na_value=math.nan)
        known = values[~np.isnan(values)]
        mean = float(known.mean()) if known.size else math.nan
        if not math.isclose(mean, record.value, rel_tol=_MEAN_TOLERANCE, abs_tol=_MEAN_TOLERANCE):
            return f"has {name} with mean {mean:g}, the result says {record.value:g}"
    return ""


def _is_numbers(column: pd.Series) -> bool:
    return is_numeric_dtype(column) and not is_bool_dtype(column)
