"""Whether one set of results is better than another, on the same frames."""

from __future__ import annotations

from .differences import (
    Comparison,
    MetricComparison,
    Outcome,
    ProtocolComparison,
    compare,
    compare_folders,
)

__all__ = [
    "Comparison",
    "MetricComparison",
    "Outcome",
    "ProtocolComparison",
    "compare",
    "compare_folders",
]
