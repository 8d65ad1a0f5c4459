"""`tgbench bundle`: pack results with their frames into one file for others to verify."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..errors import TgbenchError
from ..terminal import Terminal
from .lists import add_list, paths, stand_alone

_EPILOG = """\
A bundle holds each result, its values at single frames, every rendered frame
(PNG, without a label) and hashes of the ground truth. It holds neither the
ground truth nor the audio. The frames are those of `tgbench run --frames`, or
are rendered again from the fit that was measured; those of scored pairs are
kept by `tgbench score --pairs ... --frames`.

examples:
  tgbench bundle results
  tgbench bundle results --output paper.zip \\
      --identity data/NAME --audio speech.wav
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EPILOG
    parser.add_argument(
        "folder", nargs="*", metavar="OUT", help="a folder of results of `tgbench run`"
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help="file to write (default: OUT.zip in the current folder)",
    )
    parser.add_argument("--force", action="store_true", help="replace an existing file")
    add_truth_options(parser)


def add_truth_options(parser: argparse.ArgumentParser) -> None:
    """Declare --identity and --audio."""
    add_list(
        parser,
        "--identity",
        paths,
        "prepared folders of identities that are not built in; of `score --pairs` the folder of "
        "the true videos",
        metavar="FOLDER",
        default=[],
    )
    add_list(
        parser,
        "--audio",
        paths,
        "driving audio files other than those of the protocol",
        metavar="FILE",
        default=[],
    )


def only_one(args: argparse.Namespace, dest: str, what: str) -> Path:
    """Return the one path that a command takes.

    Raises:
        TgbenchError: there is none, or more than one.
    """
    given = stand_alone(args, dest, most=1)
    if not given:
        raise TgbenchError(f"name {what}; see --help")
    return Path(given[0])


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Write the bundle and print what it holds."""
    from ..bundling.packing import pack
    from ..bundling.planning import GroundTruth

    folder = only_one(args, "folder", "OUT, a folder of results")
    output = args.output or Path(f"{folder.resolve().name}.zip")
    if output.is_dir():
        raise TgbenchError(f"--output {output}: is a folder; give the name of a file")
    if output.exists() and not args.force:
        raise TgbenchError(f"{output}: already exists; use --force to replace it")
    truth = GroundTruth(args.identity, args.audio, terminal.progress)
    packed = pack(folder, output, truth, terminal.progress)
    again = f", {packed.rendered} of them rendered again" if packed.rendered else ""
    cases = f"{packed.cases} case{'s' if packed.cases > 1 else ''}"
    size = packed.path.stat().st_size / 1e6
    terminal.out.print(
        f"bundle: {packed.path} ({cases}{again}; {size:.1f} MB)\n"
        f"sha256: {packed.sha256}\nto verify it: tgbench verify {packed.path}",
        markup=False,
    )
    return 0
