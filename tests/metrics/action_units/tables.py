"""Tables as OpenFace 2.2 writes them, made by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tgbench.identities.layout import ALL_ACTION_UNITS

STYLES = ("windows", "linux")
"""The Windows build writes a space after each comma, the Linux build none."""


def random_values(seed: int, rows: int) -> dict[str, np.ndarray]:
    """Return intensities with the two decimals that OpenFace writes."""
    rng = np.random.default_rng(seed)
    return {f"{unit}_r": rng.uniform(0, 5, rows).round(2) for unit in ALL_ACTION_UNITS}


def write_table(
    path: Path,
    values: Mapping[str, Sequence[Any] | np.ndarray],
    *,
    style: str = "linux",
    **others: Sequence[Any],
) -> Path:
    """Write columns; `others` replace frame, face_id, timestamp, confidence or success."""
    rows = len(next(iter(values.values())))
    columns: dict[str, Sequence[Any] | np.ndarray] = {
        "frame": range(1, rows + 1),
        "face_id": [0] * rows,
        "timestamp": np.arange(rows) / 25,
        "confidence": [0.98] * rows,
        "success": [1] * rows,
        **others,
        **values,
        "AU45_c": [1.0] * rows,
    }
    comma = ", " if style == "windows" else ","
    lines = [comma.join(columns)]
    lines += [comma.join(map(str, row)) for row in zip(*columns.values(), strict=True)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
