"""Tables of numbers by frame, beside a result: written whole, read with suspicion."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from ..errors import TgbenchError
from ..files import atomic_path


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
        table = pd.read_parquet(path, page_checksum_verification=True)
    except Exception as error:  # Arrow and pandas raise anything on a damaged file.
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise TgbenchError(f"{path}: cannot be read ({reason})") from error
    for name, column in table.items():
        # Parquet knows no type of a column without any value.
        if not column.isna().all() and not _is_numbers(column):
            raise TgbenchError(f"{path}: '{name}' holds something else than numbers")
    return table.apply(lambda column: column if _is_numbers(column) else column.astype("float64"))


def _is_numbers(column: pd.Series) -> bool:
    return is_numeric_dtype(column) and not is_bool_dtype(column)
