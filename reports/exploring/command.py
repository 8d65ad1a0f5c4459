"""`tgbench explore`: see and measure what each blendshape of a fitted method moves."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from tgbench.commands.options import add_finished_fit_options, fit_request
from tgbench.errors import TgbenchError
from tgbench.terminal import Terminal

if TYPE_CHECKING:
    from .records import ExploreRecord

_EPILOG = """\
examples:
  tgbench run --method dgtalker --protocol self_reconstruction
  tgbench explore --method dgtalker --output explored
  tgbench explore --method dgtalker --identity data/NAME \\
      --samples 5 --output NAME

The folder gets a page (index.html) that needs nothing beside it, all numbers
(explore.json), and in media/ a strip and a video of each blendshape from -3 to
+3 standard deviations, and one video of sampled expressions under one sound.
The explored fit is the one that `tgbench run` made with the same options
(--identity, --preset, --set, --size, --seed, --device, --out).
"""

_MOST_SAMPLES, _SECONDS = 8, (1.0, 60.0)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EPILOG
    add_finished_fit_options(parser)
    parser.add_argument(
        "--output", type=Path, required=True, metavar="FOLDER", help="folder to make"
    )
    parser.add_argument(
        "--audio",
        type=Path,
        default=Path("track-voice"),
        metavar="FILE",
        help="a sound under which expressions are sampled (track-voice, a built-in one)",
    )
    parser.add_argument(
        "--samples",
        type=int,
        default=3,
        metavar="N",
        help="expressions to sample under that sound, 0 to 8 (3)",
    )
    parser.add_argument(
        "--seconds", type=float, default=4.0, metavar="S", help="of the sound, 1 to 60 (4)"
    )
    parser.add_argument(
        "--no-label",
        action="store_true",
        help="leave the visible note off pictures and videos; their metadata still say that they "
        "are synthetic",
    )
    parser.add_argument("--force", action="store_true", help="replace an earlier exploration")


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Make the folder and say what is in it.

    Raises:
        TgbenchError: bad options, or as of `explore`.
    """
    if not 0 <= args.samples <= _MOST_SAMPLES:
        raise TgbenchError(f"--samples {args.samples}: must be from 0 to {_MOST_SAMPLES}")
    if not _SECONDS[0] <= args.seconds <= _SECONDS[1]:
        raise TgbenchError(f"--seconds {args.seconds:g}: must be from 1 to 60")
    from .exploring import PAGE, ExploreRequest, explore

    request = ExploreRequest(
        fit=fit_request(args),
        output=args.output,
        audio=args.audio,
        samples=args.samples,
        seconds=args.seconds,
        label=not args.no_label,
        replace=args.force,
    )
    record = explore(request, terminal.progress)
    terminal.out.print(_summary(record, args.output / PAGE), markup=False)
    return 0


def _summary(record: ExploreRecord, page: Path) -> str:
    shapes = [shape for each in record.sets for shape in each.shapes]
    own = [shape.own_half for shape in shapes if shape.own_half is not None]
    share = f", {100 * sum(own) / len(own):.0f} % of their change in their own half" if own else ""
    unseen = sum(shape.faces == 0 for shape in shapes)
    faceless = f"; no face was found for {unseen} of them" if unseen else ""
    samples = len(record.expressions) - 1
    sampled = f", {samples} sampled expressions" if record.expressions else ""
    size = page.stat().st_size / 1e6
    return (
        f"explored: {page} ({size:.1f} MB): {record.method} on {record.identity}, "
        f"{len(shapes)} blendshapes{share}{sampled}{faceless}"
    )
