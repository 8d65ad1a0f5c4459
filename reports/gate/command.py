"""`tgbench gate`: fail where results are worse than a committed baseline."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tgbench.commands.lists import add_list, pairs, stand_alone
from tgbench.terminal import Terminal

if TYPE_CHECKING:
    from .baseline import Baseline
    from .checks import GateReport
    from .publishing import CiOutput

_EPILOG = """\
examples:
  tgbench gate --update --baseline baseline.json \\
      --reason "first baseline" results
  tgbench gate --baseline baseline.json results \\
      --junit gate.xml --markdown gate.md
  tgbench gate --calibrate --runs 5 --vary-seed --baseline baseline.json -- \\
      --method mymethod --protocol self_reconstruction

A metric fails when it is worse than in the baseline by more than its
tolerance and the 95 % interval of the change, paired frame by frame, lies
beyond the noise floor. A metric that is no longer measured fails, too. Where
OUT holds several measurements of one experiment, each metric is taken from the
latest that has it. Exit code: 0 nothing failed, 1 a metric failed, 2 the two
cannot be compared, or other bad input.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EPILOG
    parser.add_argument(
        "what",
        nargs="*",
        metavar="OUT",
        help="folder of results; with --calibrate, the arguments of `tgbench run` after --",
    )
    parser.add_argument(
        "--baseline", type=Path, required=True, metavar="FILE", help="the committed baseline"
    )
    modes = parser.add_mutually_exclusive_group()
    modes.add_argument(
        "--update", action="store_true", help="write a new baseline from the results in OUT"
    )
    modes.add_argument(
        "--calibrate",
        action="store_true",
        help="repeat a run on this machine and store the noise floor",
    )
    parser.add_argument("--reason", metavar="TEXT", help="why the baseline changes (--update)")
    add_list(
        parser,
        "--tolerance",
        pairs,
        "how much worse a metric may get, in its unit; --update stores it",
        metavar="METRIC=NUMBER",
        default=[],
    )
    parser.add_argument(
        "--runs", type=int, metavar="N", help="number of runs (--calibrate; default: 5)"
    )
    parser.add_argument(
        "--vary-seed",
        action="store_true",
        help="give each run its own seed, so that the floor is the spread over seeds (--calibrate)",
    )
    parser.add_argument("--junit", type=Path, metavar="FILE", help="write JUnit XML to FILE")
    parser.add_argument(
        "--markdown", type=Path, metavar="FILE", help="write a summary for a pull request to FILE"
    )


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Compare, update or calibrate."""
    from tgbench.errors import TgbenchError

    try:
        args.what = stand_alone(args, "what")
        return _carry_out(args, terminal)
    except TgbenchError as error:
        from tgbench.terminal.printing import one_line

        # What a result says would be a command to a CI if it began a line.
        raise TgbenchError(one_line(str(error))) from error


def _carry_out(args: argparse.Namespace, terminal: Terminal) -> int:
    if not (args.update or args.calibrate):
        return _compare(args, terminal)
    _check_options(args)
    return _update(args, terminal) if args.update else _calibrate(args, terminal)


def _check_options(args: argparse.Namespace) -> None:
    from tgbench.errors import TgbenchError

    only_for = {
        "--reason": (args.reason, args.update, "--update"),
        "--runs": (args.runs is not None, args.calibrate, "--calibrate"),
        "--vary-seed": (args.vary_seed, args.calibrate, "--calibrate"),
        "--tolerance": (args.tolerance, not args.calibrate, "a comparison, or --update"),
        "--junit": (args.junit, not (args.update or args.calibrate), "a comparison"),
        "--markdown": (args.markdown, not (args.update or args.calibrate), "a comparison"),
    }
    for option, (given, fits, use) in only_for.items():
        if given and not fits:
            raise TgbenchError(f"{option} goes with {use}")
    if args.update and not (args.reason or "").strip():
        raise TgbenchError(
            "--update: give the reason for the new baseline with --reason TEXT, for its reviewers"
        )
    if not args.calibrate and len(args.what) != 1:
        given = ", ".join(args.what) or "none"
        raise TgbenchError(f"name one folder of results, OUT ({given} given)")


def _compare(args: argparse.Namespace, terminal: Terminal) -> int:
    from .formatting import print_report
    from .publishing import CiOutput, no_commands

    try:
        _check_options(args)
        report = _checked(args)
    except Exception as error:
        _publish_error(CiOutput.of_error(error), args, terminal)
        raise
    with no_commands(terminal.out):
        print_report(report, terminal.out)
    CiOutput.of(report).publish(args.junit, args.markdown, terminal.out)
    return 1 if report.failures else 0


def _checked(args: argparse.Namespace) -> GateReport:
    from .baseline import read_baseline
    from .checks import check_results
    from .matching import explanations, refuse_incomparable
    from .results import failed_cases, read_results
    from .tolerances import parse_tolerances

    baseline = read_baseline(args.baseline)
    watched = _metrics_of(baseline)
    tolerances = parse_tolerances(args.tolerance, watched)
    _refuse_idle(tolerances, watched)
    cases = read_results(Path(args.what[0]))
    refuse_incomparable(
        baseline,
        cases,
        args.baseline,
        "if that is intended, write a new one with --update --reason TEXT",
    )
    failed = failed_cases(Path(args.what[0]))
    return check_results(baseline, cases, tolerances, explanations(baseline, cases), failed)


def _publish_error(output: CiOutput, args: argparse.Namespace, terminal: Terminal) -> None:
    """Write what a CI takes; where even that fails, the user sees the first error."""
    import logging

    from tgbench.errors import TgbenchError

    try:
        output.publish(args.junit, args.markdown, terminal.out)
    except TgbenchError as error:
        logging.getLogger("tgbench").warning("%s", error)


def _update(args: argparse.Namespace, terminal: Terminal) -> int:
    from .baseline import write_baseline
    from .results import read_results
    from .tolerances import parse_tolerances
    from .updating import update

    former = _former(args.baseline, terminal)
    known = _metrics_of(former) if former is not None else ()
    tolerances = parse_tolerances(args.tolerance, known)
    made = update(read_results(Path(args.what[0])), args.reason.strip(), tolerances, former)
    _refuse_idle(tolerances, _metrics_of(made.baseline))
    write_baseline(args.baseline, made.baseline)
    _say_written(args.baseline, made.baseline, made.notes, terminal)
    return 0


def _calibrate(args: argparse.Namespace, terminal: Terminal) -> int:
    from . import calibrating
    from .baseline import read_baseline, write_baseline

    baseline = read_baseline(args.baseline)
    runs = calibrating.DEFAULT_RUNS if args.runs is None else args.runs
    plan = calibrating.Plan.of(args.what, runs, args.vary_seed)
    repeats = plan.carry_out(
        calibrating.run_in_process, lambda text: terminal.err.print(text, markup=False)
    )
    calibrated = calibrating.with_floors(baseline, repeats, plan.seeds, args.baseline)
    write_baseline(args.baseline, calibrated)
    _say_written(args.baseline, calibrated, (), terminal)
    return 0


def _former(path: Path, terminal: Terminal) -> Baseline | None:
    """Return the baseline that is to be replaced, None where there is none to take over from."""
    import logging

    from .baseline import NoBaseline, OtherSchema, read_baseline

    try:
        return read_baseline(path)
    except NoBaseline:
        return None
    except OtherSchema as error:
        logging.getLogger("tgbench").warning(
            "%s: its tolerances and noise floors are not taken over", error
        )
        return None


def _refuse_idle(tolerances: Mapping[str, float], watched: set[str]) -> None:
    """Make sure that a tolerance has a metric to hold for."""
    from tgbench.errors import TgbenchError

    if idle := sorted(tolerances.keys() - watched):
        raise TgbenchError(
            f"--tolerance {idle[0]}: is not watched; watched are {', '.join(sorted(watched))}"
        )


def _metrics_of(baseline: Baseline) -> set[str]:
    return {name for case in baseline.cases for name in case.metrics}


def _say_written(
    path: Path, baseline: Baseline, notes: tuple[str, ...], terminal: Terminal
) -> None:
    from rich.text import Text

    from tgbench.terminal.text_table import Head, print_table

    heads = [Head("", right=False), *map(Head, ("value", "tolerance", "noise floor"))]
    for case in baseline.cases:
        terminal.out.print(Text(f"{case.key.title}, {len(case.source_frames)} frames", "bold"))
        rows = []
        for name, metric in case.metrics.items():
            floor = "not measured" if metric.floor is None else f"{metric.floor:g}"
            cells = (name, f"{metric.value:g}", f"{metric.tolerance:g}", floor)
            rows.append([Text(cell) for cell in cells])
        print_table(terminal.out, heads, rows)
    for note in notes:
        terminal.out.print(Text(f"- {note}", style="dim"))
    terminal.out.print(Text(f"wrote {path}"))
