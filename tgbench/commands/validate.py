"""`tgbench validate`: report everything that is wrong with an identity folder."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .. import plugins
from ..errors import TgbenchError
from ..terminal import Terminal
from ..terminal.wrapping import hanging, line_width, wrapped


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("folder", type=Path, help="an identity folder in the layout of AD-NeRF")


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Print problems with the files and warnings about the footage, one line each.

    Raises:
        TgbenchError: a file is missing or wrong.
    """
    from ..identities import Identity
    from ..identities.card import read_card
    from ..identities.clip_checks import filming_faults
    from ..identities.validation import validate

    problems = validate(args.folder)
    width = line_width(sys.stdout)
    for problem in problems:
        print("\n".join(hanging("  ", problem, width)))
    if problems:
        raise TgbenchError(f"{args.folder}: found {len(problems)} problem(s), listed above")
    identity = Identity(args.folder)
    split = identity.split()
    faults = filming_faults(identity)
    for fault in faults:
        print("\n".join(hanging("  warning: ", fault, width)))
    verdict = f"valid, with {len(faults)} warning(s), listed above" if faults else "valid"
    features = [
        encoder.name
        for encoder in plugins.audio_encoders().values()
        if identity.features_file(encoder)
    ]
    summary = (
        f"{args.folder}: {verdict}; {len(identity)} frames of {identity.intrinsics.width}x"
        f"{identity.intrinsics.height}, {len(split.train)} train, {len(split.test)} held out; "
        f"audio features: {', '.join(features) or 'no files, mel is computed from the audio'}"
    )
    print("\n".join(wrapped(summary, width)))
    card = read_card(args.folder)
    if card is None:
        print("\n".join(wrapped("no card; `tgbench prepare --card` adds one", width)))
        return 0
    for name, value in card.model_dump(exclude={"sha256"}).items():
        text = ", ".join(value) if isinstance(value, tuple) else value
        print("\n".join(hanging("  ", f"{name}: {text or 'not declared'}", width)))
    return 0
