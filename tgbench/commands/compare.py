"""`tgbench compare`: is one result better than another, on the same frames?"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ..terminal import Terminal
from .lists import add_list, names, phrases, stand_alone

if TYPE_CHECKING:
    from ..comparing import Comparison, MetricComparison, ProtocolComparison

_EPILOG = """\
examples:
  tgbench compare results --methods still talkinggaussian
  tgbench compare results --methods still talkinggaussian --protocol lipsync
  tgbench compare results-before results-after
  tgbench compare scores/ours scores/theirs --json comparison.json

Differences are B - A, paired frame by frame. Their 95 % intervals are
bootstrapped over blocks of frames, and over clips where there are several. An
interval that contains zero shows no difference. tgbench never compares values
that different things measured, and never averages values of different
protocols: each protocol has a table of its own.

The intervals compare these fits: another seed may give another result. Several
seeds of one method in a folder are averaged frame by frame; `tgbench report`
shows mean and spread over seeds. Where a folder holds several measurements of
one experiment, each metric is taken from the latest one that has it.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EPILOG
    parser.add_argument(
        "folders",
        nargs="*",
        metavar="FOLDER",
        help="folder A with results, then folder B (A again, with --methods)",
    )
    add_list(
        parser, "--methods", names, "the method of A and the method of B", metavar="NAME", count=2
    )
    add_list(
        parser,
        "--metrics",
        phrases,
        "compare only these, by name or title (default: all that both have)",
        metavar="NAME",
    )
    parser.add_argument(
        "--protocol",
        metavar="NAME",
        help="compare only results of this protocol (default: every one that both have)",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the comparison to FILE")


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Compare, print a table for each protocol, and write JSON if asked to."""
    import dataclasses

    from ..comparing import compare_folders
    from ..errors import TgbenchError
    from ..files import make_folder, write_json

    folders = [Path(word) for word in stand_alone(args, "folders", most=2)]
    if not folders:
        raise TgbenchError("nothing to compare; name a folder of results, and another one")
    if args.json is not None:
        if args.json.is_dir():
            raise TgbenchError(f"--json {args.json}: is a folder; name a file")
        make_folder(args.json.parent)
    found = compare_folders(
        *folders,
        methods=tuple(args.methods) if args.methods else None,
        metrics=args.metrics or (),
        protocol=args.protocol,
    )
    _print(found, terminal)
    if args.json is not None:
        write_json(args.json, dataclasses.asdict(found))
        terminal.out.print(f"wrote {args.json}", markup=False)
    else:
        terminal.out.print("nothing was written; --json FILE keeps the comparison")
    return 0


def _print(found: Comparison, terminal: Terminal) -> None:
    from rich.text import Text

    out = terminal.out
    for side, label, seeds in zip("AB", (found.a, found.b), found.seeds, strict=True):
        out.print(Text(f"{side}: {label}{_seeds(seeds)}"))
    for section in found.sections:
        out.print()
        _print_section(section, terminal)
    if found.notes:
        out.print()
    for note in found.notes:
        out.print(Text(f"- {note}"))


def _seeds(seeds: tuple[int, ...]) -> str:
    if not seeds:
        return ""
    return f", seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}"


def _print_section(section: ProtocolComparison, terminal: Terminal) -> None:
    from rich.text import Text

    from ..comparing.differences import why_no_interval
    from ..terminal.text_table import Head, print_table

    titles = ("A", "B", "B - A", "95 % interval", "p")
    heads = [Head("", right=False), *map(Head, titles), Head("verdict", right=False)]
    out = terminal.out
    out.print(Text(f"{section.title}, over {', '.join(section.clips)}", style="bold"))
    if section.rows:
        print_table(out, heads, [[Text(cell) for cell in _cells(row)] for row in section.rows])
    for note in (*section.notes, *filter(None, [why_no_interval(section.rows)])):
        out.print(Text(f"- {note}", style="dim"))


def _cells(row: MetricComparison) -> tuple[str, ...]:
    from .. import plugins
    from ..specs import MetricSpec

    # Results of a machine with a plug-in's metric may be compared where it is not installed.
    spec = plugins.metrics().get(row.metric) or MetricSpec(row.metric, "", "", title=row.metric)
    digits = spec.decimals
    label = f"{spec.title} [{spec.unit}]" if spec.unit else spec.title
    head = (label, f"{row.first:.{digits}f}", f"{row.second:.{digits}f}")
    if row.difference is None:
        return (*head, f"{row.second - row.first:+.{digits}f}", "", "", row.verdict.value)
    # Over the frames that both scored, so it may differ from the means' difference.
    difference = f"{row.difference.mean:+.{digits}f}"
    bounds = row.difference.interval
    interval = f"{bounds.low:+.{digits}f} to {bounds.high:+.{digits}f}"
    p_value = row.difference.p_value
    chance = f"{p_value:.3f}" if p_value >= 0.001 else "< 0.001"
    return (*head, difference, interval, chance, row.verdict.value)
