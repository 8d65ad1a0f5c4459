"""`tgbench validate`: everything that is wrong with an identity folder, at once."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .. import plugins
from ..errors import TgbenchError
from ..terminal import Terminal
from ..wrapping import hanging, line_width, wrapped


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("folder", type=Path, help="identity folder in the AD-NeRF layout")


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Print what is wrong with the files, or how the clip was filmed, one line each.

    Raises:
        TgbenchError: a file is missing or wrong.
    """
    from ..identities import Identity
    from ..identities.clip_checks import filming_faults
    from ..identities.validation import validate

    problems = validate(args.folder)
    width = line_width(sys.stdout)
    for problem in problems:
        print("\n".join(hanging("  ", problem, width)))
    if problems:
        raise TgbenchError(f"{args.folder}: {len(problems)} problem(s), listed above")
    identity = Identity(args.folder)
    split = identity.split()
    faults = filming_faults(identity)
    for fault in faults:
        print("\n".join(hanging("  warning: ", fault, width)))
    verdict = f"whole, but see the {len(faults)} warning(s) above" if faults else "sound"
    there = [
        encoder.name
        for encoder in plugins.audio_encoders().values()
        if identity.features_file(encoder)
    ]
    told = (
        f"{args.folder}: {verdict}; {len(identity)} frames of {identity.intrinsics.width}x"
        f"{identity.intrinsics.height}, {len(split.train)} train, {len(split.test)} held out; "
        f"audio features: {', '.join(there) or 'none, mel is computed from the sound'}"
    )
    print("\n".join(wrapped(told, width)))
    return 0
