from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tgbench.reports.renderers.terminal import render_terminal
from tgbench.reports.tables.cells import Row, Table
from tgbench.results import MeasuredCase
from tgbench.running.result import (
    DriverRecord,
    EnvironmentRecord,
    IdentityRecord,
    IntervalRecord,
    MethodRecord,
    MetricRecord,
    ProtocolRecord,
    Result,
    SplitRecord,
    TimingRecord,
)
from tgbench.terminal.consoles import NeutralConsole

DIRECTIONS = {"lmd": "lower", "lpips": "lower", "training_time": "lower", "lip_lag": "none"}
MakeResult = Callable[..., Result]


def metric(name: str, value: float | str | MetricRecord | None) -> MetricRecord:
    """A record of a number, of a reason (a string), or as it is."""
    if isinstance(value, MetricRecord):
        return value
    missing = value is None or isinstance(value, str)
    return MetricRecord(
        value=None if missing else value,
        status="unavailable" if missing else "measured",
        reason=value if isinstance(value, str) else "",
        scored=0 if missing else 10,
        total=0 if missing else 10,
        direction=DIRECTIONS.get(name, "higher"),
        measured_by="tests",
    )


def with_interval(value: float, low: float, high: float, direction: str = "higher") -> MetricRecord:
    """A record as a run leaves it, with the interval of its mean."""
    interval = IntervalRecord(low=low, high=high, level=0.95, method="tests")
    plain = metric("", value)
    return plain.model_copy(update={"interval": interval, "direction": direction})


def result(
    method: str = "ours",
    *,
    protocol: str = "self_reconstruction",
    version: str = "1",
    identity: str = "synth-a",
    driver: str = "self",
    mode: str = "full frame",
    leaked: tuple[str, ...] = (),
    preset: str = "quick",
    config: Mapping[str, Any] | None = None,
    seed: int = 0,
    notes: tuple[str, ...] = (),
    whole_image: bool = True,
    upper_face: bool = True,
    training: float | None = 60.0,
    cpu: str = "a cpu",
    created: str = "2025-01-01T00:00:00+00:00",
    identity_sha: str = "",
    size: int = 64,
    **metrics: float | str | MetricRecord | None,
) -> Result:
    config = dict(config or {})
    config_hash = hashlib.sha256(repr((method, config)).encode()).hexdigest()
    key = repr((method, protocol, version, identity, driver, config, preset, seed, cpu))
    return Result(
        tgbench_version="0",
        created=created,
        case_key=hashlib.sha256(key.encode()).hexdigest(),
        method=MethodRecord(
            name=method,
            preset=preset,
            config=config,
            config_hash=config_hash,
            composite_mode=mode,
            leaked_conditions=list(leaked),
            whole_image_valid=whole_image,
            moves_upper_face=upper_face,
            notes=list(notes),
        ),
        protocol=ProtocolRecord(name=protocol, version=version),
        identity=IdentityRecord(
            name=identity,
            frames=44,
            width=size,
            height=size,
            sha256=identity_sha or hashlib.sha256(identity.encode()).hexdigest(),
            files={},
        ),
        driver=DriverRecord(name=driver, audio="a.wav", sha256="0" * 64, seconds=1.0),
        split=SplitRecord(train=(0, 40), test=(40, 44)),
        seed=seed,
        frames=10,
        metrics={name: metric(name, value) for name, value in metrics.items()},
        timing=TimingRecord(
            training_seconds=training, fps_protocol="", render_seconds=1.0, peak_memory_mb=1.0
        ),
        environment=EnvironmentRecord(
            python="3", platform="p", cpu=cpu, cores=2, device="cpu", packages={}, git_commit=None
        ),
    )


@pytest.fixture
def make_result() -> MakeResult:
    """Makes a result; metrics are keywords: a number, a reason why there is none, or a record."""
    return result


@pytest.fixture
def lipsync() -> list[Result]:
    """Two methods with two people and two sounds; the value tells which it is."""
    return [
        result(
            method,
            protocol="lipsync",
            identity=identity,
            driver=driver,
            sync_c=base + people + sound,
            sync_e=10.0 - base - people - sound,
            fps=20.0,
        )
        for base, method in ((1.0, "first"), (2.0, "second"))
        for people, identity in ((0.1, "may"), (0.2, "obama"))
        for sound, driver in ((0.01, "a"), (0.02, "b"))
    ]


def row(table: Table, *side: str, block: int = 0) -> Row:
    (found,) = [row for row in table.blocks[block].rows if row.side == side]
    return found


def printed(table: Table, width: int | None = None) -> str:
    """A table as it stands on a terminal of so many cells, or in a file."""
    stream = io.StringIO()
    NeutralConsole(file=stream, soft_wrap=True, highlight=False).print(
        render_terminal(table, width)
    )
    return stream.getvalue()


def with_series(results: Iterable[Result], values: dict[str, np.ndarray]) -> list[MeasuredCase]:
    """Give results single frames of `psnr`, by method."""
    return [
        MeasuredCase.in_memory(result, pd.DataFrame({"psnr": values[result.method.name]}))
        for result in results
    ]
