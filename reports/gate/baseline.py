"""The baseline: what results are compared with, as a file that is committed and reviewed."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Final, Literal, NamedTuple

import numpy as np
from pydantic import Field, ValidationError

from tgbench import plugins
from tgbench.errors import TgbenchError
from tgbench.files import write_text
from tgbench.inputs import read_json, reason
from tgbench.metrics.through_codec import THROUGH_CODEC
from tgbench.running.schema import ConditionText, Record
from tgbench.running.settings import in_current_names
from tgbench.statistics import Series
from tgbench.terminal.printing import one_line

SCHEMA_VERSION = 1
"""Grows when a field changes its meaning or goes."""

KIND: Final = "tgbench gate baseline"

DIGITS = 6
"""Significant digits of values at single frames; nothing that is measured is repeatable finer."""

LARGEST = 1e100
"""Of any value; statistics square it."""

Number = Annotated[float, Field(ge=-LARGEST, le=LARGEST)]


class BaselineKey(NamedTuple):
    """What a case is found again by.

    Attributes:
        protocol, identity, driver, method: names.
        through_codec: whether frames were measured as they come out of an H.264 file.
    """

    protocol: str
    identity: str
    driver: str
    method: str
    through_codec: bool = False

    @property
    def title(self) -> str:
        """The case for a reader, on one line."""
        named = plugins.protocol_spec(self.protocol).names_driver
        driver = f" · {self.driver}" if named else ""
        codec = f", frames measured {THROUGH_CODEC}" * self.through_codec
        return one_line(f"{self.method} on {self.identity}{driver}, {self.protocol}{codec}")


def rounded(values: Iterable[float]) -> Series:
    """Return values with the digits that a baseline keeps; NaN where there is no number."""
    exact = np.asarray(list(values), np.float64)
    text = [f"{value:.{DIGITS}g}" if np.isfinite(value) else "nan" for value in exact]
    return np.array([float(number) for number in text], np.float64)


_NUMBERS = re.compile(r"\[\n\s+((?:(?:-?[\d.]+(?:e[+-]?\d+)?|null),?\s+)+)\]")
_LINE = 88


class MetricBaseline(Record):
    """What one metric found."""

    value: Number = Field(description="Over the whole clip.")
    unit: str
    direction: Literal["higher", "lower", "one", "none"] = Field(description="Which way is better.")
    tolerance: float = Field(
        ge=0.0, le=LARGEST, description="A loss up to this, in the unit, passes."
    )
    floor: float | None = Field(
        default=None,
        ge=0.0,
        le=LARGEST,
        description="Noise floor: what repeating the same thing changes; see `calibration`. Null "
        "where it was not measured.",
    )
    measured_by: str = Field(description="Values compare only where these agree.")
    scored: int = Field(default=0, ge=0, description="Frames that count in the value.")
    per_frame: list[Number | None] | None = Field(
        description=f"At each of `source_frames`, {DIGITS} significant digits; null where a frame "
        "was not scored. Null as a whole where the value has no parts."
    )


class CalibrationRecord(Record):
    """How the noise floors of a case were measured."""

    runs: int = Field(ge=1, description="How often the same thing was run.")
    seeds: list[int] = Field(description="Of the runs.")
    quantile: float = Field(
        ge=0.0,
        le=1.0,
        description="Of the difference of two more runs: the floor is the root mean square of the "
        "paired differences of all pairs of runs times this quantile of Student's t.",
    )
    created: str = Field(description="UTC, ISO 8601.")
    tgbench_version: str
    machine: str
    config_hash: str = Field(description="Of the configuration that was run.")


class EnvironmentBrief(Record):
    """Where it ran."""

    machine: str
    device: str
    python: str
    packages: dict[str, str] = Field(description="Versions of what takes part in numbers.")
    git_commit: str | None


class CaseBaseline(Record):
    """One method on one case of a protocol."""

    protocol: str
    protocol_version: str
    identity: str
    identity_sha256: str
    driver: str
    driver_sha256: str
    method: str
    preset: str
    config_hash: str
    config: dict[str, Any] = Field(default_factory=dict, description="What `config_hash` is of.")
    composite_mode: str
    leaked_conditions: list[ConditionText]
    seed: int
    tgbench_version: str
    created: str = Field(description="When it was measured. UTC, ISO 8601.")
    environment: EnvironmentBrief
    calibration: CalibrationRecord | None = None
    source_frames: list[Annotated[int, Field(ge=0)]] = Field(
        description="Frames of the clip that were measured."
    )
    metrics: dict[str, MetricBaseline] = Field(min_length=1)

    @property
    def key(self) -> BaselineKey:
        """What the case is found again by."""
        codec = THROUGH_CODEC in self.protocol_version
        return BaselineKey(self.protocol, self.identity, self.driver, self.method, codec)


class Baseline(Record):
    """All cases that a gate watches."""

    kind: Literal["tgbench gate baseline"] = KIND
    schema_version: int = SCHEMA_VERSION
    reason: str = Field(description="Why it was made, or made anew.")
    updated: str = Field(description="UTC, ISO 8601.")
    cases: list[CaseBaseline] = Field(min_length=1)


class NoBaseline(TgbenchError):
    """There is no such file."""


class OtherSchema(TgbenchError):
    """A sound baseline, but of another version of its format."""


def write_baseline(path: Path, baseline: Baseline) -> None:
    """Write a baseline atomically, numbers in rows, so that a review sees what changed.

    Raises:
        TgbenchError: it cannot be written there.
    """
    text = json.dumps(
        baseline.model_dump(mode="json"), indent=1, ensure_ascii=False, allow_nan=False
    )
    try:
        # A link stays one.
        write_text(Path(os.path.realpath(path)), _NUMBERS.sub(_in_rows, text) + "\n")
    except OSError as error:
        raise cannot_write(path, error) from error
    except UnicodeEncodeError as error:
        raise TgbenchError(f"{path}: results hold a name that is not text ({error})") from error


def cannot_write(path: Path, error: OSError) -> TgbenchError:
    """Return the error for a file that cannot be written."""
    reason = error.strerror or error
    return TgbenchError(f"{path}: cannot be written ({reason}); choose another place")


def read_baseline(path: Path) -> Baseline:
    """Read a baseline.

    Raises:
        NoBaseline: it is missing.
        OtherSchema: it was written by another version.
        TgbenchError: it is damaged, or something else.
    """
    try:
        raw = read_json(path)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NoBaseline(
            f"{path}: no such baseline; write one with "
            f'`tgbench gate --update --baseline {path} --reason "first baseline" OUT`'
        ) from error
    except (OSError, ValueError) as error:
        raise TgbenchError(
            f"{path}: is not a whole JSON file ({reason(error)}); restore it from version control, "
            "or delete it and write a new one with --update --reason TEXT"
        ) from error
    if not isinstance(raw, dict) or raw.get("kind") != KIND:
        raise TgbenchError(f"{path}: is not a baseline of `tgbench gate`; name another file")
    version = raw.get("schema_version")
    if version != SCHEMA_VERSION:
        newer = isinstance(version, int) and version > SCHEMA_VERSION
        remedy = "upgrade tgbench, or write" if newer else "write"
        raise OtherSchema(
            f"{path}: is of baseline schema {version}, this tgbench has {SCHEMA_VERSION}; "
            f"{remedy} a new one with --update --reason TEXT"
        )
    return _validated(path, raw)


def _validated(path: Path, raw: dict[str, object]) -> Baseline:
    try:
        baseline = Baseline.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise TgbenchError(
            f"{path}: is damaged ({place}: {first['msg']}); restore it from version control"
        ) from error
    baseline = baseline.model_copy(update={"cases": [_current(case) for case in baseline.cases]})
    keys = [case.key for case in baseline.cases]
    for case in baseline.cases:
        if keys.count(case.key) > 1:
            raise TgbenchError(f"{path}: has {case.key.title} twice; remove one")
        for name, metric in case.metrics.items():
            if wrong := _contradiction(metric, len(case.source_frames)):
                raise TgbenchError(
                    f"{path}: {case.key.title}: {name} {wrong}; it was changed by hand: restore "
                    "it from version control, or write a new one with --update --reason TEXT"
                )
    return baseline


def _current(case: CaseBaseline) -> CaseBaseline:
    """Return a case whose settings have today's names, where an earlier version wrote it."""
    config, config_hash = in_current_names(case.method, case.config, case.config_hash)
    if config == case.config:
        return case
    calibration = case.calibration
    if calibration is not None and calibration.config_hash == case.config_hash:
        calibration = calibration.model_copy(update={"config_hash": config_hash})
    changes = {"config": config, "config_hash": config_hash, "calibration": calibration}
    return case.model_copy(update=changes)


def _contradiction(metric: MetricBaseline, frames: int) -> str:
    """Return how a metric contradicts its own values at single frames; empty if it does not."""
    if metric.per_frame is None:
        return ""
    if len(metric.per_frame) != frames:
        return f"has {len(metric.per_frame)} values for {frames} frames"
    found = [value for value in metric.per_frame if value is not None]
    if len(found) != metric.scored:
        return f"has {len(found)} values at frames where it says that {metric.scored} were scored"
    mean = math.fsum(found) / len(found) if found else math.nan
    # Each number is rounded by at most half of its last digit.
    error = 10.0**-DIGITS * 5.0 * max(map(abs, [*found, metric.value]))
    if not abs(mean - metric.value) <= 2.0 * error:
        return f"is {metric.value:g} where the mean of its frames is {mean:g}"
    return ""


def _in_rows(found: re.Match[str]) -> str:
    """Join a list of numbers, one a line, to rows. No string matches: JSON's have no line ends."""
    indent = found.group(0)[1 : found.group(0).index(found.group(1))]
    rows, row = [], ""
    for number in found.group(1).split():
        if row and len(row) + len(number) >= _LINE:
            rows.append(row)
            row = ""
        row = f"{row} {number}" if row else number
    closing = found.group(0)[found.group(0).rstrip("]").rstrip(" ").rindex("\n") :]
    return "[" + indent + indent.join([*rows, row]) + closing
