from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from tgbench import plugins
from tgbench.cli import main
from tgbench.running.result import MetricRecord, Result, write_result
from tgbench.specs import CommandSpec

GATE = CommandSpec("gate", "", "tgbench.reports.gate.command")
FIRST_FRAME = 1000
LOWER = ("lmd", "lpips", "aue_l_geometry", "sync_e", "training_time")

PSNR = np.linspace(29.0, 31.0, 40)
NASTY = "<b>&amp;|`x`[bold]:smile:\n\x1b[31m\x00\n::error::,%0A_ü_語"
"""A reason that is markup wherever it is not escaped."""

Series = NDArray[np.float64]
WriteCase = Callable[..., Path]


class Gate:
    """Runs the command as a shell would."""

    def __init__(self, baseline: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.baseline = baseline
        self._capsys = capsys

    def __call__(self, *arguments: object) -> tuple[int, str]:
        """Return the exit code and all that was printed."""
        words = [str(argument) for argument in arguments]
        code = main(["gate", "--baseline", str(self.baseline), *words])
        printed = self._capsys.readouterr()
        return code, printed.out + printed.err

    def update(self, out: Path, *arguments: object) -> str:
        code, printed = self("--update", "--reason", "a test", out, *arguments)
        assert code == 0, printed
        return printed


@pytest.fixture
def gate(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Gate:
    installed = plugins.commands()
    monkeypatch.setattr(plugins, "commands", lambda: {**installed, "gate": GATE})
    monkeypatch.setenv("COLUMNS", "200")
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)
    return Gate(tmp_path / "baseline.json", capsys)


def record(name: str, value: float | None, **fields: object) -> MetricRecord:
    direction = "lower" if name in LOWER else "none" if name == "lip_lag" else "higher"
    return MetricRecord.model_validate(
        {
            "value": value,
            "status": "unavailable" if value is None else "measured",
            "scored": 1,
            "total": 1,
            "direction": direction,
            "measured_by": "tests",
            **fields,
        }
    )


@pytest.fixture
def write_case(make_result: Callable[..., Result]) -> WriteCase:
    """Writes a result with its frames: metrics are values at single frames, numbers or records."""

    def write(
        out: Path,
        metrics: Mapping[str, Series | float | MetricRecord],
        edit: Callable[[Result], Result] = lambda result: result,
        first_frame: int = FIRST_FRAME,
        **about: object,
    ) -> Path:
        columns: dict[str, Series] = {}
        records: dict[str, MetricRecord] = {}
        for name, found in metrics.items():
            if isinstance(found, MetricRecord):
                records[name] = found
            elif isinstance(found, float):
                records[name] = record(name, found)
            else:
                columns[name] = found
                scored = int(np.isfinite(found).sum())
                records[name] = record(
                    name, float(np.nanmean(found)), scored=scored, total=len(found)
                )
        frames = max((len(series) for series in columns.values()), default=30)
        result = make_result(**about, **records).model_copy(update={"frames": frames})
        method, identity = result.method.name, result.identity.name
        folder = out / result.protocol.name / identity / method / result.driver.name
        folder.mkdir(parents=True, exist_ok=True)
        write_result(folder, edit(result))
        table = pd.DataFrame(columns, index=range(frames))
        table.insert(0, "frame", range(frames))
        table.insert(1, "source_frame", np.arange(first_frame, first_frame + frames))
        table.to_parquet(folder / "frames.parquet", index=False)
        return folder

    return write


@pytest.fixture
def before(gate: Gate, write_case: WriteCase, tmp_path: Path) -> Path:
    write_case(tmp_path / "before", {"psnr": PSNR, "lmd": PSNR / 30.0})
    gate.update(tmp_path / "before")
    return tmp_path / "before"


@pytest.fixture
def worse(write_case: WriteCase, tmp_path: Path) -> Path:
    """One regression, one metric that cannot be measured any more."""
    gone = record("lmd", None, reason=NASTY)
    write_case(tmp_path / "worse", {"psnr": PSNR - 0.5, "lmd": gone})
    return tmp_path / "worse"
