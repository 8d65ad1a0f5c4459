"""Metrics of pyiqa (IQA-PyTorch), by the name that it gives them.

Its licence, PolyForm Noncommercial with parts under others, allows no commercial use.
"""

from __future__ import annotations

from typing import Any

from ...errors import TgbenchError, suggest
from ...extras import install_extra
from ...specs import Direction, MetricSpec, Region
from .frame_metric import LibraryMetricSpec, Score, needs_of
from .naming import read_name


def spec(name: str) -> MetricSpec:
    """Return what a metric `pyiqa:NAME(...)` declares.

    Raises:
        TgbenchError: pyiqa is not installed, or has no such metric.
    """
    asked = read_name(name)
    try:
        from pyiqa import __version__
        from pyiqa.default_model_configs import DEFAULT_CONFIGS
    except ImportError as error:
        raise TgbenchError(
            f"metric '{name}': pyiqa is not installed: {install_extra('pyiqa')}"
        ) from error
    if asked.metric not in DEFAULT_CONFIGS:
        raise suggest(asked.metric, DEFAULT_CONFIGS, "metric of pyiqa")
    declared = DEFAULT_CONFIGS[asked.metric]

    def make() -> Score:
        from pyiqa import create_metric

        metric: Any = create_metric(asked.metric, device="cpu", **dict(asked.arguments))
        score: Score = metric
        return score

    compares = declared.get("metric_mode") == "FR"
    return LibraryMetricSpec(
        asked.name,
        f"{asked.metric} of pyiqa",
        f"{__name__}:spec",
        title=asked.name.partition(":")[2],
        direction=Direction.LOWER if declared.get("lower_better") else Direction.HIGHER,
        needs=needs_of(compares, asked.region),
        decimals=4,
        by_name=True,
        takes_face_box=asked.region is Region.FACE,
        region=asked.region,
        compares=compares,
        make=make,
        version=f"pyiqa {__version__} {asked.call}",
    )
