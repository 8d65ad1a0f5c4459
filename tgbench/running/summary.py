"""The last lines of a run: what was measured, and where it lies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from .. import plugins
from ..specs import Direction
from .runner import Outcome

if TYPE_CHECKING:
    from rich.console import Console

_ARROWS = {Direction.HIGHER: " ↑", Direction.LOWER: " ↓", Direction.NONE: ""}


def print_summary(outcomes: Sequence[Outcome], console: Console) -> None:
    """Print one row a metric, one column a case, then the reasons of gaps and the folders."""
    specs = plugins.metrics()
    names = list(dict.fromkeys(name for outcome in outcomes for name in outcome.result.metrics))
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("")
    for outcome in outcomes:
        result = outcome.result
        head = f"{result.method.name}\n{result.identity.name} · {result.driver.name}"
        table.add_column(escape(head), justify="right")
    for name in names:
        spec = specs[name]
        label = f"{spec.title}{_ARROWS[spec.direction]}" + (f" [{spec.unit}]" if spec.unit else "")
        table.add_row(escape(label), *(_cell(outcome, name, spec.decimals) for outcome in outcomes))
    console.print()
    console.print(table)
    for line in _gaps(outcomes):
        console.print(f"[dim]{escape(line)}[/]")
    console.print()
    for outcome in outcomes:
        console.print(f"result: {escape(str(outcome.folder))}{_origin(outcome)}")


def _origin(outcome: Outcome) -> str:
    if not outcome.reused:
        return ""
    again = ", rendered again as asked for" if outcome.rendered else ""
    return f" (was there already{again}; --fresh measures again)"


def _cell(outcome: Outcome, name: str, decimals: int) -> str:
    record = outcome.result.metrics.get(name)
    if record is None:
        return ""
    if record.value is None:
        return "-"
    text = f"{record.value:.{decimals}f}"
    return text if record.scored == record.total else f"{text} ({record.scored}/{record.total})"


def _gaps(outcomes: Sequence[Outcome]) -> list[str]:
    """Return each reason for a missing number once, with the metrics it concerns."""
    reasons: dict[str, list[str]] = {}
    for outcome in outcomes:
        for name, record in outcome.result.metrics.items():
            if record.value is None and name not in reasons.setdefault(record.reason, []):
                reasons[record.reason].append(name)
    return [f"- {', '.join(names)}: {reason}" for reason, names in reasons.items()]
