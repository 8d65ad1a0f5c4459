"""`tgbench verify`: do the numbers in a bundle follow from its frames?"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ..errors import TgbenchError
from ..printing import printable
from ..terminal import Terminal
from .bundle import add_truth_options, only_one

if TYPE_CHECKING:
    from ..bundling.agreement import Finding
    from ..bundling.verifying import CaseReport

_EPILOG = """\
Measures every frame again, offline, against the ground truth that is here,
which must have the hashes in the bundle. Built-in identities and sounds are
made here; name others with --identity and --audio. Exit code: 0 all that was
measured agrees, 1 something differs, 2 bad input or a case of which nothing
could be compared.

examples:
  tgbench verify results.zip
  tgbench verify paper.zip --identity data/NAME --audio speech.wav
"""

_HEADS = ("there", "here", "apart", "allowed")
_LONGEST_TEXT = 1000
"""Characters; longer ones are no name."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EPILOG
    parser.add_argument("bundle", nargs="*", metavar="BUNDLE", help="what `tgbench bundle` wrote")
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
        raise TgbenchError(_told(str(error))) from error
    for report in reports:
        _print(report, terminal)
    told = ", ".join(f"{count} {verdict}" for verdict, count in counts(reports).items() if count)
    unscored = sum(bool(report.problem) for report in reports)
    if unscored:
        told = ", ".join(filter(None, [told, f"{unscored} of {len(reports)} cases not scored"]))
    terminal.out.print(
        "Frames cannot tell which method made them, with which settings, what it was trained on or "
        "given: that is as the bundle says.",
        style="dim",
    )
    terminal.out.print(f"{bundle}: {told or 'nothing to compare'}", markup=False)
    return exit_code(reports)


def _told(text: str) -> str:
    """Return text on one line, not too long: a name in a bundle could look like a whole table."""
    return printable(text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]} …")


def _print(report: CaseReport, terminal: Terminal) -> None:
    from rich.text import Text

    from ..text_table import Head, print_table

    result = report.result
    out = terminal.out
    title = f"{result.method.name} on {result.identity.name}, {result.driver.name}"
    title = f"{title} ({result.protocol.name}, {result.frames} frames)"
    out.print(Text(_told(title), style="bold"))
    if report.problem:
        out.print(Text(f"not scored: {_told(report.problem)}\n"))
        return
    heads = [Head(title, right=bool(title)) for title in ("", *_HEADS, "")]
    rows = [[Text(_told(cell)) for cell in _cells(finding)] for finding in report.findings]
    print_table(out, heads, rows)
    for finding in report.findings:
        if finding.reason:
            out.print(Text(_told(f"- {finding.metric}: {finding.reason}"), style="dim"))
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
