"""`tgbench experiment`: a table from its declaration."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tgbench import plugins
from tgbench.commands.lists import add_list, named_paths, numbers, pairs, paths
from tgbench.errors import TgbenchError
from tgbench.running.executor_specs import LOCAL
from tgbench.terminal import Terminal

if TYPE_CHECKING:
    from tgbench.results import MeasuredCase
    from tgbench.running.request import RunRequest

    from .declaration import Experiment
    from .requests import Blocked, Changes

_EPILOG = """\
examples:
  tgbench list experiments
  tgbench experiment ablation --plan          jobs, time, what is missing
  tgbench experiment ablation                 run, then table, page and plots
  tgbench experiment ablation --show > my.toml; tgbench experiment my.toml

Results go where `tgbench run` puts them, so experiments share fits and cases.
Tables go to OUT/experiments/NAME.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EPILOG
    parser.add_argument(
        "experiment", metavar="NAME|FILE", help="of `tgbench list experiments`, or a TOML file"
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--plan", action="store_true", help="only print the jobs, their time, and what is missing"
    )
    what.add_argument("--show", action="store_true", help="only print the file, to copy and edit")
    parser.add_argument("--json", action="store_true", help="with --plan: print it as JSON")
    changes = parser.add_argument_group("instead of what the file says")
    add_list(changes, "--identity", named_paths, "whom", metavar="NAME|FOLDER", default=[])
    add_list(changes, "--audio", paths, "driving sounds", metavar="FILE", default=[])
    add_list(changes, "--seed", numbers, "of every random choice", metavar="N", default=[])
    changes.add_argument("--preset", default="", metavar="NAME", help="of the methods")
    add_list(
        changes,
        "--set",
        pairs,
        "settings of all methods that have them, and of the executor; the file's go first",
        metavar="KEY=VALUE",
        dest="settings",
        default=[],
    )
    changes.add_argument(
        "--size", type=int, default=0, metavar="PIXELS", help="side of built-in identities"
    )
    run = parser.add_argument_group("as for `tgbench run`")
    run.add_argument("--out", type=Path, default=Path("results"), metavar="FOLDER")
    run.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    run.add_argument("--jobs", type=int, metavar="N")
    run.add_argument("--executor", default=LOCAL.name, metavar="NAME")
    run.add_argument("--exclusive-timing", action="store_true")
    run.add_argument("--fresh", action="store_true")
    run.add_argument("--no-label", action="store_true")


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Plan, say what is missing, run what is not, and write the outputs.

    Returns:
        1 if a job failed, or nothing could be measured.
    """
    from .declaration import read_experiment
    from .outputs import claimed, folder_of, refuse_other, shape_of
    from .requests import metrics_blocked, requests_of

    if args.jobs is not None and args.jobs < 1:
        raise TgbenchError(f"--jobs {args.jobs}: give the number of jobs, 1 or more")
    if args.json and not args.plan:
        raise TgbenchError("--json: only --plan prints JSON; results are JSON files in --out")
    experiment = read_experiment(args.experiment)
    if args.show:
        sys.stdout.write(experiment.path.read_text(encoding="utf-8"))
        return 0
    shape = shape_of(experiment)
    requests, blocked = requests_of(experiment, _changes(args))
    if args.plan:
        return _plan(requests, [*blocked, *metrics_blocked(shape.metrics)], args, terminal)
    folder = folder_of(args.out, experiment)
    refuse_other(folder, experiment)
    failed, missing, cases = _run(requests, blocked, metrics_blocked(shape.metrics), terminal)
    if not cases:
        terminal.err.print("[red]error:[/] nothing could be measured, so there is no table")
        return 1
    with claimed(folder, experiment):
        from .outputs import write_outputs

        write_outputs(experiment, cases, missing, folder, terminal)
    if experiment.questions:
        _say_study(experiment, cases, folder, terminal)
    return 1 if failed else 0


def _changes(args: argparse.Namespace) -> Changes:
    from tgbench.running.environment import resolve_device
    from tgbench.running.settings import parse_overrides

    from .requests import Changes

    executor = plugins.find(plugins.executors(), args.executor, "executor")
    return Changes(
        identities=tuple(args.identity),
        audio=tuple(args.audio),
        seeds=tuple(dict.fromkeys(args.seed)),
        preset=args.preset,
        settings=parse_overrides(args.settings),
        size=args.size,
        run={
            "out": args.out,
            "device": resolve_device(args.device, executor.elsewhere),
            "jobs": args.jobs,
            "executor": args.executor,
            "exclusive_timing": args.exclusive_timing,
            "fresh": args.fresh,
            "label": not args.no_label,
            "command": getattr(args, "command", ""),
        },
    )


def _plan(
    requests: list[RunRequest],
    blocked: list[Blocked],
    args: argparse.Namespace,
    terminal: Terminal,
) -> int:
    from tgbench.commands.plan_text import print_plan
    from tgbench.running.job_making import Person
    from tgbench.running.plan import Failure, Plan
    from tgbench.running.planning import Planner

    people: dict[str, Person] = {}
    plans = [Planner(request, people).collect(terminal.progress) for request in requests]
    first = Plan(failures=[Failure(each.what, TgbenchError(each.why)) for each in blocked])
    print_plan(Plan.joined([first, *plans]), args.out, args.json, terminal)
    return 0


def _run(
    requests: list[RunRequest],
    blocked: list[Blocked],
    metrics: list[Blocked],
    terminal: Terminal,
) -> tuple[bool, list[Blocked], list[MeasuredCase]]:
    """Run what is not blocked, after saying what is.

    Returns:
        Whether a job failed, what was not measured and why, and what was.
    """
    from tgbench.faults import one_line
    from tgbench.results import read_folders
    from tgbench.running.runner import CasesFailed, plan_run, run_planned

    from .requests import Blocked

    planned = plan_run(requests, terminal.progress) if requests else None
    before = list(planned.plan.failures) if planned is not None else []
    missing = [*blocked, *(Blocked(each.what, one_line(each.error)) for each in before)]
    for each in (*missing, *metrics):
        terminal.err.print(f"not available: {each}", markup=False)
    if planned is None:
        return False, missing, []
    failed = []
    try:
        outcomes = run_planned(planned, terminal.progress)
    except CasesFailed as error:
        outcomes = error.outcomes
        failed = [each for each in error.failures if each not in before]
    for failure in failed:
        terminal.err.print(f"[red]error:[/] {failure}", markup=True)
        missing.append(Blocked(failure.what, one_line(failure.error)))
    cases = read_folders([each.folder for each in outcomes]).cases if outcomes else ()
    return bool(failed), missing, list(cases)


def _say_study(
    experiment: Experiment,
    cases: list[MeasuredCase],
    folder: Path,
    terminal: Terminal,
) -> None:
    methods = dict.fromkeys(case.result.method.name for case in cases)
    # Not all of OUT, in which other experiments have other settings of the same methods.
    results = dict.fromkeys(str(case.folder.parent) for case in cases)
    words = ["tgbench", "study", "make", str(folder / "study"), "--results", *results]
    words += ["--methods", *methods, "--questions", ",".join(experiment.questions)]
    terminal.out.print(f"go on with: {shlex.join(words)}", markup=False)
