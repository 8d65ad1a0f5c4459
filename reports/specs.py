"""The subcommands that reports add."""

from __future__ import annotations

from tgbench.specs import CommandSpec

REPORT = CommandSpec(
    "report",
    "tables of the results in a folder: terminal, LaTeX, Markdown, CSV",
    "tgbench.reports.command",
)
