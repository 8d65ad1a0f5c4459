"""`tgbench split`: hold out the frames in which a head turns most."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..terminal import Terminal
from ..terminal.wrapping import hanging, line_width

_EXAMPLES = """\
A clip of one camera has no truth from elsewhere. This holds out the frames in
which the head is turned most, so that methods are compared with real pictures
at angles that they have not seen.

  tgbench split data/NAME --out data/NAME-yaw
  tgbench run --method still --protocol self_reconstruction \\
      --identity data/NAME-yaw
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = _EXAMPLES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("folder", type=Path, help="a prepared identity")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FOLDER", help="the new identity"
    )
    parser.add_argument(
        "--by", choices=("yaw", "pitch"), default="yaw", help="the angle that counts (yaw)"
    )
    parser.add_argument(
        "--share",
        type=float,
        default=0.1,
        metavar="PART",
        help="of the frames, the most turned ones, which are held out (0.1)",
    )
    parser.add_argument(
        "--train-share",
        type=float,
        default=0.8,
        metavar="PART",
        help="of the frames, the least turned ones, which train (0.8)",
    )
    parser.add_argument(
        "--guard",
        type=float,
        default=0.5,
        metavar="SECONDS",
        help="around held-out frames that do not train (0.5)",
    )


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Write the new identity, and say what it holds out."""
    from ..identities.pose_split import split_by_pose, write_pose_split
    from ..identities.resolve import resolve_identity

    identity = resolve_identity(str(args.folder), 0, terminal.progress)
    split = split_by_pose(identity, args.by, args.share, args.train_share, args.guard)
    write_pose_split(identity, split, args.by, args.out)
    text = (
        f"{args.out}: {len(split.train)} frames train, up to {split.inner:.1f} degrees of "
        f"{args.by} from the median; {len(split.test)} are held out, from {split.outer:.1f} "
        f"degrees on; {len(split.left_out)} are left out"
    )
    terminal.out.print("\n".join(hanging("", text, line_width(terminal.out.file))), markup=False)
    return 0
