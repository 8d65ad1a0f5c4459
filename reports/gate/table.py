"""What a gate found, for a terminal."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from rich.text import Text

from tgbench.text_table import Head, print_table

from . import texts
from .judging import Judgement, Row, Verdict

if TYPE_CHECKING:
    from rich.console import Console

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


def print_judgement(found: Judgement, console: Console) -> None:
    """Print a table for each case, reasons, notes and the outcome."""
    for case, rows in groupby(found.rows, key=lambda row: row.case):
        _print_case(case, list(rows), console)
    for note in found.notes:
        console.print(Text(f"- {note}", style="dim"))
    console.print(Text(found.summary, style="bold red" if found.failures else "bold green"))


def _cells(row: Row) -> tuple[str, ...]:
    before, now = texts.value(row, row.before), texts.value(row, row.now)
    return texts.label(row), before, now, texts.change(row), row.verdict.value


def _print_case(case: str, rows: list[Row], console: Console) -> None:
    heads = [Head(title, right=title in ("baseline", "now")) for title in _HEADS]
    cells = []
    for row in rows:
        *plain, verdict = _cells(row)
        cells.append([*map(Text, plain), Text(verdict, style=_STYLES[row.verdict])])
    console.print(Text(case, style="bold"))
    print_table(console, heads, cells)
    for row in rows:
        if row.why and row.verdict is not Verdict.NEW:
            console.print(Text(f"- {texts.label(row)}: {row.why}", style="dim"))
    console.print()
