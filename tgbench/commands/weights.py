"""`tgbench weights`: the pretrained files that metrics and preparation need."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ..errors import TgbenchError
from ..terminal import Terminal
from ..weights.store import present_path, store_folder, stored_path
from ..weights.table import TABLE, Weights, find


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    shown = {
        "list": "every file: whether it is here, its size, what it is for, its licence",
        "fetch": "download files, after showing their source and licence",
        "add": "copy a file that you have into the store",
        "verify": "hash every file that is here",
    }
    made = {name: actions.add_parser(name, help=text) for name, text in shown.items()}
    made["fetch"].add_argument("names", nargs="+", metavar="NAME", help="of tgbench weights list")
    made["fetch"].add_argument("--yes", action="store_true", help="do not ask")
    made["add"].add_argument("file", type=Path, help="the file")
    made["add"].add_argument(
        "--as", dest="name", metavar="NAME", help="what it is (default: told from its name)"
    )
    for action in made.values():
        action.add_argument(
            "--debug", action="store_true", default=argparse.SUPPRESS, help=argparse.SUPPRESS
        )


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Do what was asked for.

    Raises:
        TgbenchError: a file cannot be had, or one that is here is not what it should be.
    """
    if args.action == "list":
        _list()
    elif args.action == "fetch":
        _fetch(args.names, args.yes, terminal)
    elif args.action == "add":
        _add(args.file, args.name)
    else:
        _verify()
    return 0


def _list() -> None:
    """Print the table. Plain text: nothing heavy is imported, nothing is hashed."""
    print(f"weights in {store_folder()}:")
    for weights in TABLE.values():
        print(f"  {weights.name:<21} {_state(weights):<8} {_size(weights):>9}  {weights.purpose}")
        print(f"  {'':<40}  licence: {weights.licence}")


def _fetch(names: list[str], agreed: bool, terminal: Terminal) -> None:
    from ..weights.installing import fetch

    for weights in [find(name) for name in names]:
        if present_path(weights) is None:
            _agree(weights, agreed)
        print(f"  {fetch(weights.name, terminal.progress)}")


def _agree(weights: Weights, agreed: bool) -> None:
    """Show what a fetch means; go on only with the user's consent."""
    known = f"sha256 {weights.sha256}" if weights.sha256 else f"sha1 {weights.sha1}"
    told = known if weights.sha256 or weights.sha1 else "unknown, recorded when it comes"
    print(f"{weights.name}: {weights.purpose}")
    print(f"  source   {weights.source}")
    print(f"  size     {_size(weights)}")
    print(f"  hash     {told}")
    print(f"  licence  {weights.licence}", flush=True)
    if agreed:
        return
    if not sys.stdin.isatty():
        raise TgbenchError(
            f"{weights.name} is not fetched without consent; add --yes to accept the terms above"
        )
    if input("fetch it? [y/N] ").strip().lower() not in ("y", "yes"):
        raise TgbenchError(f"{weights.name} is not fetched")


def _add(file: Path, name: str | None) -> None:
    from ..weights.installing import add

    print(f"  {add(file, name)}")


def _verify() -> None:
    from ..weights.installing import verify

    count, bad = 0, 0
    for weights, path, trouble in verify():
        count, bad = count + 1, bad + bool(trouble)
        print(f"  {weights.name:<21} {trouble or f'sound: {path}'}", flush=True)
    if bad:
        raise TgbenchError(f"{bad} of {count} files are not what they should be, see above")
    print(f"  {count} of {len(TABLE)} files are here" + (", all sound" if count else ""))


def _state(weights: Weights) -> str:
    path = present_path(weights)
    if path is None:
        return "missing"
    return "here" if path == stored_path(weights) else "in torch"


def _size(weights: Weights) -> str:
    path = present_path(weights)
    size = weights.size if path is None else path.stat().st_size
    return "unknown" if size is None else f"{size / 1e6:.1f} MB"
