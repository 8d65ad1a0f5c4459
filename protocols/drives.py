"""What protocols share."""

from __future__ import annotations

from tgbench import plugins
from tgbench.metrics.specs import in_table_order
from tgbench.specs import Needs


def metrics_without(*needs: Needs) -> tuple[str, ...]:
    """Return the installed metrics that need none of `needs`, in table order."""
    excluded = frozenset(needs)
    specs = plugins.metrics().values()
    return in_table_order(
        spec.name for spec in specs if not (spec.by_name or spec.needs & excluded)
    )
