"""`tgbench run`: a method under a protocol, from names to results."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..driving.driving import Driving
from ..errors import TgbenchError
from ..running.executor_specs import LOCAL
from ..running.request import RunRequest, default_size
from ..terminal import Terminal
from .lists import add_list, named_paths, names, numbers, pairs, paths
from .options import add_fit_options, add_measuring_options

if TYPE_CHECKING:
    from rich.console import Console

    from ..running.result import Result
    from ..running.runner import CasesFailed, Outcome

_EPILOG = """\
examples:
  tgbench run --method talkinggaussian --protocol lipsync
  tgbench run --method talkinggaussian still --protocol self_reconstruction
  tgbench run --method talkinggaussian --protocol lipsync \\
      --identity data/NAME --audio speech.wav
  tgbench run --method still talkinggaussian --seed 0 1 2 --jobs 2 \\
      --protocol self_reconstruction lipsync --plan

Results go to OUT/<protocol>/<identity>/<method>/<preset, changed settings,
seed>/<driver>, so one --out holds many of them.
"""


_MOST_COLUMNS = 6
"""Cases that a table of the summary holds, one in each column."""

_INSTEAD_OF_SYNC = ("mouth_mtm", "mouth_ccc")
"""What a summary starts with where SyncNet's weights are missing: they need none."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EPILOG
    add_list(parser, "--method", names, "what to run", metavar="NAME", required=True)
    add_list(parser, "--protocol", names, "the evaluation setting", metavar="NAME", required=True)
    add_list(
        parser,
        "--identity",
        named_paths,
        "whom: built-in name or prepared folder; synth-a if none is given",
        metavar="NAME|FOLDER",
    )
    add_list(
        parser,
        "--audio",
        paths,
        "driving sound: file or built-in track; the protocol's own if none is given",
        metavar="FILE",
        default=[],
    )
    add_list(
        parser,
        "--audio-features",
        paths,
        "audio features of each --audio, in the same order, for the encoder that the method names "
        "(its encoder is run on the sound if none is given)",
        metavar="FILE.npy",
        default=[],
    )
    add_fit_options(parser)
    add_list(
        parser,
        "--seed",
        numbers,
        "of every random choice (0)",
        metavar="N",
        default=[0],
    )
    add_measuring_options(parser)
    add_list(
        parser,
        "--rule",
        pairs,
        "how sounds and poses meet, such as longer_sound=loop; docs/protocols.md has all",
        metavar="KEY=VALUE",
        dest="rules",
        default=[],
    )
    again = parser.add_mutually_exclusive_group()
    again.add_argument("--resume", action="store_true", help="keep what is there (default)")
    again.add_argument("--fresh", action="store_true", help="fit and measure again what is there")
    parser.add_argument(
        "--no-label",
        action="store_true",
        help="leave out the visible 'synthetic' label of the video",
    )
    parser.add_argument("--frames", action="store_true", help="keep every frame as an image")
    parser.add_argument(
        "--jobs",
        type=int,
        metavar="N",
        help="how many fits and cases run at the same time, each in its own process (on this "
        "machine 1: all in this one)",
    )
    parser.add_argument(
        "--executor",
        default=LOCAL.name,
        metavar="NAME",
        help="where they run; `tgbench list executors` has them, and --set takes their settings "
        "(local)",
    )
    parser.add_argument(
        "--exclusive-timing",
        action="store_true",
        help="what is timed runs alone on its machine: training, and speed after all cases",
    )
    parser.add_argument(
        "--plan", action="store_true", help="only print what would be done, and how long it takes"
    )
    parser.add_argument("--json", action="store_true", help="with --plan: print it as JSON")


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Run, then print a small table of what was measured and where it lies.

    Returns:
        1 if a part of the run failed.
    """
    from ..running.attempts import Asked, asking, withdraw
    from ..running.runner import CasesFailed, run

    if args.jobs is not None and args.jobs < 1:
        raise TgbenchError(f"--jobs {args.jobs}: give the number of jobs, 1 or more")
    if args.json and not args.plan:
        raise TgbenchError("--json: only --plan prints JSON; results are JSON files in --out")
    if args.plan:
        from ..running.planning import Planner
        from .plan_text import print_plan

        request = _request(args)
        planned = Planner(request).plan(terminal.progress)
        return print_plan(planned, request.out, args.json, terminal)
    typed = Asked.of(args.method, args.protocol, _identities(args))
    with asking(args.out, typed):
        request = _request(args)
    if Asked.of(request.methods, request.protocols, request.identities) != typed:
        # The run notes what the typed names stand for.
        withdraw(args.out, typed)
    try:
        outcomes = run(request, terminal.progress)
    except CasesFailed as failed:
        if failed.outcomes:
            print_summary(failed.outcomes, terminal.out, args.out)
        _print_failures(failed, terminal)
        if args.debug:
            raise
        return failed.exit_code
    print_summary(outcomes, terminal.out, args.out)
    return 0


def _identities(args: argparse.Namespace) -> list[str]:
    return args.identity or ["synth-a"]


def _request(args: argparse.Namespace) -> RunRequest:
    from .. import plugins
    from ..metrics.naming import metrics_named
    from ..running.environment import resolve_device
    from ..running.settings import parse_overrides

    executor = plugins.find(plugins.executors(), args.executor, "executor")

    return RunRequest(
        methods=tuple(dict.fromkeys(args.method)),
        protocols=tuple(dict.fromkeys(args.protocol)),
        identities=tuple(dict.fromkeys(_identities(args))),
        # With features for each, the same sound may come twice.
        audio=tuple(args.audio if args.audio_features else dict.fromkeys(args.audio)),
        preset=args.preset,
        overrides=parse_overrides(args.settings),
        size=args.size or default_size(args.method, args.preset),
        device=resolve_device(args.device, executor.elsewhere),
        seeds=tuple(dict.fromkeys(args.seed)),
        out=args.out,
        fresh=args.fresh,
        label=not args.no_label,
        keep_frames=args.frames,
        metrics=metrics_named(args.metrics or ()),
        landmarks=args.landmarks,
        through_codec=args.through_codec,
        floor=args.floor,
        audio_features=tuple(args.audio_features),
        jobs=args.jobs,
        executor=args.executor,
        exclusive_timing=args.exclusive_timing,
        driving=Driving(parse_overrides(args.rules, "--rule")),
        command=getattr(args, "command", ""),
    )


def _print_failures(failed: CasesFailed, terminal: Terminal) -> None:
    """Print what failed and why, one line each."""
    from rich.markup import escape

    if len(failed.failures) > 1:
        # Cases, as `tgbench status` counts them; a fit that failed is a reason, not a case.
        cases = "1 case" if failed.cases == 1 else f"{failed.cases} cases"
        count = f"{cases} failed, {len(failed.outcomes)} done"
        terminal.err.print(f"[red]error:[/] {count}:")
    for failure in failed.failures:
        terminal.err.print(f"[red]error:[/] {escape(str(failure))}")


def print_summary(outcomes: Sequence[Outcome], console: Console, out: Path) -> None:
    """Print one row a metric, one column a case, then notes and folders; `out` has them all."""
    from rich.markup import escape
    from rich.text import Text

    console.print()
    remarks = _Remarks()
    if len(outcomes) <= _MOST_COLUMNS:
        results = [outcome.result for outcome in outcomes]
        _print_table(results, console)
        for result in results:
            remarks.add(result)
    else:
        report = shlex.join(["tgbench", "report", str(out)])
        console.print(escape(f"{len(outcomes)} cases; `{report}` makes one table of them"))
        for outcome in outcomes:
            remarks.add(outcome.result)
    for line in remarks.lines():
        console.print(Text(line), style="dim")
    console.print()
    for outcome in outcomes:
        console.print(f"result: {escape(str(outcome.folder))}{_origin(outcome)}")


def _print_table(results: Sequence[Result], console: Console) -> None:
    from rich.text import Text

    from .. import plugins
    from ..terminal.text_table import Head, print_table

    specs = plugins.metrics()
    names = _led(dict.fromkeys(name for result in results for name in result.metrics), results)
    seeds = {result.seed for result in results}
    heads = [Head("", right=False)]
    for result in results:
        seed = f" · seed {result.seed}" if len(seeds) > 1 else ""
        driven = f"{result.identity.name} · {result.driver.name}{seed}"
        heads.append(Head(f"{result.method.name}\n{driven}"))
    rows = []
    for name in names:
        spec = specs[name]
        rows.append((spec.label, *(_cell(result, name, spec.decimals) for result in results)))
    print_table(console, heads, [[Text(cell) for cell in row] for row in rows])


def _led(names: Iterable[str], results: Sequence[Result]) -> list[str]:
    """Return metrics in their order, those of the mouth's timing first where none has Sync-C."""

    def measured(name: str) -> bool:
        return any(
            name in result.metrics and result.metrics[name].value is not None for result in results
        )

    in_order = list(names)
    first = [] if measured("sync_c") else [name for name in _INSTEAD_OF_SYNC if measured(name)]
    return [*first, *(name for name in in_order if name not in first)]


def _origin(outcome: Outcome) -> str:
    if not outcome.reused:
        return ""
    again = ", rendered again" if outcome.rendered else ""
    return f" (was there already{again}; --fresh measures again)"


def _cell(result: Result, name: str, decimals: int) -> str:
    from ..comparability import is_unheard, why_not_applicable
    from ..metrics.noise_floor import FLOOR

    record = result.metrics.get(name)
    if record is None:
        return ""
    if record.value is None or why_not_applicable(result, name):
        return "-"
    text = f"{record.value:.{decimals}f}"
    if is_unheard(result, name):
        text += " (chance)"
    if isinstance(floor := record.details.get(FLOOR), float):
        text += f" (floor {floor:.{decimals}f})"
    return text if record.scored == record.total else f"{text} ({record.scored}/{record.total})"


def _gap(result: Result, metric: str) -> str:
    """Return why a cell is empty, or says nothing; an empty text where it says something."""
    from ..comparability import is_unheard, why_not_applicable

    record = result.metrics[metric]
    if record.value is None:
        return record.reason
    if never := why_not_applicable(result, metric):
        return f"{result.method.name}: {never}"
    if is_unheard(result, metric):
        return f"{result.method.name} does not hear the sound, so this agreement is chance"
    return ""


class _Remarks:
    """Each reason of a gap and each note once, with the metrics that it concerns."""

    def __init__(self) -> None:
        self._concerned: dict[str, dict[str, None]] = {}

    def add(self, result: Result) -> None:
        """Add those of a result."""
        for name, record in result.metrics.items():
            for text in (_gap(result, name), *record.details.get("notes", ())):
                if text:
                    self._concerned.setdefault(text, {})[name] = None

    def lines(self) -> list[str]:
        """Return one line for each."""
        return [f"- {', '.join(names)}: {text}" for text, names in self._concerned.items()]
