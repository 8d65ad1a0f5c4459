"""The last lines of a run: what was measured, and where it lies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.text import Text

from .. import plugins
from ..text_table import Head, print_table
from .applicable import why_never
from .result import Result
from .runner import Outcome

if TYPE_CHECKING:
    from rich.console import Console


def print_summary(outcomes: Sequence[Outcome], console: Console) -> None:
    """Print one row a metric, one column a case, then what is to be said and the folders."""
    specs = plugins.metrics()
    names = list(dict.fromkeys(name for outcome in outcomes for name in outcome.result.metrics))
    heads = [Head("", right=False)]
    for outcome in outcomes:
        result = outcome.result
        heads.append(Head(f"{result.method.name}\n{result.identity.name} · {result.driver.name}"))
    rows = []
    for name in names:
        spec = specs[name]
        rows.append((spec.label, *(_cell(outcome, name, spec.decimals) for outcome in outcomes)))
    console.print()
    print_table(console, heads, [[Text(cell) for cell in row] for row in rows])
    for line in _told(outcomes):
        console.print(Text(line), style="dim")
    console.print()
    for outcome in outcomes:
        console.print(f"result: {escape(str(outcome.folder))}{_origin(outcome)}")


def _origin(outcome: Outcome) -> str:
    if not outcome.reused:
        return ""
    again = ", rendered again" if outcome.rendered else ""
    return f" (was there already{again}; --fresh measures again)"


def _cell(outcome: Outcome, name: str, decimals: int) -> str:
    record = outcome.result.metrics.get(name)
    if record is None:
        return ""
    if record.value is None or why_never(outcome.result, name):
        return "-"
    text = f"{record.value:.{decimals}f}"
    return text if record.scored == record.total else f"{text} ({record.scored}/{record.total})"


def _gap(result: Result, metric: str) -> str:
    """Return why a cell is empty, nothing where it is not."""
    record = result.metrics[metric]
    if record.value is None:
        return record.reason
    never = why_never(result, metric)
    return f"{result.method.name}: {never}" if never else ""


def _told(outcomes: Sequence[Outcome]) -> list[str]:
    """Return each reason of a gap and each note once, with the metrics that it concerns."""
    concerned: dict[str, dict[str, None]] = {}
    for outcome in outcomes:
        for name, record in outcome.result.metrics.items():
            for text in (_gap(outcome.result, name), *record.details.get("notes", ())):
                if text:
                    concerned.setdefault(text, {})[name] = None
    return [f"- {', '.join(names)}: {text}" for text, names in concerned.items()]
