"""Reading and comparing results."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .arguments import PathLike, Some, words

if TYPE_CHECKING:
    import pandas as pd

    from ..comparing import Comparison


def load_results(*folders: PathLike) -> pd.DataFrame:
    """Return the results at or below folders as one tidy table: a row for each value.

    Of several measurements of one experiment, each metric is from the latest that has it.

    Args:
        folders: that `tgbench run` or `tgbench score --out` wrote.

    Returns:
        One row for each metric of each case, with the columns

        - `method`, `settings` (those that differ from the preset), `preset`, `protocol`,
          `protocol_version`, `identity`, `driver`, `seed`: what was run;
        - `metric`, `value` (NaN where there is none), `unit`, `direction` ("higher", "lower",
          "one" for a ratio of which 1 is best, or "none"), `low` and `high` (95 % interval of the
          mean over frames, NaN where there is none): what was found;
        - `status` ("measured", "unavailable", "unscored", or "not applicable" where a value would
          say nothing about the method), `reason`, `scored` and `total` (frames): how far it was
          found;
        - `measured_by`, `composite_mode`, `leaked_conditions`: what a value may be compared with;
        - `device`, `cpu`, `gpu`, `code_sha256` (of the method), `tgbench_version`, `created`
          (UTC), `folder`: where it is from.

        Of scored videos, `method` and `identity` are the names of the prediction and the target,
        and `protocol` is "score".

    Raises:
        TgbenchError: a folder holds no results, or one cannot be read.

    >>> import tgbench
    >>> _ = tgbench.score("ours", "real", metrics="psnr", out="scores")
    >>> table = tgbench.load_results("scores")
    >>> table[["metric", "value", "unit", "scored", "total"]].round(2)
      metric  value unit  scored  total
    0   psnr  28.13   dB       5      5
    """
    from ..results.table import results_table

    return results_table(map(Path, folders))


def compare(
    first: PathLike,
    second: PathLike | None = None,
    *,
    methods: tuple[str, str] | None = None,
    metrics: Some = (),
    protocol: str | None = None,
) -> Comparison:
    """Compare two sets of results on the same frames, as `tgbench compare` does.

    Args:
        first: folder A, of results of `tgbench run` or scores of `tgbench score --out`.
        second: folder B; None takes A again, with `methods`.
        methods: the method of A and of B; None where each folder holds one.
        metrics: names or titles; empty takes all that both have.
        protocol: the only one to compare; None takes every one that both have.

    Returns:
        A section for each protocol, with a row for each metric: means, the difference B - A, its
        95 % interval over frames, and the verdict.

    Raises:
        TgbenchError: a folder holds no results, or no case is on both sides.
    """
    from ..comparing import compare_folders

    return compare_folders(
        Path(first),
        None if second is None else Path(second),
        methods=methods,
        metrics=words(metrics),
        protocol=protocol,
    )
