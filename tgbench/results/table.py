"""Results as one tidy table, for programs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..configs import flat
from ..running.settings import preset_settings
from .measured_case import MeasuredCase
from .reading import read_cases

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

COLUMNS = (
    *("method", "settings", "preset", "protocol", "protocol_version", "identity", "driver", "seed"),
    *("metric", "value", "unit", "direction", "low", "high"),
    *("status", "reason", "scored", "total"),
    *("measured_by", "composite_mode", "leaked_conditions"),
    *("node", "device", "cpu", "gpu", "code_sha256", "tgbench_version", "created", "folder"),
)

NOT_APPLICABLE = "not applicable"
"""Status of a value that says nothing about the method: tables show a dash for it."""


def results_table(folders: Iterable[Path]) -> pd.DataFrame:
    """Return a row for each value of the results at or below folders; see `tgbench.load_results`.

    Raises:
        TgbenchError: a folder holds no results, or one cannot be read.
    """
    import pandas as pd

    rows = (row for case in read_cases(folders) for row in _rows(case))
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.assign(created=pd.to_datetime(table.created, utc=True))


def _rows(case: MeasuredCase) -> Iterator[dict[str, Any]]:
    result = case.result
    shared = {
        "method": result.method.name,
        "settings": _changed_settings(case),
        "preset": result.method.preset,
        "protocol": result.protocol.name,
        "protocol_version": result.protocol.version,
        "identity": result.identity.name,
        "driver": result.driver.name,
        "seed": case.seed,
        "composite_mode": result.method.composite_mode,
        "leaked_conditions": ", ".join(result.method.leaked_conditions),
    }
    for name, found in case.metrics.items():
        record = case.applicable(name) or found
        withheld = record.value is None and found.value is not None
        interval = None if withheld else record.interval
        origin = case.origin(name)
        made = origin.result
        yield {
            **shared,
            "metric": name,
            "value": math.nan if record.value is None else record.value,
            "unit": record.unit,
            "direction": record.direction,
            "low": interval.low if interval else math.nan,
            "high": interval.high if interval else math.nan,
            "status": NOT_APPLICABLE if withheld else record.status,
            "reason": record.reason,
            "scored": record.scored,
            "total": record.total,
            "measured_by": record.measured_by,
            "node": made.environment.node,
            "device": made.environment.device,
            "cpu": made.environment.cpu,
            "gpu": made.environment.gpu,
            "code_sha256": made.method.code_sha256,
            "tgbench_version": made.tgbench_version,
            "created": made.created,
            "folder": str(origin.folder),
        }


def _changed_settings(case: MeasuredCase) -> str:
    """Return the settings that differ from the preset, as `--set` takes them.

    Empty where the method or its preset is not known here.
    """
    usual = preset_settings(case.result)
    if not usual:
        return ""
    config = flat(case.result.method.config)
    return " ".join(f"{name}={value}" for name, value in config.items() if usual.get(name) != value)
