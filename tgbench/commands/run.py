"""`tgbench run`: a method under a protocol, from names to results."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..running.request import RunRequest, default_size
from ..terminal import Terminal
from .lists import add_list, named_paths, names, paths
from .options import add_fit_options, add_measuring_options

if TYPE_CHECKING:
    from rich.console import Console

    from ..running.result import Result
    from ..running.runner import Outcome

_EPILOG = """\
examples:
  tgbench run --method talkinggaussian --protocol lipsync
  tgbench run --method talkinggaussian still --protocol self_reconstruction
  tgbench run --method talkinggaussian --protocol lipsync \\
      --identity data/NAME --audio speech.wav
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EPILOG
    add_list(parser, "--method", names, "what to run", metavar="NAME", required=True)
    parser.add_argument("--protocol", required=True, metavar="NAME", help="the evaluation setting")
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
    add_measuring_options(parser)
    again = parser.add_mutually_exclusive_group()
    again.add_argument("--resume", action="store_true", help="keep what is there (default)")
    again.add_argument("--fresh", action="store_true", help="fit and measure again what is there")
    parser.add_argument(
        "--no-label",
        action="store_true",
        help="leave out the visible 'synthetic' label of the video",
    )
    parser.add_argument("--frames", action="store_true", help="keep every frame as an image")


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Run, then print a small table of what was measured and where it lies."""
    from ..running.asked import Asked
    from ..running.attempts import asking
    from ..running.runner import CasesFailed, run

    with asking(args.out, Asked.of(args.method, args.protocol, _identities(args))):
        request = _request(args)
    try:
        outcomes = run(request, terminal.progress)
    except CasesFailed as failed:
        if failed.outcomes:
            print_summary(failed.outcomes, terminal.out)
        raise
    print_summary(outcomes, terminal.out)
    return 0


def _identities(args: argparse.Namespace) -> list[str]:
    return args.identity or ["synth-a"]


def _request(args: argparse.Namespace) -> RunRequest:
    from ..metrics.naming import metrics_named
    from ..running.environment import resolve_device
    from ..running.settings import parse_overrides

    return RunRequest(
        methods=tuple(dict.fromkeys(args.method)),
        protocol=args.protocol,
        identities=tuple(dict.fromkeys(_identities(args))),
        audio=tuple(dict.fromkeys(args.audio)),
        preset=args.preset,
        overrides=parse_overrides(args.settings),
        size=args.size or default_size(args.method, args.preset),
        device=resolve_device(args.device),
        seed=args.seed,
        out=args.out,
        fresh=args.fresh,
        label=not args.no_label,
        keep_frames=args.frames,
        metrics=metrics_named(args.metrics or ()),
        landmarks=args.landmarks,
        through_codec=args.through_codec,
        audio_features=tuple(args.audio_features),
        command=getattr(args, "command", ""),
    )


def print_summary(outcomes: Sequence[Outcome], console: Console) -> None:
    """Print one row a metric, one column a case, then notes and folders."""
    from rich.markup import escape
    from rich.text import Text

    from .. import plugins
    from ..text_table import Head, print_table

    specs = plugins.metrics()
    names = list(dict.fromkeys(name for outcome in outcomes for name in outcome.result.metrics))
    heads = [Head("", right=False)]
    for outcome in outcomes:
        result = outcome.result
        heads.append(Head(f"{result.method.name}\n{result.identity.name} · {result.driver.name}"))
    rows = []
    for name in names:
        spec = specs[name]
        rows.append((spec.label, *(_cell(outcome, name, spec.decimals) for outcome in outcomes)))
    console.print()
    print_table(console, heads, [[Text(cell) for cell in row] for row in rows])
    for line in _remarks(outcomes):
        console.print(Text(line), style="dim")
    console.print()
    for outcome in outcomes:
        console.print(f"result: {escape(str(outcome.folder))}{_origin(outcome)}")


def _origin(outcome: Outcome) -> str:
    if not outcome.reused:
        return ""
    again = ", rendered again" if outcome.rendered else ""
    return f" (was there already{again}; --fresh measures again)"


def _cell(outcome: Outcome, name: str, decimals: int) -> str:
    from ..comparability import why_not_applicable

    record = outcome.result.metrics.get(name)
    if record is None:
        return ""
    if record.value is None or why_not_applicable(outcome.result, name):
        return "-"
    text = f"{record.value:.{decimals}f}"
    return text if record.scored == record.total else f"{text} ({record.scored}/{record.total})"


def _gap(result: Result, metric: str) -> str:
    """Return why a cell is empty; nothing where it is not."""
    from ..comparability import why_not_applicable

    record = result.metrics[metric]
    if record.value is None:
        return record.reason
    never = why_not_applicable(result, metric)
    return f"{result.method.name}: {never}" if never else ""


def _remarks(outcomes: Sequence[Outcome]) -> list[str]:
    """Return each reason of a gap and each note once, with the metrics that it concerns."""
    concerned: dict[str, dict[str, None]] = {}
    for outcome in outcomes:
        for name, record in outcome.result.metrics.items():
            for text in (_gap(outcome.result, name), *record.details.get("notes", ())):
                if text:
                    concerned.setdefault(text, {})[name] = None
    return [f"- {', '.join(names)}: {text}" for text, names in concerned.items()]
