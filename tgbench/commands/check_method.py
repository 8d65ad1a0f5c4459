"""`tgbench check-method`: does a method do what its contract and its declaration say?"""

from __future__ import annotations

import argparse
import json
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import plugins
from ..errors import TgbenchError
from ..systems.spec import VideosSpec
from ..systems.videos.spec import NAME as VIDEOS
from ..terminal import Terminal, printable
from ..terminal.wrapping import line_width, wrapped
from .options import add_method_options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..conformance.findings import Finding
    from ..identities import Identity
    from ..progress import Progress

_EPILOG = """\
Fits the method to a short clip several times, renders it with one thing
changed at a time, and compares what it does with its contract and with what
it declares. Choose settings with which a fit takes seconds. Exit code: 0 if
all that could be tried holds, 1 if something does not, 2 for bad input.

examples:
  tgbench check-method still
  tgbench check-method talkinggaussian --set schedule.motion_iterations=300
  tgbench check-method my_method --identity data/NAME --out checked
"""

SIZE = 128
SECONDS = 4.0
_COLOURS = {"holds": "green", "does not hold": "red", "not tried": "yellow"}
_WIDEST = max(map(len, _COLOURS))
_BELOW = " " * (_WIDEST + 4)
"""What stands before lines of what was seen."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EPILOG
    parser.add_argument(
        "method", metavar="METHOD", help="a method, or the TOML file of a declared system"
    )
    parser.add_argument(
        "--identity",
        default="synth-a",
        metavar="NAME|FOLDER",
        help="a built-in identity, of which a few seconds are used, or a prepared folder (synth-a)",
    )
    parser.add_argument(
        "--size",
        type=int,
        default=SIZE,
        metavar="PIXELS",
        help=f"side of built-in identities in pixels ({SIZE})",
    )
    add_method_options(parser)
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FOLDER",
        help="keep fits, copies and logs here (default: a temporary folder)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Make every check, and print what was found.

    Returns:
        1 if something does not hold.
    """
    spec = plugins.method(args.method)
    if isinstance(spec, VideosSpec) or spec.name == VIDEOS:
        raise TgbenchError(
            f"{args.method}: are finished videos, which cannot be made again with anything changed"
        )
    from ..conformance.kit import check_method
    from ..conformance.subject import Subject
    from ..files import make_folder, temporary_folder
    from ..running.environment import resolve_device
    from ..running.method_config import MethodConfig
    from ..running.settings import configure, parse_overrides

    if args.out and any(make_folder(args.out).iterdir()):
        raise TgbenchError(f"--out {args.out}: is not empty; name a new folder")
    config = configure(spec, args.preset, parse_overrides(args.settings))
    subject = Subject(MethodConfig(spec, config, args.preset), resolve_device(args.device))
    identity = _identity(args.identity, args.size, terminal.progress)
    place = nullcontext(args.out) if args.out else temporary_folder("check-method")
    # Other processes find it by this, wherever they run.
    name = str(Path(args.method).resolve()) if args.method != spec.name else spec.name
    with place as folder:
        findings = list(
            check_method(subject, name, identity, Path(folder).resolve(), terminal.progress)
        )
    if args.json:
        found = {"method": spec.name, "findings": [_record(finding) for finding in findings]}
        print(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        _print(spec.name, findings, terminal)
    return int(any(finding.state == "does not hold" for finding in findings))


def _identity(name: str, size: int, progress: Progress) -> Identity:
    from ..identities import Identity
    from ..identities.resolve import resolve_identity
    from ..synthetic import ensure_identity
    from ..synthetic.names import built_in

    if own := built_in(name):
        return Identity(ensure_identity(own, size=size, seconds=SECONDS, progress=progress))
    return resolve_identity(name, size, progress)


def _print(name: str, findings: Sequence[Finding], terminal: Terminal) -> None:
    from rich.text import Text

    width, group = line_width(terminal.out.file), ""
    for finding in findings:
        if finding.check.group != group:
            group = finding.check.group
            terminal.out.print(f"{group}:", markup=False)
        state = finding.state.value
        lines = wrapped(f"  {state:<{_WIDEST}}  {finding.check.claim}", width, _BELOW)
        lines += wrapped(f"{_BELOW}{printable(finding.text)}", width, _BELOW) * bool(finding.text)
        for place, line in enumerate(lines):
            shown = Text(line, no_wrap=True)
            if not place:
                shown.stylize(_COLOURS[state], 2, 2 + len(state))
            terminal.out.print(shown)
    counts = {state: [f.check.name for f in findings if f.state == state] for state in _COLOURS}
    failed = counts["does not hold"]
    verb = "does" if len(failed) == 1 else "do"
    named = f"{len(failed)} {verb} not hold: {', '.join(failed)}" if failed else "none fails"
    told = f"{len(counts['holds'])} checks hold, {len(counts['not tried'])} not tried, {named}"
    terminal.out.print(f"\n{name}: {told}", markup=False)


def _record(finding: Finding) -> dict[str, Any]:
    return {
        "check": finding.check.name,
        "group": finding.check.group,
        "claim": finding.check.claim,
        "state": finding.state.value,
        "text": finding.text,
    }
