"""`tgbench prepare`: a video of one person becomes an identity."""

from __future__ import annotations

import argparse
from pathlib import Path

from .. import plugins
from ..terminal import Terminal


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("video", type=Path, metavar="VIDEO", help="one person who speaks")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FOLDER", help="where the identity goes"
    )
    parser.add_argument(
        "--size",
        type=int,
        default=512,
        metavar="PIXELS",
        help="side of the square images, even (512)",
    )
    parser.add_argument(
        "--audio",
        type=Path,
        metavar="FILE",
        help="sound to take instead of the video's own, in step with it",
    )
    parser.add_argument(
        "--deinterlace", action="store_true", help="make whole pictures of interlaced ones"
    )


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Prepare, then say where to look."""
    from ..preparation.prepare import prepare
    from ..preparation.preview import PREVIEW

    folder = prepare(
        args.video,
        args.out,
        args.size,
        args.audio,
        terminal.progress,
        deinterlace=args.deinterlace,
    )
    terminal.out.print(f"{folder} is ready; look at {folder / PREVIEW} to see whether it is right")
    encoders = plugins.audio_encoders().values()
    missing = [each.file for each in encoders if not (folder / each.file).is_file()]
    if missing:
        terminal.out.print(
            f"audio features not made: {', '.join(missing)} (the scripts of ER-NeRF and "
            "TalkingGaussian need aud_ds.npy); `tgbench list audio-encoders` says how to make them"
        )
    return 0
