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
    from .judging import Judgement
    from .publishing import Report

_EPILOG = """\
examples:
  tgbench gate --update --baseline baseline.json \\
      --reason "first baseline" results
  tgbench gate --baseline baseline.json results \\
      --junit gate.xml --markdown gate.md
  tgbench gate --calibrate --runs 5 --vary-seed --baseline baseline.json -- \\
      --method mymethod --protocol self_reconstruction

A metric fails when it is worse than in the baseline by more than its
tolerance, and the interval (95 %) of the change, paired frame by frame, lies
beyond the noise floor. One that vanished fails, too. Exit code: 0 nothing
failed, 1 something did, 2 the two cannot be compared, or other bad input.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EPILOG
    parser.add_argument(
        "what",
        nargs="*",
        metavar="OUT",
        help="where `tgbench run` wrote; with --calibrate, its arguments after --",
    )
    parser.add_argument(
        "--baseline", type=Path, required=True, metavar="FILE", help="the committed baseline"
    )
    modes = parser.add_mutually_exclusive_group()
    modes.add_argument(
        "--update", action="store_true", help="write a new baseline of what is in OUT"
    )
    modes.add_argument(
        "--calibrate",
        action="store_true",
        help="run the same thing several times here and store the noise floor",
    )
    parser.add_argument("--reason", metavar="TEXT", help="why there is a new baseline (--update)")
    add_list(
        parser,
        "--tolerance",
        pairs,
        "how much worse metrics may get, each in its unit; --update stores it",
        metavar="METRIC=NUMBER",
        default=[],
    )
    parser.add_argument("--runs", type=int, metavar="N", help="how often to run (--calibrate; 5)")
    parser.add_argument(
        "--vary-seed",
        action="store_true",
        help="give each run a seed of its own: the floor is then the spread over seeds "
        "(--calibrate)",
    )
    parser.add_argument("--junit", type=Path, metavar="FILE", help="write JUnit XML here")
    parser.add_argument(
        "--markdown", type=Path, metavar="FILE", help="write a summary for a pull request here"
    )


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Compare, update or calibrate."""
    from tgbench.errors import TgbenchError

    try:
        args.what = stand_alone(args, "what")
        return _carry_out(args, terminal)
    except TgbenchError as error:
        from .measured import one_line

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
            "--update: say why with --reason TEXT; who reviews the new baseline wants to know"
        )
    if not args.calibrate and len(args.what) != 1:
        given = ", ".join(args.what) or "none"
        raise TgbenchError(f"name one folder of results, OUT ({given} given)")


def _compare(args: argparse.Namespace, terminal: Terminal) -> int:
    from .publishing import Report, no_commands
    from .table import print_judgement

    try:
        _check_options(args)
        found = _judged(args)
    except Exception as error:
        _tell_why_not(Report.of_error(error), args, terminal)
        raise
    with no_commands(terminal.out):
        print_judgement(found, terminal.out)
    Report.of(found).publish(args.junit, args.markdown, terminal.out)
    return 1 if found.failures else 0


def _judged(args: argparse.Namespace) -> Judgement:
    from .baseline import read_baseline
    from .judging import judge
    from .matching import refuse_unlike, worth_knowing
    from .measured import read_measured
    from .tolerances import parse_tolerances

    baseline = read_baseline(args.baseline)
    watched = _metrics_of(baseline)
    tolerances = parse_tolerances(args.tolerance, watched)
    _refuse_idle(tolerances, watched)
    cases = read_measured(Path(args.what[0]))
    refuse_unlike(
        baseline,
        cases,
        args.baseline,
        "if that is meant, write a new one with --update --reason TEXT",
    )
    return judge(baseline, cases, tolerances, worth_knowing(baseline, cases))


def _tell_why_not(report: Report, args: argparse.Namespace, terminal: Terminal) -> None:
    """Write what a CI takes; where even that fails, the first reason is the one to tell."""
    import logging

    from tgbench.errors import TgbenchError

    try:
        report.publish(args.junit, args.markdown, terminal.out)
    except TgbenchError as error:
        logging.getLogger("tgbench").warning("%s", error)


def _update(args: argparse.Namespace, terminal: Terminal) -> int:
    from .baseline import write_baseline
    from .measured import read_measured
    from .tolerances import parse_tolerances
    from .updating import update

    former = _former(args.baseline, terminal)
    known = _metrics_of(former) if former is not None else ()
    tolerances = parse_tolerances(args.tolerance, known)
    made = update(read_measured(Path(args.what[0])), args.reason.strip(), tolerances, former)
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
        calibrating.run_apart, lambda text: terminal.err.print(text, markup=False)
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
            f"--tolerance {idle[0]}: is not watched; what is: {', '.join(sorted(watched))}"
        )


def _metrics_of(baseline: Baseline) -> set[str]:
    return {name for case in baseline.cases for name in case.metrics}


def _say_written(
    path: Path, baseline: Baseline, notes: tuple[str, ...], terminal: Terminal
) -> None:
    from rich.text import Text

    from tgbench.text_table import Head, print_table

    from .measured import title

    heads = [Head("", right=False), *map(Head, ("value", "tolerance", "noise floor"))]
    for case in baseline.cases:
        terminal.out.print(Text(f"{title(case.key)}, {len(case.source_frames)} frames", "bold"))
        rows = []
        for name, metric in case.metrics.items():
            floor = "not measured" if metric.floor is None else f"{metric.floor:g}"
            cells = (name, f"{metric.value:g}", f"{metric.tolerance:g}", floor)
            rows.append([Text(cell) for cell in cells])
        print_table(terminal.out, heads, rows)
    for note in notes:
        terminal.out.print(Text(f"- {note}", style="dim"))
    terminal.out.print(Text(f"wrote {path}"))
