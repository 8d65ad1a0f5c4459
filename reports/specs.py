"""The subcommands that reports add."""

from __future__ import annotations

from tgbench.specs import CommandSpec

REPORT = CommandSpec(
    "report",
    "tables of results (terminal, LaTeX, Markdown, CSV), a page with players, plots, a leaderboard",
    "tgbench.reports.command",
)
GATE = CommandSpec(
    "gate", "fail where results are worse than a committed baseline", "tgbench.reports.gate.command"
)
EXPERIMENT = CommandSpec(
    "experiment",
    "plan, run and tabulate an experiment, such as a table of the paper",
    "tgbench.reports.experiments.command",
)
STUDY = CommandSpec(
    "study",
    "ask people: draw a balanced user study, collect answers, analyse them",
    "tgbench.reports.study.command",
)
EXPLORE = CommandSpec(
    "explore",
    "see and measure what each blendshape of a fitted method moves",
    "tgbench.reports.exploring.command",
)
