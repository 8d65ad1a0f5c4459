"""`tgbench prepare`: a video of one person becomes an identity."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..identities.layout import AUDIO
from ..terminal import Terminal

_OFFICIAL_FEATURES = ("aud_ds.npy", "aud_eo.npy", "aud_hu.npy")
_FOR_OFFICIAL = (
    "ER-NeRF and TalkingGaussian's own scripts need one more file, aud_ds.npy: in their "
    "repository run `python data_utils/deepspeech_features/extract_ds_features.py --input "
    "{audio}`, then rename aud.npy to aud_ds.npy"
)


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
    if not any((folder / name).is_file() for name in _OFFICIAL_FEATURES):
        terminal.out.print(_FOR_OFFICIAL.format(audio=folder / AUDIO))
    return 0
