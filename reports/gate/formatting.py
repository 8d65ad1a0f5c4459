"""Checks as text: numbers the same in every place that shows them, and the terminal's table."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from rich.text import Text

from tgbench import plugins
from tgbench.statistics import Interval
from tgbench.terminal.printing import one_line
from tgbench.terminal.text_table import Head, print_table

from .checks import GateReport, MetricCheck, Verdict

if TYPE_CHECKING:
    from rich.console import Console

_DIGITS = 3
"""Of a metric that is not installed, decimals."""


_HEADS = ("", "baseline", "now", "change", "verdict")
_STYLES = {
    Verdict.OK: "",
    Verdict.BETTER: "green",
    Verdict.UNSURE: "yellow",
    Verdict.WITHIN: "yellow",
    Verdict.REGRESSION: "bold red",
    Verdict.VANISHED: "bold red",
    Verdict.NEW: "cyan",
    Verdict.NOT_COMPARABLE: "dim",
}


def label(check: MetricCheck) -> str:
    """Return a metric's title with its unit."""
    spec = plugins.metrics().get(check.metric)
    name = check.metric if spec is None else spec.title
    return one_line(f"{name} [{check.unit}]" if check.unit else name)


def value(check: MetricCheck, number: float | None) -> str:
    """Return a value with the digits of its metric, nothing where there is none."""
    return "" if number is None else f"{number:.{_decimals(check)}f}"


def change(check: MetricCheck) -> str:
    """Return the change with its interval where it has one."""
    if check.change is None:
        return ""
    return f"{_signed(check, check.change)}{_bounds(check, check.interval)}"


def limits(check: MetricCheck) -> str:
    """Return tolerance and noise floor."""
    if check.tolerance is None:
        return ""
    floor = "not measured" if check.floor is None else f"{check.floor:g}"
    return f"tolerance {check.tolerance:g}, noise floor {floor}"


def sentence(check: MetricCheck) -> str:
    """Return the whole check in one line."""
    before, now = (value(check, number) or "nothing" for number in (check.before, check.now))
    parts = [f"{label(check)}: {check.verdict}, {before} before, {now} now"]
    if check.change is not None:
        parts.append(f"change {change(check)}")
    parts += [limits(check), check.why]
    return "; ".join(part for part in parts if part)


def _bounds(check: MetricCheck, interval: Interval | None) -> str:
    if interval is None:
        return ""
    return f" ({_signed(check, interval.low)} to {_signed(check, interval.high)})"


def _signed(check: MetricCheck, number: float) -> str:
    text = f"{number:+.{_decimals(check)}f}"
    return "0" if float(text) == 0.0 and number == 0.0 else text


def _decimals(check: MetricCheck) -> int:
    spec = plugins.metrics().get(check.metric)
    return _DIGITS if spec is None else spec.decimals


def print_report(report: GateReport, console: Console) -> None:
    """Print a table for each case, reasons, notes and the outcome."""
    for case, checks in groupby(report.checks, key=lambda check: check.case):
        _print_case(case, list(checks), console)
    for note in report.notes:
        console.print(Text(f"- {note}", style="dim"))
    console.print(Text(report.summary, style="bold red" if report.failures else "bold green"))


def _cells(check: MetricCheck) -> tuple[str, ...]:
    before, now = value(check, check.before), value(check, check.now)
    return label(check), before, now, change(check), check.verdict.value


def _print_case(case: str, checks: list[MetricCheck], console: Console) -> None:
    heads = [Head(title, right=title in ("baseline", "now")) for title in _HEADS]
    cells = []
    for check in checks:
        *plain, verdict = _cells(check)
        cells.append([*map(Text, plain), Text(verdict, style=_STYLES[check.verdict])])
    console.print(Text(case, style="bold"))
    print_table(console, heads, cells)
    for check in checks:
        if check.why and check.verdict is not Verdict.NEW:
            console.print(Text(f"- {label(check)}: {check.why}", style="dim"))
    console.print()
