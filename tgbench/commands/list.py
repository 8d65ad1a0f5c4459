"""`tgbench list`: what is installed, one line each."""

from __future__ import annotations

import argparse
from collections.abc import Iterable

from .. import plugins
from ..synthetic.names import IDENTITIES, TRACKS
from ..terminal import Terminal

_KINDS = ("methods", "protocols", "metrics", "identities", "audio")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("kind", nargs="?", choices=_KINDS, help="only this kind")


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Print names and summaries. Plain text: nothing heavy is imported."""
    sections: dict[str, Iterable[tuple[str, str]]] = {
        "methods": [(spec.name, spec.summary) for spec in plugins.methods().values()],
        "protocols": [(spec.name, spec.summary) for spec in plugins.protocols().values()],
        "metrics": [(spec.name, spec.summary) for spec in plugins.metrics().values()],
        "identities": [*IDENTITIES.items(), ("FOLDER", "any folder made by `tgbench prepare`")],
        "audio": [*TRACKS.items(), ("FILE", "any media file with sound")],
    }
    for kind, rows in sections.items():
        if args.kind in (None, kind):
            print(f"{kind}:")
            for name, summary in rows:
                print(f"  {name:<22} {summary}")
    return 0
