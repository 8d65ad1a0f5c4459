"""Folders as `tgbench run` and `tgbench score` leave them, with made-up values."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd

from tgbench.running.result import SCORES_SCHEMA_VERSION, MetricRecord, Result, write_result

FRAMES = 120


def record(values: np.ndarray, direction: str, measured_by: str = "tests") -> MetricRecord:
    """The mean over frames, as a metric would tell it."""
    scored = int(np.isfinite(values).sum())
    return MetricRecord(
        value=float(np.nanmean(values)) if scored else None,
        status="measured" if scored else "unscored",
        scored=scored,
        total=len(values),
        direction=direction,
        measured_by=measured_by,
    )


def write_run(folder: Path, made: Result, first_frame: int = 0, **columns: np.ndarray) -> Path:
    """Write a result with a table of these columns."""
    frames = next(iter(columns.values())).shape[0]
    write_result(folder, made.model_copy(update={"frames": frames}))
    numbers = range(first_frame, first_frame + frames)
    table = pd.DataFrame({"frame": range(frames), "source_frame": numbers, **columns})
    table.to_parquet(folder / "frames.parquet", index=False)
    return folder


def write_scores(
    folder: Path,
    target: str = "abc",
    audio: str = "",
    through_codec: bool = False,
    **columns: np.ndarray,
) -> Path:
    """Write what `tgbench score --out` leaves of a video called like the folder.

    Args:
        folder: to make.
        target: hash of the true video.
        audio: hash of a sound given separately; empty: the video's own.
        through_codec: whether `--through-codec` was given.
        columns: metrics at single frames.
    """
    folder.mkdir(parents=True)
    frames = next(iter(columns.values())).shape[0]
    stored = {
        "schema_version": SCORES_SCHEMA_VERSION,
        "tgbench_version": "0",
        "created": "2025-01-01T00:00:00+00:00",
        "inputs": {
            "prediction": {"file": f"{folder.name}.mp4", "sha256": folder.name},
            "target": {"file": "real.mp4", "sha256": target},
            "audio": {"file": f"{folder.name}.mp4", "sha256": audio or folder.name},
        },
        "options": {"landmarks": "mediapipe", "through_codec": through_codec},
        "frames": frames,
        "width": 64,
        "height": 64,
        "fps": 25.0,
        "notes": [],
        "metrics": {
            name: record(values, "higher" if name == "lip_agreement" else "lower").model_dump()
            for name, values in columns.items()
        },
        "environment": {
            "python": "3",
            "platform": "p",
            "cpu": "a cpu",
            "cores": 2,
            "device": "cpu",
            "packages": {},
            "git_commit": None,
        },
    }
    (folder / "scores.json").write_text(json.dumps(stored))
    table = pd.DataFrame({"frame": range(frames), **columns})
    table.to_parquet(folder / "frames.parquet", index=False)
    return folder
