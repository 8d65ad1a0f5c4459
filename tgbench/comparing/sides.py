"""What is compared: results of `tgbench run` and of `tgbench score`, with their frames."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
from pandas.api.types import is_integer_dtype
from pydantic import ValidationError

from ..errors import TgbenchError
from ..inputs import read_json
from ..running.applicable import why_never
from ..running.frame_table import read_table
from ..running.result import (
    FRAMES_FILE,
    RESULT_FILE,
    SCORES_FILE,
    SCORES_SCHEMA_VERSION,
    MetricRecord,
    Result,
    read_result,
    result_paths,
)
from ..running.schema import refuse_newer
from ..statistics import Series

Key = tuple[str, ...]

SCORE = "score"
"""Stands for a protocol where videos were scored without one."""


@dataclass(frozen=True)
class Entry:
    """One measured clip of one method.

    Attributes:
        folder: where it lies.
        method: whose frames they are.
        seed: of the fit; None where nothing tells it.
        protocol: under which it was measured, "score" for videos scored alone.
        version: of the protocol.
        inputs: hashes of what was measured with.
        clip: whom it shows and what drives it, for a reader.
        made_of: what the frames are made of, which image metrics depend on.
        machine: where it was timed.
        sound: hash of the sound it was compared with, "own" for that of the video itself.
        metrics: what was found.
    """

    folder: Path
    method: str
    seed: int | None
    protocol: str
    version: str
    inputs: Key
    clip: str
    made_of: str
    machine: Key
    sound: str
    metrics: dict[str, MetricRecord]

    @property
    def case(self) -> Key:
        """What was measured: equal for results that may be compared."""
        return (self.protocol, self.version, *self.inputs)

    @property
    def title(self) -> str:
        """The case for a reader."""
        return f"{self.protocol}: {self.clip}"

    @cached_property
    def frames(self) -> pd.DataFrame:
        """The values of single frames, read once.

        Raises:
            TgbenchError: the table is missing, damaged, or not of numbers.
        """
        try:
            return read_table(self.folder / FRAMES_FILE)
        except TgbenchError as error:
            raise TgbenchError(f"{error}; measure again") from error


def read_side(folder: Path, method: str | None = None, protocol: str | None = None) -> list[Entry]:
    """Return all results at or below a folder.

    Args:
        folder: that `tgbench run` or `tgbench score --out` wrote.
        method: only those of this one.
        protocol: only those under this one.

    Raises:
        TgbenchError: no such folder, no results in it, or one that cannot be read.
    """
    if not folder.is_dir():
        raise TgbenchError(f"{folder}: no such folder of results")
    entries = [
        *_entries(folder, RESULT_FILE, _of_run),
        *_entries(folder, SCORES_FILE, _of_score),
    ]
    if not entries:
        raise TgbenchError(
            f"{folder}: holds no results; make some with `tgbench run`, or `tgbench score --out`"
        )
    chosen = [entry for entry in entries if method in (None, entry.method)]
    if not chosen:
        known = ", ".join(sorted({entry.method for entry in entries}))
        raise TgbenchError(f"{folder}: holds no results of '{method}'; it has {known}")
    under = [entry for entry in chosen if protocol in (None, entry.protocol)]
    if not under:
        known = ", ".join(sorted({entry.protocol for entry in chosen}))
        of = f" of '{method}'" if method else ""
        raise TgbenchError(f"{folder}: holds no results{of} under '{protocol}'; it has {known}")
    return under


def _entries(folder: Path, name: str, read: Callable[[Path], Entry]) -> Iterable[Entry]:
    return [read(path) for path in result_paths(folder, name)]


def _of_run(path: Path) -> Entry:
    result = read_result(path)
    where = result.environment
    driver = "" if result.driver.name == "self" else f" · {result.driver.name}"
    return Entry(
        folder=path.parent,
        method=result.method.name,
        seed=result.seed,
        protocol=result.protocol.name,
        version=result.protocol.version,
        inputs=(result.identity.sha256, result.driver.sha256),
        clip=f"{result.identity.name}{driver}",
        made_of=result.method.composite_mode,
        machine=(where.device, where.cpu, str(where.cores), str(where.gpu)),
        sound=result.driver.sha256,
        metrics={name: _applicable(result, name) for name in result.metrics},
    )


def _applicable(result: Result, metric: str) -> MetricRecord:
    """Return a record without its value if it says nothing about the method."""
    record = result.metrics[metric]
    never = why_never(result, metric)
    return record.model_copy(update={"value": None, "reason": never}) if never else record


def _of_score(path: Path) -> Entry:
    try:
        stored: dict[str, Any] = read_json(path)
        refuse_newer(stored.get("schema_version"), SCORES_SCHEMA_VERSION, str(path))
        inputs = stored["inputs"]
        truth = inputs.get("target", {})
        return Entry(
            folder=path.parent,
            method=_name(inputs["prediction"]),
            seed=None,
            protocol=SCORE,
            version="",
            inputs=(f"{stored['fps']:g}", truth.get("sha256", "")),
            clip=_name(truth) if truth else "no ground truth",
            made_of="",
            machine=(),
            sound=_sound(inputs),
            metrics={
                name: MetricRecord.model_validate(record)
                for name, record in stored["metrics"].items()
            },
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ValidationError) as error:
        raise TgbenchError(
            f"{path}: is no result of `tgbench score` ({error}); score again"
        ) from error


def _sound(inputs: dict[str, dict[str, str]]) -> str:
    """Return the hash of a sound given apart; videos that bring theirs encode it each their way."""
    sound = inputs.get("audio", {}).get("sha256", "own")
    own = [inputs[name]["sha256"] for name in ("prediction", "target") if name in inputs]
    return "own" if sound in own else sound


def _name(described: dict[str, str]) -> str:
    return described.get("file") or described.get("folder") or "?"


def values_of(entries: Sequence[Entry], metric: str) -> Series | None:
    """Return the mean over seeds of a metric's values [T] at single frames, None without any."""
    columns = [entry.frames for entry in entries]
    if not all(metric in table for table in columns):
        return None
    series = [table[metric].to_numpy("float64", na_value=float("nan")) for table in columns]
    if len({len(values) for values in series}) > 1:
        return None
    mean: Series = sum(series[1:], start=series[0]) / len(series)
    return mean


def frames_of(entry: Entry) -> list[int]:
    """Return which frames were measured, as the clip counts them.

    Raises:
        TgbenchError: its table does not say.
    """
    table = entry.frames
    column = "source_frame" if "source_frame" in table else "frame"
    if column not in table or not is_integer_dtype(table[column]):
        raise TgbenchError(
            f"{entry.folder / FRAMES_FILE}: does not number its frames; measure again"
        )
    return [int(frame) for frame in table[column]]
