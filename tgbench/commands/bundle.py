"""`tgbench bundle`: results with their frames in one file, for others to measure again."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..errors import TgbenchError
from ..terminal import Terminal

_EPILOG = """\
A bundle holds each result, its values of single frames, every rendered frame (PNG, without a label)
and hashes of the ground truth; neither the ground truth nor the sound itself. Frames come from
`tgbench run --frames`, or are rendered again by the fit that was measured.

examples:
  tgbench bundle results
  tgbench bundle results --output paper.zip --identity data/NAME --audio speech.wav
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EPILOG
    parser.add_argument("folder", type=Path, metavar="OUT", help="where `tgbench run` wrote")
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="the bundle (OUT.zip, in this folder)"
    )
    parser.add_argument("--force", action="store_true", help="replace the file if it is there")
    add_truth_options(parser)


def add_truth_options(parser: argparse.ArgumentParser) -> None:
    """Declare --identity and --audio."""
    parser.add_argument(
        "--identity",
        action="append",
        type=Path,
        default=[],
        metavar="FOLDER",
        help="prepared folder of an identity that is not built in (repeatable)",
    )
    parser.add_argument(
        "--audio",
        action="append",
        type=Path,
        default=[],
        metavar="FILE",
        help="driving sound that is not a protocol's own (repeatable)",
    )


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Write the bundle and say what is in it."""
    from ..bundling.packing import pack
    from ..bundling.planning import GroundTruth

    output = args.output or Path(f"{args.folder.resolve().name}.zip")
    if output.is_dir():
        raise TgbenchError(f"--output {output}: is a folder; name a file")
    if output.exists() and not args.force:
        raise TgbenchError(f"{output}: is there already; use --force to replace it")
    truth = GroundTruth(args.identity, args.audio, terminal.progress)
    packed = pack(args.folder, output, truth, terminal.progress)
    again = f", {packed.rendered} of them rendered again" if packed.rendered else ""
    cases = f"{packed.cases} case{'s' if packed.cases > 1 else ''}"
    size = packed.path.stat().st_size / 1e6
    terminal.out.print(
        f"bundle: {packed.path} ({cases}{again}; {size:.1f} MB)\n"
        f"sha256: {packed.sha256}\ncheck it: tgbench verify {packed.path}",
        markup=False,
    )
    return 0
