"""`tgbench weights`: manage the pretrained files that metrics and preparation need."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import TgbenchError
from ..terminal import Terminal
from ..terminal.wrapping import hanging, line_width
from ..weights.records import read_record, record_path
from ..weights.store import present_path, store_folder, stored_path
from ..weights.table import TABLE, Weights, find
from .lists import names

if TYPE_CHECKING:
    from ..weights.installing import Verified

_WIDE, _BELOW = 66, 6
"""Cells of a line from which texts stand beside the columns; their indentation below it."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    shown = {
        "list": "list every file with its state, size, purpose and licence; with NAME, all details",
        "fetch": "download files after showing their source and licence",
        "add": "copy a file into the store",
        "verify": "hash every file in the store",
    }
    made = {name: actions.add_parser(name, help=text) for name, text in shown.items()}
    made["list"].add_argument(
        "names", nargs="*", metavar="NAME", help="only these, with all details"
    )
    made["fetch"].add_argument(
        "names", nargs="+", metavar="NAME", help="a name of `tgbench weights list`"
    )
    made["fetch"].add_argument(
        "--yes", action="store_true", help="accept the terms without being asked"
    )
    made["add"].add_argument("file", type=Path, help="the file to add")
    made["add"].add_argument(
        "--as",
        dest="name",
        metavar="NAME",
        help="its entry in the list (default: recognised by its name)",
    )
    for action in made.values():
        action.add_argument(
            "--debug", action="store_true", default=argparse.SUPPRESS, help=argparse.SUPPRESS
        )


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Run the action.

    Raises:
        TgbenchError: a file is not available, or is not the expected one.
    """
    if args.action == "list":
        _list(names(args.names))
    elif args.action == "fetch":
        _fetch(names(args.names), args.yes, terminal)
    elif args.action == "add":
        _add(args.file, args.name)
    else:
        _verify()
    return 0


def _list(chosen: list[str]) -> None:
    """Print the table. Plain text: nothing heavy is imported, nothing is hashed."""
    for weights in [find(name) for name in chosen]:
        _describe(weights)
    if chosen:
        return
    print(f"weights in {store_folder()}:")
    for weights in TABLE.values():
        head = f"  {weights.name:<21} {_state(weights):<8} {_size(weights):>9}  "
        _print(head, weights.purpose)
        blank = " " * len(head)
        if used := _used(weights):
            _print(blank, used)
        _print(blank, f"licence: {weights.licence}")
    print("sources and hashes: tgbench weights list NAME")


def _print(head: str, text: str) -> None:
    """Print a text beside its head, wrapped between words; or below it, if that is too wide."""
    width = line_width(sys.stdout)
    if width is not None and head.isspace() and width < _WIDE:
        head = " " * _BELOW
    for line in hanging(head, text, width):
        print(line, flush=True)


def _describe(weights: Weights) -> None:
    """Print everything known about an entry."""
    path = present_path(weights)
    _print("", f"{weights.name}: {weights.purpose}")
    if used := _used(weights):
        _print("  used     ", used)
    _print("  file     ", f"{path or f'missing; it belongs at {stored_path(weights)}'}")
    _print("  source   ", weights.source)
    _print("  size     ", _size(weights))
    _print("  hash     ", weights.published_hash or _recorded_hash(weights))
    _print("  licence  ", weights.licence)


def _recorded_hash(weights: Weights) -> str:
    record = read_record(record_path(store_folder(), weights.file))
    if record is None:
        return "none published; recorded when the file is added"
    return f"none published; recorded on {record.since}: sha256 {record.sha256}"


def _used(weights: Weights) -> str:
    """Return who loads a file, where that is not tgbench itself."""
    if weights.of_system:
        return f"loaded by the system '{weights.of_system}', in an environment of its own"
    return f"not used by tgbench yet; kept for {weights.kept_for}" if weights.kept_for else ""


def _fetch(chosen: list[str], agreed: bool, terminal: Terminal) -> None:
    from ..weights.installing import fetch

    for weights in [find(name) for name in chosen]:
        if present_path(weights) is None:
            _agree(weights, agreed)
        print(f"  {fetch(weights.name, terminal.progress)}")


def _agree(weights: Weights, agreed: bool) -> None:
    """Show the terms of a file; continue only with the user's consent."""
    _describe(weights)
    if agreed or weights.by_hand:
        return
    if not sys.stdin.isatty():
        raise TgbenchError(f"{weights.name} was not fetched; add --yes to accept the terms above")
    if input("fetch it? [y/N] ").strip().lower() not in ("y", "yes"):
        raise TgbenchError(f"{weights.name} was not fetched")


def _add(file: Path, name: str | None) -> None:
    from ..weights.installing import add

    print(f"  {add(file, name)}")


def _verify() -> None:
    from ..weights.installing import verify

    count, bad = 0, 0
    for found in verify():
        count, bad = count + 1, bad + bool(found.trouble)
        verdict = found.trouble or f"{_soundness(found)}: {found.path}"
        _print(f"  {found.weights.name:<21} ", verdict)
    if bad:
        raise TgbenchError(f"{bad} of {count} files are damaged or wrong; see above")
    print(f"  {count} of {len(TABLE)} files are present" + (", none damaged" if count else ""))


def _soundness(found: Verified) -> str:
    """Return what a matching hash says about a file."""
    if found.weights.published_hash:
        return "valid"
    if found.since:
        return f"unchanged since it was added on {found.since} (no published hash)"
    return "recorded now (no published hash)"


def _state(weights: Weights) -> str:
    path = present_path(weights)
    if path is None:
        return "missing"
    return "here" if path == stored_path(weights) else "in torch"


def _size(weights: Weights) -> str:
    path = present_path(weights)
    size = weights.size if path is None else path.stat().st_size
    return "unknown" if size is None else f"{size / 1e6:.1f} MB"
