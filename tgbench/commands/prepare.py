"""`tgbench prepare`: turn a video of one person into an identity."""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from .. import plugins
from ..errors import TgbenchError
from ..progress import duration
from ..terminal import Terminal
from .lists import add_list, pairs

if TYPE_CHECKING:
    from ..preparation.requests import Request


_SIZE = 512


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "video", type=Path, nargs="?", metavar="VIDEO", help="a video of one person speaking"
    )
    place = parser.add_mutually_exclusive_group(required=True)
    place.add_argument("--out", type=Path, metavar="FOLDER", help="folder for the identity")
    place.add_argument(
        "--status",
        type=Path,
        metavar="FOLDER",
        help="show the stages of a folder and what would be redone, with the options given here, "
        "else with those of its last preparation",
    )
    parser.add_argument(
        "--size",
        type=int,
        metavar="PIXELS",
        help=f"side of the square images, an even number (default: {_SIZE})",
    )
    parser.add_argument(
        "--audio",
        type=Path,
        metavar="FILE",
        help="audio to use instead of the video's own, in sync with it",
    )
    parser.add_argument(
        "--card",
        type=Path,
        metavar="FILE",
        help="card of the person and the clip (name, language, gender, consent, licence); where "
        "FILE is not there, a template is written there",
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

    if args.status is not None:
        return _show_status(args, terminal)
    if args.video is None:
        raise TgbenchError("give the VIDEO to prepare")
    folder = prepare(
        args.video,
        args.out,
        _SIZE if args.size is None else args.size,
        args.audio,
        terminal.progress,
        deinterlace=args.deinterlace,
        backends=choose_backends(parse_choices(args.backends), parse_overrides(args.settings)),
        card=args.card,
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


def _show_status(args: argparse.Namespace, terminal: Terminal) -> int:
    """Print the stages of a folder; 1 if any would be redone."""
    from rich.text import Text

    from ..preparation.status import preparation_status
    from ..terminal.text_table import Head, print_table

    folder: Path = args.status
    stages = preparation_status(folder, _request(args))
    now = time.time()
    rows = [
        (
            Text(stage.name),
            Text(stage.backend or "-"),
            Text("-" if stage.since is None else f"{duration(max(0.0, now - stage.since))} ago"),
            Text(stage.redo or "-"),
        )
        for stage in stages
    ]
    heads = [Head(title, right=False) for title in ("stage", "backend", "made", "redone because")]
    print_table(terminal.out, heads, rows)
    again = [stage.name for stage in stages if stage.redo]
    state = f"{len(again)} of {len(stages)} stages would be redone" if again else "is whole"
    terminal.out.print(f"{folder}: {state}")
    return int(bool(again))


def _request(args: argparse.Namespace) -> Request:
    """Return the request of a folder's last preparation, with what the options change."""
    from ..preparation.backends.choice import parse_choices
    from ..preparation.requests import WORK, Request, read_request
    from ..running.settings import parse_overrides

    if args.video is None:
        request = read_request(args.status)
    else:
        if not (args.status / WORK).is_dir():
            raise TgbenchError(f"{args.status}: `tgbench prepare` did not make this folder")
        request = Request(str(args.video))
    names, settings = parse_choices(args.backends), parse_overrides(args.settings)
    # Settings go with their backend.
    kept = {
        name: value
        for name, value in request.settings.items()
        if name.partition(".")[0] not in names
    }
    return replace(
        request,
        audio=request.audio if args.audio is None else str(args.audio),
        size=request.size if args.size is None else args.size,
        deinterlace=request.deinterlace or args.deinterlace,
        backends={**request.backends, **names},
        settings={**kept, **settings},
    )
