"""The subcommands that reports add."""

from __future__ import annotations

from tgbench.specs import CommandSpec

REPORT = CommandSpec(
    "report",
    "tables of results: terminal, LaTeX, Markdown, CSV, and one HTML page with players",
    "tgbench.reports.command",
)
GATE = CommandSpec(
    "gate", "fail where results are worse than a committed baseline", "tgbench.reports.gate.command"
)
