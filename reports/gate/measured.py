"""What was measured now: the cases of a folder of results, with their values at single frames."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from pandas.api.types import is_integer_dtype

from tgbench import plugins
from tgbench.errors import TgbenchError
from tgbench.running.attempts import unfinished
from tgbench.running.frame_table import contradiction, read_table
from tgbench.running.result import FRAMES_FILE, MetricRecord, Result, read_results
from tgbench.running.settings import with_current_names
from tgbench.specs import Needs
from tgbench.statistics import Series

from .baseline import DIGITS, LARGEST

Key = tuple[str, str, str, str]


@dataclass(frozen=True)
class Measured:
    """One case of one method.

    Attributes:
        result: what was measured.
        folder: where it lies.
        frames: values at single frames.
    """

    result: Result
    folder: Path
    frames: pd.DataFrame = field(repr=False, compare=False)

    @property
    def key(self) -> Key:
        """Protocol, identity, driver and method, as of a case in a baseline."""
        result = self.result
        return result.protocol.name, result.identity.name, result.driver.name, result.method.name

    @property
    def metrics(self) -> dict[str, MetricRecord]:
        """What does not depend on the machine's speed, by name."""
        return {name: record for name, record in self.result.metrics.items() if not is_timing(name)}

    @property
    def source_frames(self) -> list[int]:
        """Which frames were measured, as the clip counts them."""
        return [int(frame) for frame in self.frames["source_frame"]]

    def series(self, metric: str) -> Series | None:
        """Return values [T] as a baseline stores them, NaN where not scored; None without any."""
        if metric not in self.frames:
            return None
        values = self.frames[metric].to_numpy("float64", na_value=float("nan"))
        if (np.abs(values[np.isfinite(values)]) > LARGEST).any():
            raise TgbenchError(
                f"{self.folder / FRAMES_FILE}: {one_line(metric)} holds what no metric finds; run "
                "the case again with --fresh"
            )
        return rounded(values)


def read_measured(folder: Path) -> dict[Key, Measured]:
    """Return all results at or below a folder.

    Raises:
        TgbenchError: there is none, one cannot be read, two are of one case, or one is older than
            a run that was to replace it.
    """
    cases: dict[Key, Measured] = {}
    for path, written in read_results(folder):
        result = with_current_names(written)
        for name, record in result.metrics.items():
            if record.value is not None and abs(record.value) > LARGEST:
                raise TgbenchError(
                    f"{path}: {one_line(name)} is {record.value:g}, which no metric finds; run the "
                    "case again with --fresh"
                )
        case = Measured(result, path.parent, _frames(path.parent / FRAMES_FILE, result))
        if case.key in cases:
            raise TgbenchError(
                f"{title(case.key)}: two results ({cases[case.key].folder}, {case.folder}); name "
                "the folder of the one that is meant"
            )
        _refuse_older(case)
        cases[case.key] = case
    return cases


def _refuse_older(case: Measured) -> None:
    """Make sure that no later run was to measure a case anew, and has not."""
    note = unfinished(case.folder)
    if note is None:
        return
    attempt = note.attempt
    why = f" ({one_line(attempt.why)})" if attempt.why else ""
    if note.goes:
        remedy = f"run it again as meant, or delete {note.file} if it is not about this result"
    else:
        remedy = f"delete {note.file} if it is not about this result, or when that was run as meant"
    raise TgbenchError(
        f"{case.folder}: this result is older than the last `tgbench run` that may have meant it, "
        f"which began {one_line(attempt.began)} and did not finish{why}; {remedy}"
    )


def _frames(path: Path, result: Result) -> pd.DataFrame:
    try:
        table = read_table(path)
    except TgbenchError as error:
        raise TgbenchError(f"{one_line(str(error))}; run the case again with --fresh") from error
    numbered = "source_frame" in table and is_integer_dtype(table["source_frame"])
    wrong = contradiction(table, result) if numbered else "does not number its frames"
    if wrong:
        raise TgbenchError(
            f"{path}: does not belong to the result beside it ({wrong}); run the case again with "
            "--fresh"
        )
    return table


def title(key: Key) -> str:
    """Name a case for a reader."""
    protocol, identity, driver, method = key
    own = plugins.protocol_spec(protocol).self_driven
    driven = "" if own else f" · {driver}"
    return one_line(f"{method} on {identity}{driven}, {protocol}")


def one_line(text: str) -> str:
    """Return text on one line: at the start of another, a CI or a terminal sees commands."""
    flat = " ".join(text.split())
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in flat)


def rounded(values: Iterable[float]) -> Series:
    """Return values with the digits that a baseline keeps; NaN where there is no number."""
    exact = np.asarray(list(values), np.float64)
    text = [f"{value:.{DIGITS}g}" if np.isfinite(value) else "nan" for value in exact]
    return np.array([float(number) for number in text], np.float64)


def is_timing(metric: str) -> bool:
    """Whether a metric tells how fast something was."""
    spec = plugins.metrics().get(metric)
    return spec is not None and Needs.TIMING in spec.needs


def identical_frames(record: MetricRecord) -> int:
    """Return how many frames went unscored because they equal their target."""
    count = record.details.get("identical_frames", 0)
    return count if isinstance(count, int) else 0
