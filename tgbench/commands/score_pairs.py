"""`tgbench score --pairs`: many videos of one method, as results."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..errors import TgbenchError
from ..specs import CompositeMode
from ..terminal import Terminal
from .lists import add_list, paths
from .score_text import Remarks, print_means

_OUT = Path("results")
_ONLY_WITH_PAIRS = ("jobs", "method", "composite_mode", "frames")


def add_pairs_options(parser: argparse.ArgumentParser) -> None:
    """Declare --pairs and the options that go with it."""
    add_list(
        parser,
        "--pairs",
        paths,
        "score all videos of a folder, each against the one of its name in a second folder; or "
        "what a CSV names: prediction,target[,audio][,name]",
        metavar="FOLDER|CSV",
        default=[],
    )
    parser.add_argument(
        "--jobs", type=int, metavar="N", help="with --pairs: how many at the same time (1)"
    )
    parser.add_argument(
        "--method",
        metavar="NAME|FILE.toml",
        help="with --pairs: whose videos these are, a name or a declaration (name of the folder)",
    )
    parser.add_argument(
        "--composite-mode",
        choices=[mode.value for mode in CompositeMode],
        metavar="MODE",
        help="with --pairs: what the frames are made of: "
        + ", ".join(f"'{mode}'" for mode in CompositeMode),
    )
    parser.add_argument(
        "--frames",
        action="store_true",
        default=None,
        help="with --pairs: keep every frame that is measured as an image, for `tgbench bundle`",
    )


def refuse_without_pairs(args: argparse.Namespace) -> None:
    """Refuse options that mean nothing without --pairs.

    Raises:
        TgbenchError: one is given.
    """
    for name in _ONLY_WITH_PAIRS:
        if getattr(args, name) is not None:
            raise TgbenchError(f"--{name.replace('_', '-')}: goes with --pairs only")


def execute_pairs(
    args: argparse.Namespace, face_box: tuple[int, int, int, int] | None, terminal: Terminal
) -> int:
    """Score, print what failed and the means, and say where the results are.

    Returns:
        1 if a clip could not be scored.
    """
    from rich.text import Text

    from ..interfaces import MetricOptions
    from ..metrics.naming import metrics_named
    from ..pairs.finding import find_pairs
    from ..pairs.methods import scored_method
    from ..pairs.processes import PairFailed, score_pairs
    from ..pairs.scoring import PairsRequest
    from ..running import attempts

    predictions, targets = _folders(args)
    request = PairsRequest(
        method=scored_method(args.method or predictions.resolve().stem, args.composite_mode),
        out=args.out or _OUT,
        metrics=None if args.metrics is None else metrics_named(args.metrics),
        options=MetricOptions(
            args.landmarks, face_box, through_codec=args.through_codec, floor=args.floor
        ),
        fps=args.fps,
        allow_drop=args.allow_drop,
        deinterlace=args.deinterlace,
        fresh=args.fresh,
        keep_frames=bool(args.frames),
    )
    found = find_pairs(predictions, targets, args.allow_drop)
    for pair in found.pairs:
        request.names(pair)
    attempts.begin(request.folder(pair) for pair in found.pairs)
    scored, failed, remarks = [], 0, Remarks()
    for done in score_pairs(request, found.pairs, args.jobs or 1, terminal.progress):
        if isinstance(done, PairFailed):
            failed += 1
            attempts.fail(request.folder(done.pair), TgbenchError(done.why))
            terminal.out.print(Text(f"{done.pair.name}: not scored: {done.why}"))
            continue
        scored.append(done)
        for name, record in done.result.metrics.items():
            if record.value is None:
                remarks.missing(name, record.reason, done.pair.name)
        for note in done.result.method.notes:
            remarks.note(note, done.pair.name)
    for note in found.notes:
        terminal.out.print(Text(f"note: {note}"))
    remarks.print(terminal, len(found.pairs))
    print_means([done.result.metrics for done in scored], len(found.pairs), terminal)
    reused = sum(done.reused for done in scored)
    before = f", {reused} of them before (--fresh scores again)" if reused else ""
    if not request.method.composite_mode:
        terminal.out.print(
            Text(
                "note: what the frames are made of is not known, so image metrics rank with no "
                "declared method; state --composite-mode"
            )
        )
    terminal.out.print(
        Text(
            f"{request.method.name}: {len(scored)} of {len(found.pairs)} clips were scored{before};"
            f" results in {request.out}, for `tgbench report {request.out}`"
        )
    )
    return 1 if failed else 0


def _folders(args: argparse.Namespace) -> tuple[Path, Path | None]:
    for name in ("prediction", "target", "audio", "action_units", "aligned_faces", "phonemes"):
        if getattr(args, name) is not None:
            raise TgbenchError(f"--{name.replace('_', '-')}: is of one clip, not of --pairs")
    if args.clips:
        raise TgbenchError(f"{args.clips[0]}: give either two clips or --pairs, not both")
    if args.jobs is not None and args.jobs < 1:
        raise TgbenchError(f"--jobs {args.jobs}: give the number of clips at a time, 1 or more")
    if args.fps is not None and not 0 < args.fps <= 1000:
        raise TgbenchError(f"--fps {args.fps:g}: give frames a second, such as 25")
    if len(args.pairs) > 2:
        raise TgbenchError(f"--pairs {args.pairs[2]}: give two folders, or one CSV")
    return args.pairs[0], args.pairs[1] if len(args.pairs) == 2 else None
