"""What a gate found, for a terminal."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from . import texts
from .judging import Judgement, Row, Verdict

if TYPE_CHECKING:
    from rich.console import Console

_STYLES = {
    Verdict.OK: "",
    Verdict.BETTER: "green",
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


def _print_case(case: str, rows: list[Row], console: Console) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for title in ("", "baseline", "now", "change", "verdict"):
        table.add_column(title, justify="right" if title in ("baseline", "now") else "left")
    for row in rows:
        cells = (
            texts.label(row),
            texts.value(row, row.before),
            texts.value(row, row.now),
            texts.change(row),
        )
        table.add_row(*map(Text, cells), Text(row.verdict.value, style=_STYLES[row.verdict]))
    console.print(Text(case, style="bold"))
    console.print(table)
    for row in rows:
        if row.why and row.verdict is not Verdict.NEW:
            console.print(Text(f"- {texts.label(row)}: {row.why}", style="dim"))
    console.print()
