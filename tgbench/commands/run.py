"""`tgbench run`: a method under a protocol, from names to results."""

from __future__ import annotations

import argparse

from ..running.request import RunRequest, default_size
from ..terminal import Terminal
from .lists import add_list, named_paths, names, paths
from .options import add_fit_options, add_measuring_options

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
    from ..running.summary import print_summary

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
        command=getattr(args, "command", ""),
    )
