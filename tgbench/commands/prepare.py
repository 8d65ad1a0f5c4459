"""`tgbench prepare`: turn a video of one person into an identity."""

from __future__ import annotations

import argparse
from pathlib import Path

from .. import plugins
from ..terminal import Terminal
from .lists import add_list, pairs


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("video", type=Path, metavar="VIDEO", help="a video of one person speaking")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FOLDER", help="folder for the identity"
    )
    parser.add_argument(
        "--size",
        type=int,
        default=512,
        metavar="PIXELS",
        help="side of the square images, an even number (default: 512)",
    )
    parser.add_argument(
        "--audio",
        type=Path,
        metavar="FILE",
        help="audio to use instead of the video's own, in sync with it",
    )
    parser.add_argument("--deinterlace", action="store_true", help="deinterlace the video")
    defaults = " ".join(f"{kind}={name}" for kind, name in plugins.DEFAULT_BACKENDS.items())
    add_list(
        parser,
        "--backends",
        pairs,
        f"what makes each part, instead of {defaults}; `tgbench list backends` has them",
        metavar="KIND=NAME",
        default=[],
    )
    add_list(
        parser,
        "--set",
        pairs,
        "change settings of a backend, such as action_units.table=FILE",
        metavar="KIND.KEY=VALUE",
        dest="settings",
        default=[],
    )


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Prepare the identity, and name the preview to check."""
    from ..preparation.backends.choice import choose_backends, parse_choices
    from ..preparation.prepare import prepare
    from ..preparation.preview import PREVIEW
    from ..running.settings import parse_overrides

    folder = prepare(
        args.video,
        args.out,
        args.size,
        args.audio,
        terminal.progress,
        deinterlace=args.deinterlace,
        backends=choose_backends(parse_choices(args.backends), parse_overrides(args.settings)),
    )
    terminal.out.print(f"{folder} is ready; check the preview, {folder / PREVIEW}")
    encoders = plugins.audio_encoders().values()
    missing = [each.file for each in encoders if not (folder / each.file).is_file()]
    if missing:
        terminal.out.print(
            f"audio features not made: {', '.join(missing)} (the scripts of ER-NeRF and "
            "TalkingGaussian need aud_ds.npy); `tgbench list audio-encoders` says how to make them"
        )
    return 0
