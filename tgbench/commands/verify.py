"""`tgbench verify`: check that the numbers in a bundle follow from its frames."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ..errors import TgbenchError
from ..terminal import Terminal
from ..terminal.printing import printable
from .bundle import add_truth_options, only_one

if TYPE_CHECKING:
    from ..bundling.agreement import Finding
    from ..bundling.verifying import CaseReport

_EPILOG = """\
Measures every frame again, offline, against local ground truth whose hashes
must match those in the bundle. Built-in identities and audio are generated;
name others with --identity and --audio. Exit code: 0 if all measured values
agree, 1 if a value differs, 2 for bad input or a case without any comparison.

examples:
  tgbench verify results.zip
  tgbench verify paper.zip --identity data/NAME --audio speech.wav
"""

_HEADS = ("bundle", "here", "difference", "allowed")
_LONGEST_TEXT = 1000
"""Characters; no name is longer."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EPILOG
    parser.add_argument("bundle", nargs="*", metavar="BUNDLE", help="a file of `tgbench bundle`")
    add_truth_options(parser)


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Verify, and print a table for each case."""
    from ..bundling.planning import GroundTruth
    from ..bundling.verifying import counts, exit_code, verify

    bundle = only_one(args, "bundle", "BUNDLE, a file of `tgbench bundle`")
    truth = GroundTruth(args.identity, args.audio, terminal.progress)
    try:
        reports = verify(bundle, truth, terminal.progress)
    except TgbenchError as error:
        raise TgbenchError(_one_line(str(error))) from error
    for report in reports:
        _print(report, terminal)
    outcome = ", ".join(f"{count} {verdict}" for verdict, count in counts(reports).items() if count)
    unscored = sum(bool(report.problem) for report in reports)
    if unscored:
        outcome = ", ".join(
            filter(None, [outcome, f"{unscored} of {len(reports)} cases not scored"])
        )
    terminal.out.print(
        "Frames do not show which method rendered them, or with which settings, training data and "
        "inputs; for these the bundle is taken at its word.",
        style="dim",
    )
    terminal.out.print(f"{bundle}: {outcome or 'nothing to compare'}", markup=False)
    return exit_code(reports)


def _one_line(text: str) -> str:
    """Return text on one line, not too long: a name in a bundle could imitate a whole table."""
    return printable(text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]} …")


def _print(report: CaseReport, terminal: Terminal) -> None:
    from rich.text import Text

    from ..terminal.text_table import Head, print_table

    result = report.result
    out = terminal.out
    title = f"{result.method.name} on {result.identity.name}, {result.driver.name}"
    title = f"{title} ({result.protocol.name}, {result.frames} frames)"
    out.print(Text(_one_line(title), style="bold"))
    if report.problem:
        out.print(Text(f"not scored: {_one_line(report.problem)}\n"))
        return
    heads = [Head(title, right=bool(title)) for title in ("", *_HEADS, "")]
    rows = [[Text(_one_line(cell)) for cell in _cells(finding)] for finding in report.findings]
    print_table(out, heads, rows)
    for finding in report.findings:
        if finding.reason:
            out.print(Text(_one_line(f"- {finding.metric}: {finding.reason}"), style="dim"))
    out.print()


def _cells(finding: Finding) -> tuple[str, ...]:
    verdict = finding.verdict.value
    if finding.here is None:
        return (finding.metric, f"{finding.there:.6g}", "–", "", "", verdict)
    allowed = finding.tolerance * max(1.0, abs(finding.there))
    return (
        finding.metric,
        f"{finding.there:.6g}",
        f"{finding.here:.6g}",
        f"{abs(finding.here - finding.there):.1g}",
        f"{allowed:.1g}",
        verdict,
    )
