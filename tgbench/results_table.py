"""Results as one tidy table, for programs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from .running.result import Result, read_results


def results_table(folders: Sequence[Path]) -> pd.DataFrame:
    """Return a row for each value of the results at or below folders; see `tgbench.load_results`.

    Raises:
        TgbenchError: a folder holds no results, or one cannot be read.
    """
    found = (pair for folder in folders for pair in read_results(folder))
    return pd.DataFrame([row for path, result in found for row in _rows(path.parent, result)])


def _rows(folder: Path, result: Result) -> list[dict[str, Any]]:
    method, environment = result.method, result.environment
    before = {
        "method": method.name,
        "settings": _changed(result),
        "preset": method.preset,
        "protocol": result.protocol.name,
        "protocol_version": result.protocol.version,
        "identity": result.identity.name,
        "driver": result.driver.name,
        "seed": result.seed,
    }
    after = {
        "composite_mode": method.composite_mode,
        "leaked_conditions": ", ".join(method.leaked_conditions),
        "device": environment.device,
        "cpu": environment.cpu,
        "gpu": environment.gpu,
        "code_sha256": method.code_sha256,
        "created": pd.Timestamp(result.created),
        "folder": str(folder),
    }
    return [
        {
            **before,
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
            **after,
        }
        for name, record in result.metrics.items()
    ]


def _changed(result: Result) -> str:
    """Return the settings that differ from the preset, as `--set` takes them."""
    from . import plugins
    from .running.settings import configure

    spec = plugins.methods().get(result.method.name)
    if spec is None or result.method.preset not in spec.presets:
        return ""
    import dataclasses

    usual = dataclasses.asdict(configure(spec, result.method.preset, {}))
    config = result.method.config
    return " ".join(f"{key}={config[key]}" for key in config if usual.get(key) != config[key])
