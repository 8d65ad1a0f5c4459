"""`tgbench list`: what is installed, one line each."""

from __future__ import annotations

import argparse
from collections.abc import Iterable

from .. import plugins
from ..specs import Spec
from ..synthetic.names import IDENTITIES, TRACKS
from ..terminal import Terminal

_KINDS = ("methods", "protocols", "metrics", "identities", "audio")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("kind", nargs="?", choices=_KINDS, help="only this kind")


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Print names and summaries. Plain text: nothing heavy is imported."""
    metrics = plugins.metrics().values()
    sections: dict[str, Iterable[tuple[str, str]]] = {
        "methods": _rows(plugins.methods().values()),
        "protocols": _rows(plugins.protocols().values()),
        "metrics": _rows(spec for spec in metrics if not spec.by_name),
        "more metrics, measured when named with --metrics": _rows(
            spec for spec in metrics if spec.by_name
        ),
        "identities": [*IDENTITIES.items(), ("FOLDER", "any folder made by `tgbench prepare`")],
        "audio": [*TRACKS.items(), ("FILE", "any media file with sound")],
    }
    for kind, rows in sections.items():
        if args.kind is None or args.kind in kind:
            print(f"{kind}:")
            for name, summary in rows:
                print(f"  {name:<22} {summary}")
    return 0


def _rows(specs: Iterable[Spec]) -> list[tuple[str, str]]:
    return [(spec.name, spec.summary) for spec in specs]
