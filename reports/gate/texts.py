"""Numbers of a row as text, the same in every place that shows them."""

from __future__ import annotations

from tgbench import plugins
from tgbench.statistics import Interval

from .judging import Row
from .measured import one_line

_DIGITS = 3
"""Of a metric that is not installed, decimals."""


def label(row: Row) -> str:
    """Return a metric's title with its unit."""
    spec = plugins.metrics().get(row.metric)
    name = row.metric if spec is None else spec.title
    return one_line(f"{name} [{row.unit}]" if row.unit else name)


def value(row: Row, number: float | None) -> str:
    """Return a value with the digits of its metric, nothing where there is none."""
    return "" if number is None else f"{number:.{_decimals(row)}f}"


def change(row: Row) -> str:
    """Return the change with its interval where it has one."""
    if row.change is None:
        return ""
    return f"{_signed(row, row.change)}{_bounds(row, row.interval)}"


def held_against(row: Row) -> str:
    """Return tolerance and noise floor."""
    if row.tolerance is None:
        return ""
    floor = "not measured" if row.floor is None else f"{row.floor:g}"
    return f"tolerance {row.tolerance:g}, noise floor {floor}"


def sentence(row: Row) -> str:
    """Say what became of a metric, in one line."""
    moved = f"{value(row, row.before) or 'nothing'} before, {value(row, row.now) or 'nothing'} now"
    parts = [f"{label(row)}: {row.verdict}, {moved}"]
    if row.change is not None:
        parts.append(f"change {change(row)}")
    parts += [held_against(row), row.why]
    return "; ".join(part for part in parts if part)


def _bounds(row: Row, interval: Interval | None) -> str:
    if interval is None:
        return ""
    return f" ({_signed(row, interval.low)} to {_signed(row, interval.high)})"


def _signed(row: Row, number: float) -> str:
    text = f"{number:+.{_decimals(row)}f}"
    return "0" if float(text) == 0.0 and number == 0.0 else text


def _decimals(row: Row) -> int:
    spec = plugins.metrics().get(row.metric)
    return _DIGITS if spec is None else spec.decimals
