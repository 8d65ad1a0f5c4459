"""`tgbench compare`: is one result better than another, on the same frames?"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ..terminal import Terminal
from .lists import add_list, names, phrases, stand_alone

if TYPE_CHECKING:
    from ..comparing.differences import Comparison, Row, Section

_EPILOG = """\
examples:
  tgbench compare results --methods still talkinggaussian
  tgbench compare results --methods still talkinggaussian --protocol lipsync
  tgbench compare results-before results-after
  tgbench compare scores/ours scores/theirs --json comparison.json

Differences are B minus A, paired frame by frame. Their intervals (95 %) are
bootstrapped over stretches of frames, and over clips where there are several;
an interval that holds zero tells no difference. Values that unlike things
measured are never compared, and those of unlike protocols never averaged: each
protocol has a table of its own.

These fits are compared: another seed may give another result. A folder that
holds results of several seeds (each run with an --out of its own below it) is
averaged over them, frame by frame; `tgbench report` shows mean and spread over
seeds.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EPILOG
    parser.add_argument(
        "folders",
        nargs="*",
        metavar="FOLDER",
        help="A, a folder of results, then B, another one (A again, with --methods)",
    )
    add_list(parser, "--methods", names, "which method of A, which of B", metavar="NAME", count=2)
    add_list(
        parser,
        "--metrics",
        phrases,
        "only these, by name or title; all that both have if none is given",
        metavar="NAME",
    )
    parser.add_argument(
        "--protocol", metavar="NAME", help="only this one's results (every one that both have)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what was found here")


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Compare, print a table for each protocol, and write JSON if asked to."""
    from ..comparing.differences import compare
    from ..comparing.sides import read_side
    from ..errors import TgbenchError
    from ..files import make_folder
    from ..metrics.naming import metrics_named

    given = [Path(word) for word in stand_alone(args, "folders", most=2)]
    if not given:
        raise TgbenchError("what is compared? Name a folder of results, and another one")
    folder, other = given[0], given[-1] if len(given) > 1 else None
    if other is None and args.methods is None:
        raise TgbenchError(
            f"{folder} with what? Name a second folder, or two methods with --methods"
        )
    if args.json is not None:
        if args.json.is_dir():
            raise TgbenchError(f"--json {args.json}: is a folder; name a file")
        make_folder(args.json.parent)
    methods = args.methods or (None, None)
    first = read_side(folder, methods[0], args.protocol)
    second = read_side(other or folder, methods[1], args.protocol)
    measured = {metric for entry in (*first, *second) for metric in entry.metrics}
    found = compare(first, second, metrics=metrics_named(args.metrics or (), measured))
    labels = _labels(folder, other, first[0].method, second[0].method)
    _print(found, labels, terminal)
    if args.json is not None:
        _write(found, labels, args.json)
        terminal.out.print(f"wrote {args.json}", markup=False)
    else:
        terminal.out.print("nothing was written; --json FILE keeps what was found")
    return 0


def _labels(first: Path, second: Path | None, method: str, other: str) -> tuple[str, str]:
    if method != other:
        return method, other
    return f"{method} in {first}", f"{other} in {second or first}"


def _print(found: Comparison, labels: tuple[str, str], terminal: Terminal) -> None:
    from rich.text import Text

    out = terminal.out
    for side, label, seeds in zip("AB", labels, found.seeds, strict=True):
        out.print(Text(f"{side}: {label}{_told(seeds)}"))
    for section in found.sections:
        out.print()
        _print_section(section, terminal)
    if found.notes:
        out.print()
    for note in found.notes:
        out.print(Text(f"- {note}"))


def _told(seeds: tuple[int, ...]) -> str:
    if not seeds:
        return ""
    return f", seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}"


def _print_section(section: Section, terminal: Terminal) -> None:
    from rich.text import Text

    from ..comparing.differences import why_no_interval
    from ..text_table import Head, print_table

    titles = ("A", "B", "B - A", "95 % interval", "p")
    heads = [Head("", right=False), *map(Head, titles), Head("verdict", right=False)]
    out = terminal.out
    version = f" (version {section.version})" if section.version else ""
    out.print(Text(f"{section.protocol}{version}, over {', '.join(section.clips)}", style="bold"))
    if section.rows:
        print_table(out, heads, [[Text(cell) for cell in _cells(row)] for row in section.rows])
    for note in (*section.notes, *filter(None, [why_no_interval(section.rows)])):
        out.print(Text(f"- {note}", style="dim"))


def _cells(row: Row) -> tuple[str, ...]:
    from .. import plugins
    from ..specs import MetricSpec

    # A plug-in's metric may be among results of a machine that has it.
    spec = plugins.metrics().get(row.metric) or MetricSpec(row.metric, "", "", title=row.metric)
    digits = spec.decimals
    label = f"{spec.title} [{spec.unit}]" if spec.unit else spec.title
    head = (label, f"{row.first:.{digits}f}", f"{row.second:.{digits}f}")
    if row.difference is None:
        return (*head, f"{row.second - row.first:+.{digits}f}", "", "", row.verdict.value)
    # Over the frames that both scored, so it may differ from the means' difference.
    apart = f"{row.difference.mean:+.{digits}f}"
    bounds = row.difference.interval
    interval = f"{bounds.low:+.{digits}f} to {bounds.high:+.{digits}f}"
    p_value = row.difference.p_value
    chance = f"{p_value:.3f}" if p_value >= 0.001 else "< 0.001"
    return (*head, apart, interval, chance, row.verdict.value)


def _write(found: Comparison, labels: tuple[str, str], path: Path) -> None:
    import dataclasses

    from ..files import write_json

    write_json(path, {"a": labels[0], "b": labels[1], **dataclasses.asdict(found)})
