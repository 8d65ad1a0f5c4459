"""Results as one tidy table, for programs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from .results import MeasuredCase, read_cases
from .running.result import Result


def results_table(folders: Sequence[Path]) -> pd.DataFrame:
    """Return a row for each value of the results at or below folders; see `tgbench.load_results`.

    Raises:
        TgbenchError: a folder holds no results, or one cannot be read.
    """
    return pd.DataFrame([row for case in read_cases(folders) for row in _rows(case)])


def _rows(case: MeasuredCase) -> list[dict[str, Any]]:
    result, method, key = case.result, case.result.method, case.key
    about = {
        "method": method.name,
        "settings": _changed(result),
        "preset": method.preset,
        "protocol": key.protocol,
        "protocol_version": key.version,
        "identity": key.identity,
        "driver": key.driver,
        "seed": case.seed,
    }
    return [
        {
            **about,
            "metric": name,
            "value": float("nan") if record.value is None else record.value,
            "unit": record.unit,
            "direction": record.direction,
            "low": record.interval.low if record.interval else float("nan"),
            "high": record.interval.high if record.interval else float("nan"),
            "status": record.status,
            "reason": record.reason,
            "scored": record.scored,
            "total": record.total,
            "measured_by": record.measured_by,
            **_provenance(case.origin(name)),
        }
        for name, record in case.metrics.items()
    ]


def _provenance(case: MeasuredCase) -> dict[str, Any]:
    """Return where a value is from, which may be an earlier measurement than the case's others."""
    method, environment = case.result.method, case.result.environment
    return {
        "composite_mode": method.composite_mode,
        "leaked_conditions": ", ".join(method.leaked_conditions),
        "device": environment.device,
        "cpu": environment.cpu,
        "gpu": environment.gpu,
        "code_sha256": method.code_sha256,
        "created": pd.Timestamp(case.result.created),
        "folder": str(case.folder),
    }


def _changed(result: Result) -> str:
    """Return the settings that differ from the preset, as `--set` takes them."""
    from . import plugins
    from .configs import flat
    from .running.settings import configure

    spec = plugins.methods().get(result.method.name)
    if spec is None or result.method.preset not in spec.presets:
        return ""
    usual = flat(configure(spec, result.method.preset, {}))
    config = result.method.config
    return " ".join(f"{key}={config[key]}" for key in config if usual.get(key) != config[key])
