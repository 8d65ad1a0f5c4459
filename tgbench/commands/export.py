"""`tgbench export`: write what a method learned to a file for other programs."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..errors import TgbenchError
from ..terminal import Terminal
from .options import add_finished_fit_options, fit_request

_EPILOG = """\
examples:
  tgbench export --method talkinggaussian --output head.ply
  tgbench export --method talkinggaussian --identity data/NAME \\
      --frame 12 --output head-12.ply
  tgbench export --method talkinggaussian --branch mouth --output mouth.ply

The exported fit is the one that `tgbench run` made with the same options
(--identity, --preset, --set, --size, --seed, --device, --out). TalkingGaussian
writes a PLY file of 3D Gaussian splatting in the axes of the head: x to the
right of the image, y up, z out of the face, in metres. Viewers that expect y
down (COLMAP's axes) show the head upside down.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EPILOG
    parser.add_argument("--output", type=Path, required=True, metavar="FILE", help="file to write")
    parser.add_argument(
        "--frame",
        type=int,
        metavar="N",
        help="export the head as deformed by the audio and expression of this frame (default: the "
        "canonical head)",
    )
    parser.add_argument(
        "--branch",
        default="all",
        metavar="NAME",
        help="which part to export; TalkingGaussian has face, mouth and all (default: all)",
    )
    parser.add_argument("--force", action="store_true", help="replace an existing file")
    add_finished_fit_options(parser)


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Find the fit, write the file, and print what it holds."""
    if args.output.exists() and not args.force:
        raise TgbenchError(f"{args.output}: already exists; use --force to replace it")
    from ..running.exporting import ExportRequest, export

    request = ExportRequest(
        fit=fit_request(args), output=args.output, part=args.branch, frame=args.frame
    )
    held = export(request, terminal.progress)
    terminal.out.print(f"wrote {args.output}: {held}", markup=False)
    return 0
